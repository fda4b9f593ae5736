import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import md5
from random import Random
from typing import Final

import pytest
from support.fake_asterisk import leg_event
from support.virtual_time import clock, in_virtual_time

from connectors.asterisk_ami.protocol import AmiDecoder, AmiMessage, encode_action
from connectors.simulator.server import PLAYS, AmiServer
from gateway.model.secret import Secret

SECRET: Final = "a secret"
MEMBER: Final = (
    b"Event: QueueMemberStatus\r\nQueue: support\r\nMemberName: Ivy\r\nInterface: PJSIP/1001\r\n"
    b"Paused: 0\r\nPausedReason: \r\n\r\n"
)


class Client:
    """A plain AMI client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._decoder = AmiDecoder()
        self._messages: list[AmiMessage] = []

    def send(self, name: str, *headers: tuple[str, str]) -> None:
        self.writer.write(encode_action(name, headers, "1"))

    async def next(self) -> AmiMessage:
        while not self._messages:
            data = await self.reader.read(65536)
            if not data:
                raise EOFError
            self._messages += self._decoder.receive_data(data)
        return self._messages.pop(0)

    async def ask(self, name: str, *headers: tuple[str, str]) -> AmiMessage:
        self.send(name, *headers)
        return await self.next()

    async def log_in(self) -> None:
        assert (await self.next()).kind == "banner"
        assert (await self.ask("Login", ("Username", "tieline"), ("Secret", SECRET))).name == "Success"
        assert (await self.next()).name == "FullyBooted"


@asynccontextmanager
async def running() -> AsyncIterator[tuple[AmiServer, Client]]:
    server = AmiServer("tieline", Secret(SECRET), clock, Random(1))
    port = await server.start("127.0.0.1", 0)
    client = Client(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield server, client
    finally:
        client.writer.transport.abort()
        await server.stop()


@in_virtual_time
async def test_before_the_login_everything_is_denied() -> None:
    async with running() as (_, client):
        await client.next()
        for name in ("Ping", "CoreShowChannels", "Originate"):
            assert (await client.ask(name)).get("Message") == "Permission denied"


@in_virtual_time
async def test_md5_login_needs_the_challenge() -> None:
    async with running() as (server, client):
        await client.next()
        challenge = (await client.ask("Challenge", ("AuthType", "MD5"))).get("Challenge")
        key = md5((challenge + SECRET).encode(), usedforsecurity=False).hexdigest()
        assert (await client.ask("Login", ("AuthType", "MD5"), ("Username", "tieline"), ("Key", key))).name == "Success"
        assert server.somebody_listens.is_set()


@pytest.mark.parametrize(
    "headers",
    [
        [("Username", "tieline"), ("Secret", "wrong")],
        [("Username", "nobody"), ("Secret", SECRET)],
        [("Username", "tieline")],
        [("Username", "tieline"), ("AuthType", "MD5"), ("Key", "")],
    ],
)
@in_virtual_time
async def test_wrong_login_is_answered_after_a_second_and_closes(headers: list[tuple[str, str]]) -> None:
    async with running() as (server, client):
        await client.next()
        began = clock()
        assert (await client.ask("Login", *headers)).get("Message") == "Authentication failed"
        assert clock() - began == pytest.approx(1.0)
        with pytest.raises(EOFError):
            await client.next()
        assert not server.somebody_listens.is_set()


@in_virtual_time
async def test_lists_answer_with_what_is_live() -> None:
    async with running() as (server, client):
        server.say(leg_event("Newchannel", 1))
        await client.log_in()
        client.send("CoreShowChannels")
        names = [(await client.next()).name for _ in range(3)]
        assert names == ["Success", "CoreShowChannel", "CoreShowChannelsComplete"]
        client.send("Status")
        assert [(await client.next()).name for _ in range(3)] == ["Success", "Status", "StatusComplete"]
        for name, end in (
            ("BridgeList", "BridgeListComplete"),
            ("DeviceStateList", "DeviceStateListComplete"),
            ("BridgeInfo", "BridgeInfoComplete"),
            ("QueueStatus", "QueueStatusComplete"),
        ):
            assert (await client.ask(name)).get("EventList") == "start"
            assert (await client.next()).name == end


@in_virtual_time
async def test_simple_actions_are_answered_and_unknown_ones_are_errors() -> None:
    async with running() as (_, client):
        await client.log_in()
        assert float((await client.ask("Ping")).get("Timestamp")) == pytest.approx(clock())
        assert (await client.ask("Events", ("EventMask", "on"))).name == "Success"
        assert (await client.ask("CoreStatus")).get("CoreCurrentCalls") == "0"
        assert (await client.ask("CoreSettings")).get("SystemName") == "cc1"
        assert (await client.ask("Command", ("Command", "core show version"))).name == "Error"
        assert (await client.ask("Redirect")).get("Message") == "Invalid/unknown command"
        assert (await client.ask("ListCommands")).get("Hangup")


@in_virtual_time
async def test_originate_is_accepted_and_then_fails() -> None:
    async with running() as (_, client):
        await client.log_in()
        answer = await client.ask("Originate", ("Channel", "PJSIP/1001"), ("ChannelId", "ours"), ("Async", "true"))
        assert answer.name == "Success"
        event = await client.next()
        assert (event.name, event.get("Response"), event.get("Uniqueid")) == ("OriginateResponse", "Failure", "ours")


@in_virtual_time
async def test_a_leg_is_hung_up_once_and_held_by_its_volume() -> None:
    async with running() as (server, client):
        await client.log_in()
        server.say(leg_event("Newchannel", 1, ChannelState="6"))
        assert (await client.next()).name == "Newchannel"
        (name,) = (leg["Channel"] for leg in server.state.legs.values())
        held = await client.ask("Setvar", ("Channel", name), ("Variable", "VOLUME(RX)"), ("Value", "-32000"))
        other = await client.ask("Setvar", ("Channel", name), ("Variable", "CALLERID(num)"), ("Value", "1"))
        unknown = await client.ask("Setvar", ("Channel", "none"), ("Variable", "VOLUME(RX)"), ("Value", "0"))
        assert (held.name, other.get("Message"), unknown.get("Message")) == ("Success", PLAYS, "No such channel")

        assert (await client.ask("Hangup", ("Channel", name), ("Cause", "16"))).name == "Success"
        assert [(await client.next()).name] == ["Hangup"]
        assert server.state.legs == {}
        assert (await client.ask("Hangup", ("Channel", name))).get("Message") == "No such channel"


@in_virtual_time
async def test_a_member_takes_a_break_and_comes_back() -> None:
    async with running() as (server, client):
        await client.log_in()
        server.say(MEMBER)
        assert (await client.next()).get("Paused") == "0"
        where = (("Queue", "support"), ("Interface", "PJSIP/1001"))
        assert (await client.ask("QueuePause", *where, ("Paused", "true"), ("Reason", "Lunch"))).name == "Success"
        begun = await client.next()
        server.say(MEMBER)
        told = await client.next()
        assert [each.get("PausedReason") for each in (begun, told)] == ["Lunch", "Lunch"]
        assert (begun.name, begun.get("Paused"), told.get("Paused")) == ("QueueMemberPause", "1", "1")

        assert (await client.ask("QueuePause", ("Interface", "PJSIP/1001"), ("Paused", "false"))).name == "Success"
        assert (await client.next()).get("Paused") == "0"
        nobody = await client.ask("QueuePause", ("Interface", "PJSIP/1009"), ("Paused", "true"))
        assert nobody.get("Message") == "Interface not found"


@in_virtual_time
async def test_logoff_says_goodbye_and_closes() -> None:
    async with running() as (_, client):
        await client.log_in()
        assert (await client.ask("Logoff")).name == "Goodbye"
        with pytest.raises(EOFError):
            await client.next()


@in_virtual_time
async def test_events_go_to_those_who_are_logged_in_only() -> None:
    async with running() as (server, client):
        await client.next()
        server.say(leg_event("Newchannel", 1))
        assert (await client.ask("Ping")).get("Message") == "Permission denied"


@in_virtual_time
async def test_client_that_does_not_read_is_cut_off_in_the_middle_of_an_event() -> None:
    async with running() as (server, client):
        await client.log_in()
        event = b"Event: VarSet\r\nValue: " + b"A" * 100_000 + b"\r\n\r\n"
        for _ in range(200):
            server.say(event)
        await asyncio.sleep(1)
        assert server.sessions == set()


@pytest.mark.parametrize("data", [b"\r\n\r\n", b"nonsense\r\n\r\n", b"\xff\xfe\r\n\r\n", b"Action:\r\n\r\n"])
@in_virtual_time
async def test_nonsense_is_answered_and_endless_lines_are_not(data: bytes) -> None:
    async with running() as (server, client):
        await client.log_in()
        client.writer.write(data)
        assert (await client.next()).name == "Error"
        client.writer.write(b"A" * 200_000)
        await asyncio.sleep(1)
        assert server.sessions == set()
