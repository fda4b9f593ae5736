import pytest

from connectors.sip import wire
from connectors.sip.dialler import CALL_HEADER, Dialler, number
from connectors.sip.events import SipMapper
from connectors.sip.legs import Reference
from gateway.model.errors import CommandRefusedError
from gateway.model.events import PbxEvent
from gateway.model.ids import LegId
from gateway.model.site import Site


def test_what_a_telephone_dials_is_a_number() -> None:
    for text in ("*21#", "+8613800138000", "wang.fang"):
        assert number(text, "it") == text


@pytest.mark.parametrize("text", ["", "1002@evil.example", "1002;x=1", "10 02", "1\n2", "<1>", "x" * 65, "１００２"])
def test_what_none_dials_is_none(text: str) -> None:
    with pytest.raises(CommandRefusedError, match="it "):
        number(text, "it")


async def test_a_call_is_told_before_anything_else_is_told_of_it() -> None:
    mapper, told, placed = SipMapper(Site()), list[PbxEvent](), list[wire.Order]()

    async def ask(worker: int, order: wire.Order, when_done: object) -> wire.Done:
        placed.append(order)
        done = wire.Done(request=1, call=wire.CallNumber(5))
        assert callable(when_done)
        when_done(done)
        assert told
        return done

    reference = Reference(leg=LegId("a"), root=LegId("a"), number="1001", shown="2002", urgent=True)
    await Dialler(mapper, ask, told.extend, lambda: 10.0).call(reference, 2, "trunk", 20.0)
    assert placed == [
        wire.Place(
            account="trunk",
            to="1001",
            reference=reference.written(),
            caller="2002",
            headers=((CALL_HEADER, "a"),),
            ring_s=20.0,
            urgent=True,
        )
    ]
    leg = mapper.leg((2, wire.CallNumber(5)))
    assert leg is not None
    assert (leg.leg, leg.began_at) == ("a", 10.0)
