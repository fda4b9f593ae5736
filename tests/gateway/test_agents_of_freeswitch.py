"""An agent's day at a simulated FreeSWITCH, through a whole gateway: told what to do by REST, seen by REST and on the stream."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse
from support.esl_captures import FREESWITCH
from support.waiting import until

from connectors.freeswitch_esl.settings import CommandSettings, FreeswitchSettings
from connectors.freeswitch_esl.simulated.playing import load_score, play
from connectors.freeswitch_esl.simulated.server import EslServer
from gateway.app import Gateway
from gateway.model.ids import PbxName
from gateway.model.secret import Secret
from gateway.model.site import Site
from gateway.settings.values import ApiSettings, ConnectorEntry, Settings, StoreSettings

SECRET: Final = Secret("a secret")
QUEUE: Final = "support@gw.test"


class Seat:
    """Whoever sits at the API of a gateway with one FreeSWITCH."""

    def __init__(self, session: ClientSession, stream: ClientWebSocketResponse) -> None:
        self._session = session
        self._stream = stream

    async def got(self, path: str) -> dict[str, Any]:
        async with self._session.get(path) as response:
            told: dict[str, Any] = await response.json()
            return told

    async def gives(self, path: str, **body: Any) -> None:
        """Give an order, as soon as the PBX takes any."""

        async def is_taken() -> bool:
            async with self._session.post(f"agents/1001/{path}", json=body) as response:
                assert response.status in (202, 503), await response.text()
                return response.status == 202

        await until(is_taken)

    async def seen(self, state: str) -> dict[str, Any]:
        """Wait until the agent is in this state, and return him."""
        found: dict[str, Any] = {}

        async def is_so() -> bool:
            found.update(await self.got("agents/1001"))
            return bool(found.get("state") == state)

        await until(is_so)
        return found

    async def heard(self, *states: str) -> None:
        """Wait until the stream has told these states of the agent, in this order."""
        missing = list(states)
        async with asyncio.timeout(20.0):
            while missing:
                message = await self._stream.receive_json()
                data = message.get("data", {})
                if message["type"] == "agent.state_changed" and (data["extension"], data["state"]) == ("1001", missing[0]):
                    del missing[0]


@pytest.fixture
async def server() -> AsyncIterator[EslServer]:
    made = EslServer(SECRET, time.time, Random(1))
    yield made
    await made.stop()


@asynccontextmanager
async def seated(port: int, folder: Path) -> AsyncIterator[Seat]:
    connector = FreeswitchSettings(
        host="127.0.0.1",
        port=port,
        secret=SECRET,
        site=Site(region="CN", extensions=r"^1\d{3}$"),
        commands=CommandSettings(context="default", agent="{extension}@gw.test"),
        retry_min_s=0.1,
    )
    settings = Settings(
        connectors=(ConnectorEntry(pbx=PbxName("fs1"), plugin="freeswitch_esl", settings=connector),),
        api=ApiSettings(port=0),
        store=StoreSettings(url=f"sqlite:///{folder}/tieline.db"),
        state_dir=str(folder),
        is_demo=True,
    )
    async with (
        Gateway(settings).running() as address,
        ClientSession(f"{address}api/v1/") as session,
        session.ws_connect("events") as stream,
    ):
        await stream.send_json({"type": "subscribe", "topics": ["agent"]})
        yield Seat(session, stream)


async def test_an_agents_day_is_told_as_he_gives_it(server: EslServer, tmp_path: Path) -> None:
    port = await server.start("127.0.0.1", 0)
    async with seated(port, tmp_path) as seat:
        await seat.gives(f"queues/{QUEUE}/log-in", penalty=2)
        ready = await seat.seen("ready")
        assert (ready["agent"], ready["name"], ready["queues"]) == ("1001@gw.test", None, [QUEUE])
        assert [(each["penalty"], each["logged_in_at"] is None) for each in ready["memberships"]] == [(2, False)]
        (queue,) = (await seat.got("queues"))["queues"]
        assert [member["interface"] for member in queue["members"]] == ["user/1001"]

        await seat.gives("pause", reason="lunch")
        paused = await seat.seen("not_ready")
        assert paused["reason"] == "lunch"
        assert paused["since"] is not None
        await seat.heard("ready", "not_ready")

    async with seated(port, tmp_path) as seat:
        again = await seat.seen("not_ready")
        assert (again["since"], again["reason"]) == (paused["since"], "lunch")
        await seat.gives("resume")
        await seat.seen("ready")

        def tells(subclass: str, **fields: str) -> None:
            stamp = ("Event-Date-Timestamp", str(int(time.time() * 1_000_000)))
            headers = [(key.replace("_", "-"), value) for key, value in fields.items()]
            server.say([("Event-Name", "CUSTOM"), ("Event-Subclass", subclass), stamp, *headers])

        tells("sofia::register", from_user="1001", call_id="x")
        tells("sofia::unregister", from_user="1001", call_id="x")
        await seat.seen("offline")
        tells("sofia::register", from_user="1001", call_id="y")
        await seat.seen("ready")

        await seat.gives(f"queues/{QUEUE}/log-out")
        assert (await seat.seen("logged_out"))["queues"] == []
        await seat.heard("ready", "offline", "ready", "logged_out")


@pytest.mark.slow
async def test_an_agent_who_is_given_a_caller_is_seen_with_him(server: EslServer, tmp_path: Path) -> None:
    async with seated(await server.start("127.0.0.1", 0), tmp_path) as seat:
        await seat.gives(f"queues/{QUEUE}/log-in")
        await seat.seen("ready")
        await play(server, load_score(FREESWITCH / "ivr_queue_agent_plain"))
        await seat.heard("ready", "reserved", "talking")
        gone = await seat.seen("logged_out")
        assert gone["queues"] == []
        figures = await seat.got(f"queues/{QUEUE}")
        assert (figures["today"]["offered"], figures["today"]["answered"]) == (1, 1)


async def test_an_agent_whom_only_the_pbx_has_made_is_seen_at_once(server: EslServer, tmp_path: Path) -> None:
    async with seated(await server.start("127.0.0.1", 0), tmp_path) as seat:
        await server.somebody_listens.wait()
        for command in (
            "agent add 1001@gw.test callback",
            "agent set contact 1001@gw.test user/1001",
            "agent set wrap_up_time 1001@gw.test 30",
            "agent set status 1001@gw.test 'On Break'",
            f"tier add {QUEUE} 1001@gw.test 3 1",
        ):
            server.run(f"callcenter_config {command}")
        told = await seat.seen("not_ready")
        assert (told["reason"], told["memberships"][0]["penalty"]) == (None, 3)
        server.run("callcenter_config agent set status 1001@gw.test Available")
        await seat.seen("ready")
        server.run(f"callcenter_config tier del {QUEUE} 1001@gw.test")
        await seat.seen("logged_out")
