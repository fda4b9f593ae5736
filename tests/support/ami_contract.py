"""What the connector promises of any Asterisk: the same tests run on the simulated one and on real ones."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.line import Line
from support.recording_sink import RecordingSink

from connectors.asterisk_ami.connection import AsteriskConnector
from connectors.asterisk_ami.settings import AsteriskSettings
from gateway.model.errors import CommandUnansweredError, PeerUnavailableError
from gateway.model.events import ConnectionLost, ConnectionMade, SnapshotDone
from gateway.model.ids import PbxName
from gateway.model.secret import Secret
from gateway.model.site import Site
from gateway.ports.connector import LinkStatus

TIMEOUT_S = 30.0


class Pbx:
    """An Asterisk of either kind, reached through a line that can be cut."""

    def __init__(self, line: Line, username: str, secret: str, restart: Callable[[], Awaitable[None]], state_dir: Path) -> None:
        self.line = line
        self.username = username
        self.secret = secret
        self.restart = restart
        self.state_dir = state_dir
        self.sink = RecordingSink()

    def settings(self, **changed: Any) -> AsteriskSettings:
        """Return how to reach it."""
        given = {
            "host": "127.0.0.1",
            "port": self.line.port,
            "username": self.username,
            "secret": Secret(self.secret),
            "site": Site(region="HK", extensions=r"^1\d{3}$", trunks=("PJSIP/carrier",)),
            **changed,
        }
        return AsteriskSettings(**given)

    @asynccontextmanager
    async def connector(self, **changed: Any) -> AsyncIterator[AsteriskConnector]:
        """Run a connector."""
        connector = AsteriskConnector(PbxName("cc1"), self.settings(**changed), self.state_dir)
        running = asyncio.create_task(connector.run(self.sink))
        try:
            yield connector
        finally:
            running.cancel()
            await asyncio.wait([running])

    @asynccontextmanager
    async def connected(self, **changed: Any) -> AsyncIterator[AsteriskConnector]:
        """Run a connector and wait for its snapshot."""
        async with self.connector(**changed) as connector:
            await self.sink.connected()
            yield connector


class AmiContract:
    """Subclass it as ``Test…`` with a fixture ``pbx``."""

    @pytest.mark.parametrize("way", ["md5", "plain"])
    async def test_both_logins_open_a_session_with_a_snapshot(self, pbx: Pbx, way: str) -> None:
        async with pbx.connected(login=way):
            assert "Asterisk Call Manager/" in pbx.sink.states[-1].detail
        assert [type(event) for event in pbx.sink.named(ConnectionMade, SnapshotDone)] == [ConnectionMade, SnapshotDone]

    @pytest.mark.parametrize("way", ["md5", "plain"])
    async def test_wrong_secret_is_refused_with_its_cure(self, pbx: Pbx, way: str) -> None:
        async with pbx.connector(secret=Secret("wrong"), login=way):
            await pbx.sink.until(lambda: pbx.sink.status not in (None, LinkStatus.CONNECTING), TIMEOUT_S)
        refused = pbx.sink.states[1]
        assert refused.status is LinkStatus.REFUSED
        assert "manager.conf" in refused.detail
        assert "Authentication failed" in refused.detail

    async def test_actions_are_answered_lists_are_whole_and_unknown_ones_are_errors(self, pbx: Pbx) -> None:
        async with pbx.connected() as connector:
            (pong,) = await connector.action("Ping")
            assert float(pong.get("Timestamp")) > 1e9
            channels = await connector.action("CoreShowChannels")
            assert channels[-1].name == "CoreShowChannelsComplete"
            (unknown,) = await connector.action("NoSuchAction")
            assert unknown.name == "Error"

    async def test_values_come_back_as_they_were_sent(self, pbx: Pbx) -> None:
        async with pbx.connected() as connector:
            answers = await asyncio.gather(*(connector.action("Ping", [("X", "a: b ü 陈")]) for _ in range(20)))
            assert {answer[0].name for answer in answers} == {"Success"}

    async def test_cut_line_is_a_gap_and_a_new_snapshot(self, pbx: Pbx) -> None:
        async with pbx.connected():
            await asyncio.sleep(0.5)
            pbx.line.cut()
            await pbx.sink.connected()
        (gap,) = pbx.sink.gaps
        assert 0 <= gap.ended_at - gap.began_at < 5
        kinds = (ConnectionMade, SnapshotDone, ConnectionLost)
        assert [type(event) for event in pbx.sink.named(*kinds)] == [
            ConnectionMade,
            SnapshotDone,
            ConnectionLost,
            ConnectionMade,
            SnapshotDone,
        ]

    async def test_line_that_goes_dead_is_given_up_and_made_anew(self, pbx: Pbx) -> None:
        async with pbx.connected(ping_interval_s=0.2, dead_after_s=1.0) as connector:
            pbx.line.stall()
            with pytest.raises((CommandUnansweredError, PeerUnavailableError)):
                await connector.action("CoreSettings", timeout_s=10)
            await pbx.sink.until(lambda: pbx.sink.status is LinkStatus.RETRYING, TIMEOUT_S)
            assert "silent" in pbx.sink.states[-1].detail
            pbx.line.resume()
            await pbx.sink.connected()

    async def test_short_stall_costs_nothing(self, pbx: Pbx) -> None:
        async with pbx.connected(ping_interval_s=1.0, dead_after_s=10.0) as connector:
            pbx.line.stall()
            asking = asyncio.create_task(connector.action("Ping"))
            await asyncio.sleep(2.5)
            pbx.line.resume()
            assert (await asking)[0].name == "Success"
        assert pbx.sink.gaps == []
        assert pbx.line.connections == 1

    async def test_restarted_pbx_is_found_again(self, pbx: Pbx) -> None:
        async with pbx.connected(retry_max_s=1.0):
            await pbx.restart()
            await pbx.sink.until(lambda: pbx.sink.order.count("SnapshotDone") >= 2, TIMEOUT_S)
            assert pbx.sink.status is LinkStatus.CONNECTED
        assert len(pbx.sink.gaps) >= 1
