import pytest
from rig.leg import Answer
from rig.phone import Phone
from support.sip_workers import HOST, RefusedError, SipWorker, trunk

from connectors.sip import wire
from connectors.sip.wire import CallState

pytestmark = pytest.mark.live


async def test_call_is_the_accounts_whose_pbx_it_comes_from(worker: SipWorker) -> None:
    phone = await Phone("1001", worker.address, HOST).open()
    other = await Phone("1002", worker.address, "127.0.0.2").open()
    guard = wire.Guard(allow=("127.0.0.0/8",), requests_per_s=100, burst=100, max_failures=3, lockout_s=60)
    elsewhere = wire.SipAccount(
        name="elsewhere", identity="sip:tieline@127.0.0.2", registrar=None, target=f"sip:127.0.0.2:{other.port}", keepalive_s=0
    )
    await worker.configure(trunk(phone.port), elsewhere, guard=guard)
    await phone.dial("8000")
    assert (await worker.until(wire.CallArrived)).info.account == "trunk"
    await other.dial("8000")
    assert (await worker.until(wire.CallArrived)).info.account == "elsewhere"
    await phone.close()
    await other.close()


async def test_more_calls_than_allowed_are_sent_to_another_member_of_the_trunk(worker: SipWorker) -> None:
    phone = await Phone("1001", worker.address, HOST).open()
    await worker.configure(trunk(phone.port), max_calls=1)
    first = await phone.dial("8000")
    info = await worker.answered()
    second = await phone.dial("8000")
    await second.until_ended()
    assert second.code == 503
    with pytest.raises(RefusedError, match="no more calls"):
        await worker.ask(wire.Place(account="trunk", to="1001", reference="r"))
    phone.behaviour = Answer(0.0)
    help_ = await worker.place("110", urgent=True)
    assert (await phone.next_leg()).dialled == "110"
    await worker.ask(wire.HangUp(call=help_))
    await worker.changed(help_, CallState.ENDED)
    await worker.ask(wire.HangUp(call=info.call))
    await first.until_ended()
    await worker.changed(info.call, CallState.ENDED)
    assert not [report for report in worker.reports if isinstance(report, wire.CallArrived)]
    third = await phone.dial("8000")
    await worker.answered()
    await third.until_up()
    await phone.close()


async def test_worker_that_drains_keeps_its_calls_and_takes_no_more(worker: SipWorker, phone: Phone) -> None:
    leg = await phone.dial("8000")
    info = await worker.answered()
    await leg.until_up()
    await worker.ask(wire.Drain())
    late = await phone.dial("8000")
    await late.until_ended()
    assert late.code == 503
    await leg.hang_up()
    await worker.changed(info.call, CallState.ENDED)
    await worker.until(wire.Drained)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"account": "nobody"}, "no account nobody"),
        ({"headers": (("X-A", "1\r\nRoute: <sip:evil>"),)}, "no header"),
        ({"caller_name": "A\r\nX: 1"}, "is none"),
        ({"to": "sip:"}, "URI"),
    ],
)
async def test_what_cannot_be_called_is_refused(worker: SipWorker, phone: Phone, wrong: dict[str, str], said: str) -> None:
    order = {"account": "trunk", "to": "1001", "reference": "r"} | wrong
    with pytest.raises(RefusedError, match=said):
        await worker.ask(wire.Place(**order))  # type: ignore[arg-type]  # by name
    assert phone.legs == []
