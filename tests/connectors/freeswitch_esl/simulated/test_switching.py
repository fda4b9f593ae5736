import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
from support.virtual_time import clock, in_virtual_time

from connectors.freeswitch_esl.simulated.pbx_state import PbxState
from connectors.freeswitch_esl.simulated.switching import NO_CHANNEL, OK, USAGE, Switch


class Exchange:
    """A switch and what it says."""

    def __init__(self) -> None:
        self.state = PbxState()
        self.said: list[tuple[str, str]] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.switch = Switch(self.state, self._say, self._begin, clock, Random(1))

    def _say(self, headers: list[tuple[str, str]]) -> None:
        fields = dict(headers)
        self.said.append((fields["Event-Name"], fields.get("Unique-ID", "")))
        self.state.hear(fields)

    def _begin(self, work: "asyncio._CoroutineLike[None]") -> None:
        self.tasks.append(asyncio.get_running_loop().create_task(work))

    def names(self, leg: str) -> list[str]:
        return [name for name, of in self.said if of == leg]


@asynccontextmanager
async def talking() -> AsyncIterator[Exchange]:
    exchange = Exchange()
    assert await exchange.switch.originate("{origination_uuid=a}user/1001 8885551 XML default") == "+OK a\n"
    await asyncio.gather(*exchange.tasks)
    yield exchange
    await asyncio.gather(*exchange.tasks)


@in_virtual_time
async def test_an_originate_returns_at_the_answer_and_the_dial_plan_goes_on() -> None:
    async with talking() as exchange:
        told = ["CHANNEL_CREATE", "CHANNEL_PROGRESS", "CHANNEL_ANSWER", "CHANNEL_EXECUTE", "CHANNEL_BRIDGE"]
        assert exchange.names("a") == told
        assert len(exchange.state.legs) == 2
        assert list(exchange.state.bridges) == ["a"]


@in_virtual_time
async def test_who_has_no_telephone_is_not_called() -> None:
    exchange = Exchange()
    assert await exchange.switch.originate("user/1099 1001 XML default") == "-ERR USER_NOT_REGISTERED\n"
    assert await exchange.switch.originate("user/1001") == USAGE
    assert exchange.said == []


@in_virtual_time
async def test_a_killed_leg_takes_the_other_with_it() -> None:
    async with talking() as exchange:
        assert exchange.switch.obey("uuid_kill a NORMAL_CLEARING") == OK
        assert exchange.state.legs == {}
        assert exchange.state.bridges == {}
        assert exchange.names("a")[-3:] == ["CHANNEL_UNBRIDGE", "CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"]


@in_virtual_time
async def test_a_transferred_leg_is_connected_with_somebody_else() -> None:
    async with talking() as exchange:
        (other,) = exchange.state.bridges.values()
        assert exchange.switch.obey(f"uuid_transfer {other} 1002 XML default") == OK
        await asyncio.gather(*exchange.tasks)
        assert "a" not in exchange.state.legs
        assert list(exchange.state.bridges) == [other]


@in_virtual_time
async def test_who_consults_and_hangs_up_joins_the_two_others() -> None:
    async with talking() as exchange:
        (held,) = exchange.state.bridges.values()
        assert exchange.switch.obey("uuid_broadcast a att_xfer::user/1002 aleg") == "+OK Message sent\n"
        assert exchange.switch.obey("uuid_broadcast a playback::x.wav aleg") == USAGE
        await asyncio.gather(*exchange.tasks)
        (target,) = exchange.state.bridges.values()
        assert len(exchange.state.legs) == 3
        assert exchange.switch.obey("uuid_kill a") == OK
        assert exchange.state.bridges == {target: held}
        assert exchange.names("a")[-4:] == [
            "CHANNEL_HANGUP",
            "CHANNEL_UNBRIDGE",
            "CHANNEL_EXECUTE_COMPLETE",
            "CHANNEL_HANGUP_COMPLETE",
        ]


@in_virtual_time
async def test_who_hangs_up_while_whom_he_consults_rings_ends_all() -> None:
    async with talking() as exchange:
        exchange.switch.obey("uuid_broadcast a att_xfer::loopback/8885552/default aleg")
        await asyncio.sleep(0)
        assert len(exchange.state.legs) == 3
        exchange.switch.obey("uuid_kill a")
        assert exchange.state.legs == {}


@pytest.mark.parametrize("endpoint", ["user/1099", "user/1002"])
@in_virtual_time
async def test_without_whom_he_consulted_he_is_back_with_whom_he_held(endpoint: str) -> None:
    async with talking() as exchange:
        before = dict(exchange.state.bridges)
        exchange.switch.obey(f"uuid_broadcast a att_xfer::{endpoint} aleg")
        await asyncio.gather(*exchange.tasks)
        for target in set(exchange.state.legs) - {"a", *before.values()}:
            exchange.switch.obey(f"uuid_kill {target}")
        assert exchange.state.bridges == before
        last = ["CHANNEL_EXECUTE_COMPLETE", "CHANNEL_UNBRIDGE", "CHANNEL_BRIDGE"] if endpoint == "user/1002" else None
        assert exchange.names("a")[-3:] == (last or ["CHANNEL_BRIDGE", "CHANNEL_EXECUTE", "CHANNEL_EXECUTE_COMPLETE"])


@in_virtual_time
async def test_a_parking_lot_has_a_slot_for_each_until_it_is_full() -> None:
    async with talking() as exchange:
        (first,) = exchange.state.bridges.values()
        park = "'valet_park:lot auto in 6001 6001' inline"
        assert exchange.switch.obey(f"uuid_transfer {first} {park}") == OK
        assert list(exchange.state.legs) == [first]
        await exchange.switch.originate("{origination_uuid=b}user/1001 8885551 XML default")
        await exchange.switch.originate("{origination_uuid=c}user/1002 6001 XML default")
        await asyncio.gather(*exchange.tasks)
        assert exchange.state.bridges["c"] == first
        exchange.switch.obey(f"uuid_transfer {exchange.state.bridges['b']} {park}")
        exchange.switch.obey(f"uuid_transfer {first} {park}")
        assert first not in exchange.state.legs
        (parked,) = exchange.state.legs
        assert exchange.switch.obey(f"uuid_transfer {parked} 'park:' inline") == USAGE


@in_virtual_time
async def test_holds_and_recordings_are_told() -> None:
    async with talking() as exchange:
        for command in ("uuid_hold a", "uuid_hold off a"):
            assert exchange.switch.obey(command) == OK
        assert exchange.switch.obey("uuid_record a start '/a b.wav'") == "+OK Success\n"
        assert exchange.names("a")[-3:] == ["CHANNEL_HOLD", "CHANNEL_UNHOLD", "RECORD_START"]
        assert exchange.switch.obey("uuid_record a stop '/a b.wav'") == "+OK Success\n"
        assert exchange.switch.obey("uuid_record a dance '/a b.wav'") == USAGE


@pytest.mark.parametrize(
    "command",
    [
        "uuid_broadcast x att_xfer::user/1001 aleg",
        "uuid_kill x",
        "uuid_hold x",
        "uuid_hold off x",
        "uuid_transfer x 1",
        "uuid_record x start /a.wav",
        "uuid_send_dtmf x 1",
    ],
)
@in_virtual_time
async def test_a_leg_that_is_not_there_is_no_channel(command: str) -> None:
    assert Exchange().switch.obey(command) == NO_CHANNEL


@in_virtual_time
async def test_what_a_call_centre_is_told_is_told_on_when_it_was_done() -> None:
    exchange = Exchange()
    exchange.switch.obey("callcenter_config agent add 1001@x callback")
    exchange.switch.obey("callcenter_config agent set status 1001@x 'On Break'")
    assert exchange.said == [("API", ""), ("CUSTOM", ""), ("API", "")]


def test_what_is_no_command_of_its_is_left_to_others() -> None:
    assert Exchange().switch.obey("show channels as json") is None
    assert Exchange().switch.obey("callcenter_config queue list") is None
