import asyncio

from support.speaking_asterisk import ami

from connectors.asterisk_ami.commands_watch import NEWS, Watch
from connectors.asterisk_ami.mapping import WANTED
from gateway.model.ids import LegId


def test_all_that_may_be_waited_for_is_decoded() -> None:
    assert NEWS <= WANTED


async def test_a_leg_is_there_as_soon_as_the_pbx_says_so() -> None:
    watch = Watch()
    begins = watch.begins(LegId("ours"))
    watch.note(ami("Newchannel", Uniqueid="another"))
    assert not begins.done()
    watch.note(ami("Newchannel", Uniqueid="ours"))
    assert await begins is None


async def test_a_leg_that_will_not_come_has_a_reason() -> None:
    watch = Watch()
    begins = watch.begins(LegId("ours"))
    watch.note(ami("OriginateResponse", Uniqueid="ours", Response="Success"))
    assert not begins.done()
    watch.note(ami("OriginateResponse", Uniqueid="ours", Response="Failure", Reason="0"))
    watch.note(ami("OriginateResponse", Uniqueid="ours", Response="Failure", Reason="3"))
    assert await begins == "0"


async def test_a_party_holds_on_its_own_leg_only() -> None:
    watch = Watch()
    holds = watch.holds(LegId("1.1"))
    watch.note(ami("Hold", Uniqueid="1.2"))
    watch.note(ami("Unhold", Uniqueid="1.1"))
    assert not holds.done()
    watch.note(ami("Hold", Uniqueid="1.1"))
    assert await holds is None


async def test_who_waits_no_longer_is_forgotten() -> None:
    watch = Watch()
    first = watch.begins(LegId("ours"))
    first.cancel()
    await asyncio.sleep(0)
    second = watch.begins(LegId("ours"))
    watch.note(ami("Newchannel", Uniqueid="ours"))
    assert first.cancelled()
    assert await second is None
