from pathlib import Path

import pytest
from support.sip_centre import SipCentre, running
from support.waiting import until

from connectors.sip import wire
from gateway.model.calls import Call
from gateway.model.commands import CancelTransfer, CompleteTransfer, Consult, HangUp, PlaceCall
from gateway.model.errors import CommandRefusedError

CLICK = PlaceCall(extension="1001", number="2002")


async def consulting(centre: SipCentre, to: str = "2003") -> tuple[Call, Call]:
    """Have 1001 talk with 2002 and consult somebody; return both calls."""
    await centre.do(CLICK)
    main = (await centre.until("answered"))[0]
    await centre.do(Consult(by="1001", to=to), main)
    await centre.until("active", 2)
    if not to.startswith("3"):
        await centre.until("answered", 2)
    consultation = next(call for call in centre.live() if call.call_id != main.call_id)
    return centre.calls[main.call_id], consultation


async def do(centre: SipCentre, command: CompleteTransfer | CancelTransfer, main: Call, consultation: Call) -> None:
    order = centre.order(command, main)
    await centre.connector.execute(type(order)(id=order.id, pbx=order.pbx, command=command, call=main, consultation=consultation))


async def test_a_consultation_is_a_call_of_its_own_until_it_is_completed(tmp_path: Path) -> None:
    async with running(SipCentre(tmp_path)) as centre:
        main, consultation = await consulting(centre)
        assert {leg.party for leg in consultation.legs.values()} == {"1001", "2003"}
        await do(centre, CompleteTransfer(by="1001"), main, consultation)
        await until(lambda: [leg.party for leg in centre.live()[0].legs.values() if leg.is_live] == ["2002", "2003"])
        assert centre.connector.workers[0].calls == 2
        (call,) = centre.live()
        # What follows an order comes before the next one's end.
        await centre.make("486")
        await until(lambda: centre.connector.workers[0].calls == 2)
        assert len([leg for leg in centre.live()[0].legs.values() if leg.is_live]) == 2
        await centre.do(HangUp(by="2003"), call)
        await until(lambda: not centre.live())
        record = next(record for record in centre.records() if record["call_id"] == main.call_id)
    assert [(each["kind"], each["by"], each["to"], each["result"]) for each in record["transfers"]] == [
        ("attended", "1001", "2003", "completed")
    ]
    assert record["answered_by"] == ["2002", "2003"]


async def test_who_cancels_is_back_with_whom_he_held(tmp_path: Path) -> None:
    async with running(SipCentre(tmp_path)) as centre:
        main, consultation = await consulting(centre)
        await do(centre, CancelTransfer(by="1001"), main, consultation)
        await until(lambda: len(centre.live()) == 1)
        await until(lambda: len([leg for leg in centre.live()[0].legs.values() if leg.bridge is not None]) == 2)
        await centre.do(HangUp(), centre.live()[0])
        await until(lambda: not centre.live())
        assert [record["transfers"] for record in centre.records()] == [[], []]


async def test_who_is_busy_sends_back_to_whom_one_held(tmp_path: Path) -> None:
    async with running(SipCentre(tmp_path)) as centre:
        await centre.do(CLICK)
        main = (await centre.until("answered"))[0]
        await centre.do(Consult(by="1001", to="486"), main)
        await centre.until("ended")
        await until(lambda: len([leg for leg in centre.live()[0].legs.values() if leg.bridge is not None]) == 2)
        assert centre.connector.workers[0].calls == 2
        await centre.do(HangUp(), centre.live()[0])
        await until(lambda: not centre.live())


async def test_who_hangs_up_while_he_consults_hands_over(tmp_path: Path) -> None:
    async with running(SipCentre(tmp_path)) as centre:
        main, _ = await consulting(centre)
        await centre.do(HangUp(by="1001"), main)
        await until(lambda: centre.connector.workers[0].calls == 2)
        await until(lambda: len(centre.live()) == 1)
        (call,) = centre.live()
        assert [(each.kind, each.to) for each in call.transfers] == [("attended", "2003")]
        await centre.do(HangUp(), call)
        await until(lambda: not centre.live())


async def test_who_hangs_up_before_an_answer_ends_all(tmp_path: Path) -> None:
    async with running(SipCentre(tmp_path)) as centre:
        main, consultation = await consulting(centre, "3000")
        with pytest.raises(CommandRefusedError, match="has not answered"):
            await do(centre, CompleteTransfer(by="1001"), main, consultation)
        await centre.do(HangUp(by="1001"), main)
        await until(lambda: not centre.live())
        assert centre.connector.workers[0].calls == 0


async def test_the_consultation_goes_on_when_who_was_held_gives_up(tmp_path: Path) -> None:
    async with running(SipCentre(tmp_path)) as centre:
        _, consultation = await consulting(centre)
        worker = centre.connector.workers[0]
        await worker.ask(wire.HangUp(call=wire.CallNumber(2)))
        await until(lambda: len(centre.live()) == 1)
        assert centre.live()[0].call_id == consultation.call_id
        assert worker.calls == 2
        await centre.do(HangUp(by="1001"), centre.live()[0])
        await until(lambda: not centre.live())


async def test_what_is_no_consultation_is_not_ended(tmp_path: Path) -> None:
    async with running(SipCentre(tmp_path)) as centre:
        await centre.do(CLICK)
        call = (await centre.until("answered"))[0]
        with pytest.raises(CommandRefusedError, match="1001 consults nobody"):
            await centre.do(CompleteTransfer(by="1001"), call)
        with pytest.raises(CommandRefusedError, match="the number"):
            await centre.do(Consult(by="1001", to="evil@host"), call)
        await centre.do(Consult(by="1001", to="2003"), call)
        with pytest.raises(CommandRefusedError, match=r"consults somebody already|talks to nobody"):
            await centre.do(Consult(by="1001", to="2004"), call)
