import asyncio

from support.speaking_asterisk import ami

from connectors.asterisk_ami.commands_watch import NEWS, Watch
from connectors.asterisk_ami.mapping import WANTED
from gateway.model.ids import LegId


def test_all_that_may_be_waited_for_is_decoded() -> None:
    assert NEWS <= WANTED


async def test_a_leg_is_there_as_soon_as_the_pbx_says_so() -> None:
    watch = Watch()
    begins = watch.begins(LegId("ours"), of_party=True)
    watch.note(ami("Newchannel", Uniqueid="another", Linkedid="another", Channel="PJSIP/1001-1"))
    assert not begins.reason.done()
    watch.note(ami("Newchannel", Uniqueid="ours", Linkedid="ours", Channel="PJSIP/1001-2"))
    assert await begins.reason is None


async def test_behind_a_local_leg_somebody_must_be_called() -> None:
    watch = Watch()
    begins = watch.begins(LegId("ours"), of_party=True)
    for half in ("ours", "ours-2"):
        watch.note(ami("Newchannel", Uniqueid=half, Linkedid="ours", Channel="Local/1001@internal-1;1"))
    assert begins.is_there
    assert not begins.reason.done()
    watch.note(ami("Newchannel", Uniqueid="1.7", Linkedid="ours", Channel="PJSIP/1001-1"))
    assert await begins.reason is None


async def test_a_leg_without_a_party_is_there_by_itself_and_not_by_its_other_half() -> None:
    watch = Watch()
    begins = watch.begins(LegId("ours"), of_party=False)
    watch.note(ami("Newchannel", Uniqueid="ours-2", Linkedid="ours", Channel="Local/s@tieline-hold-1;2"))
    assert not begins.reason.done()
    watch.note(ami("Newchannel", Uniqueid="ours", Linkedid="ours", Channel="Local/s@tieline-hold-1;1"))
    assert await begins.reason is None


async def test_a_leg_that_will_not_come_has_a_reason() -> None:
    watch = Watch()
    begins = watch.begins(LegId("ours"), of_party=True)
    watch.note(ami("OriginateResponse", Uniqueid="ours", Response="Success"))
    assert not begins.reason.done()
    watch.note(ami("OriginateResponse", Uniqueid="ours", Response="Failure", Reason="0"))
    watch.note(ami("OriginateResponse", Uniqueid="ours", Response="Failure", Reason="3"))
    assert await begins.reason == "0"


async def test_a_party_holds_on_its_own_leg_only() -> None:
    watch = Watch()
    holds = watch.holds(LegId("1.1"))
    watch.note(ami("Hold", Uniqueid="1.2"))
    watch.note(ami("Unhold", Uniqueid="1.1"))
    assert not holds.done()
    watch.note(ami("Hold", Uniqueid="1.1"))
    await holds


async def test_who_waits_no_longer_is_forgotten() -> None:
    watch = Watch()
    first = watch.begins(LegId("ours"), of_party=True)
    first.reason.cancel()
    second = watch.begins(LegId("ours"), of_party=True)
    # The first one's farewell comes only now.
    await asyncio.sleep(0)
    watch.note(ami("Newchannel", Uniqueid="ours", Linkedid="ours", Channel="PJSIP/1001-1"))
    assert first.reason.cancelled()
    assert await second.reason is None
