"""What every connector that takes commands promises: the same tests run on the fake and on real PBXs.

Of a call that a command begins: ``execute`` returns when its first leg exists, and refuses when the PBX says that none will
(the telephone is not there, say). What becomes of it then is the call's own story.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, get_args

import pytest
from support.recording_sink import RecordingSink

from gateway.model.calls import begun
from gateway.model.commands import CallCommand, Command, CommandId, DeviceCommand, HangUp, Hold, Order, PlaceCall
from gateway.model.errors import CommandRefusedError, CommandUnansweredError, PeerUnavailableError
from gateway.model.events import LegCreated
from gateway.model.ids import DEFAULT_TENANT, LegId, PbxName, ulid
from gateway.ports.connector import CommandingConnector

KINDS: Final[dict[str, type[Command]]] = {
    kind.__struct_config__.tag: kind for kind in (PlaceCall, *get_args(CallCommand), *get_args(DeviceCommand))
}
"""Every command by its ``type``."""
ANSWER_S: Final = 60.0


class CommandedPbx:
    """A PBX of either kind, and how the contract watches it.

    Args:
        connecting: Runs the connector into the sink while it is open; ready when the PBX is connected.
        extension: A telephone that is there.
        number: What it can call.
        nobody: An extension without a telephone.
        sent: How many actions that do something the PBX has been sent.
        mute: Lets the PBX hear, and answer nothing from now on.
    """

    def __init__(
        self,
        pbx: PbxName,
        sink: RecordingSink,
        connecting: Callable[[], AbstractAsyncContextManager[CommandingConnector]],
        *,
        extension: str,
        number: str,
        nobody: str,
        sent: Callable[[], int],
        mute: Callable[[], Awaitable[None]],
        unconnected: CommandingConnector,
    ) -> None:
        self.pbx = pbx
        self.sink = sink
        self.connecting = connecting
        self.extension = extension
        self.number = number
        self.nobody = nobody
        self.sent = sent
        self.mute = mute
        self.unconnected = unconnected
        self._orders = 0

    def order(self, command: Command) -> Order:
        """Return an order of its own for this command."""
        self._orders += 1
        return Order(id=CommandId(ulid(1_800_000_000.0, self._orders.to_bytes(10, "big"))), pbx=self.pbx, command=command)

    def place(self) -> Order:
        return self.order(PlaceCall(extension=self.extension, number=self.number))


class CommandContract:
    """Subclass it as ``Test…`` with a fixture ``commanded``."""

    async def test_what_it_takes_are_commands(self, commanded: CommandedPbx) -> None:
        async with commanded.connecting() as connector:
            assert connector.commands
            assert connector.commands <= KINDS.keys()
            assert "place_call" in connector.commands

    async def test_what_it_does_not_take_is_explained(self, commanded: CommandedPbx) -> None:
        async with commanded.connecting() as connector:
            for kind in KINDS.keys() - connector.commands:
                assert commanded.pbx in connector.why_not(kind)

    async def test_an_order_has_one_first_leg_and_no_other_order_has_it(self, commanded: CommandedPbx) -> None:
        async with commanded.connecting() as connector:
            one, other = commanded.place(), commanded.place()
            assert connector.first_leg(one) is not None
            assert connector.first_leg(one) == connector.first_leg(one)
            assert connector.first_leg(one) != connector.first_leg(other)
            assert connector.first_leg(commanded.order(Hold(by=commanded.extension))) is None

    async def test_a_placed_call_begins_with_the_first_leg_that_was_foretold(self, commanded: CommandedPbx) -> None:
        async with commanded.connecting() as connector:
            order = commanded.place()
            async with asyncio.timeout(ANSWER_S):
                accepted = await connector.execute(order)
            assert accepted.first_leg == connector.first_leg(order)

            def heard() -> bool:
                created = commanded.sink.named(LegCreated)
                return any(isinstance(event, LegCreated) and event.leg == accepted.first_leg for event in created)

            await commanded.sink.until(heard, ANSWER_S)
            assert commanded.sent() == 1

    async def test_a_telephone_that_is_not_there_is_named(self, commanded: CommandedPbx) -> None:
        async with commanded.connecting() as connector:
            with pytest.raises(CommandRefusedError, match=commanded.nobody):
                await connector.execute(commanded.order(PlaceCall(extension=commanded.nobody, number=commanded.number)))

    @pytest.mark.parametrize("poison", ["1\r\nAction: Logoff", "1\n", "1\r", "1\0", "1&PJSIP/carrier/900", "1,n,2", "${EXEC}"])
    async def test_a_value_with_more_in_it_than_a_number_is_refused_unsent(self, commanded: CommandedPbx, poison: str) -> None:
        async with commanded.connecting() as connector:
            for command in (
                PlaceCall(extension=commanded.extension, number=poison),
                PlaceCall(extension=poison, number=commanded.number),
                PlaceCall(extension=commanded.extension, number=commanded.number, caller_number=poison),
            ):
                with pytest.raises(CommandRefusedError):
                    await connector.execute(commanded.order(command))
            assert commanded.sent() == 0

    async def test_a_call_that_the_pbx_does_not_have_is_refused(self, commanded: CommandedPbx) -> None:
        async with commanded.connecting() as connector:
            gone = begun(commanded.pbx, DEFAULT_TENANT, LegId("gone.1"), 1_800_000_000.0)
            order = commanded.order(HangUp())
            with pytest.raises(CommandRefusedError):
                await connector.execute(Order(id=order.id, pbx=order.pbx, command=order.command, call=gone))

    async def test_without_a_connection_nothing_is_sent(self, commanded: CommandedPbx) -> None:
        with pytest.raises(PeerUnavailableError, match=commanded.pbx):
            await commanded.unconnected.execute(commanded.place())
        assert commanded.sent() == 0

    async def test_an_answer_that_never_comes_is_told_and_nothing_is_sent_again(self, commanded: CommandedPbx) -> None:
        async with commanded.connecting() as connector:
            await commanded.mute()
            with pytest.raises(CommandUnansweredError):
                async with asyncio.timeout(ANSWER_S):
                    await connector.execute(commanded.place())
            assert commanded.sent() == 1
