import json
import ssl
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from secrets import token_bytes
from typing import Any

import msgspec
import pytest
from acme_pbx.settings import AcmeSettings
from aiohttp import ClientError, ClientSession
from support.certificates import Certificates
from support.waiting import until

from gateway.app import Gateway
from gateway.model.conversations import Message, Visitor
from gateway.model.errors import ConfigurationError
from gateway.model.handover import Destination, Fact, Handover
from gateway.model.ids import PbxName
from gateway.model.limits import Rate
from gateway.model.principals import Scope
from gateway.model.secret import Secret
from gateway.model.tokens import RANDOM_BYTES, NewToken, TokenId, made, written
from gateway.ports.conversations import TextConversation
from gateway.settings.load import embedded_default
from gateway.settings.values import ApiSettings, ApiTlsSettings, ConnectorEntry, LimitSettings, Settings, StoreSettings

pytestmark = pytest.mark.usefixtures("acme")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "tieline"


def entry(name: str, host: str = "well") -> ConnectorEntry:
    return ConnectorEntry(pbx=PbxName(name), plugin="acme_pbx", settings=AcmeSettings(host=host, secret=Secret("s")))


def settings(*entries: ConnectorEntry, port: int = 0, store: str | None = None) -> Settings:
    return Settings(api=ApiSettings(port=port), connectors=entries, store=StoreSettings(url=store))


async def got(address: str, path: str, token: str | None = None) -> tuple[int, str]:
    headers = None if token is None else {"Authorization": f"Bearer {token}"}
    async with ClientSession(headers=headers) as session, session.get(address + path) as response:
        return response.status, await response.text()


async def given(gateway: Gateway, *scopes: Scope) -> str:
    """A token of this gateway."""
    text = written(token_bytes(RANDOM_BYTES))
    wanted = NewToken(name="the test", scopes=scopes or tuple(Scope))
    await gateway.tokens.add(made(wanted, text, created_by="the test", now=time.time()))
    return text


async def test_a_gateway_serves_its_pbxs_and_its_page(state: Path) -> None:
    gateway = Gateway(settings(entry("one"), entry("two", "refused")))
    async with gateway.running() as address:
        token = await given(gateway)
        status, ready = await got(address, "readyz", token)
        _, page = await got(address, "live")
        _, script = await got(address, "static/live.js")
        _, pbxs = await got(address, "api/v1/pbxs", token)

    assert (status, json.loads(ready)["status"]) == (200, "degraded")
    assert "two: acme does not know us: correct `secret`" in ready
    assert "<title>Live calls" in page
    assert "new Stream(" in script
    assert [(pbx["pbx"], pbx["plugin"]) for pbx in json.loads(pbxs)["pbxs"]] == [("one", "acme_pbx"), ("two", "acme_pbx")]
    assert (state / "one").is_dir()


async def test_a_taken_port_is_told_with_its_cure() -> None:
    async with Gateway(settings(entry("one"))).running() as address:
        port = int(address.rsplit(":", 1)[1].strip("/"))
        with pytest.raises(ConfigurationError, match=rf"cannot listen on 127\.0\.0\.1:{port}: .*change api\.port"):
            async with Gateway(settings(entry("two"), port=port, store="memory:")).running():
                pass


async def test_positions_go_on_after_a_restart(state: Path) -> None:
    first = Gateway(settings(entry("one")))
    async with first.running():
        await until(lambda: first.hub.position > 0)
    second = Gateway(settings(entry("one")))
    async with second.running():
        await until(lambda: second.hub.position > first.hub.position)
        told = await second.store.told_after(0, 1_000)

    assert [each.position for each in told] == list(range(1, len(told) + 1))
    assert "gateway.gap" in [each.type for each in told]
    assert (state / "tieline.db").stat().st_mode & 0o777 == 0o600


async def test_positions_in_memory_are_none_of_an_earlier_run() -> None:
    positions = []
    for now in (1_800_000_000.0, 1_800_000_001.0):
        gateway = Gateway(settings(entry("one"), store="memory:"), now=partial(float, now))
        await gateway.store.open()
        positions.append(await gateway.store.last_position())
        await gateway.store.close()

    assert positions[1] - positions[0] == 1_000_000
    assert positions[1] < 2**53


async def test_the_embedded_default_has_live_calls() -> None:
    """The simulated PBX plays recorded calls and the real connector hears them."""
    default = embedded_default()
    demo = msgspec.structs.replace(default, api=ApiSettings(port=0))
    async with Gateway(demo).running() as address:

        async def somebody_talks() -> bool:
            return bool(json.loads((await got(address, "api/v1/calls?state=active"))[1])["calls"])

        await until(somebody_talks)
        assert json.loads((await got(address, "readyz"))[1])["status"] == "ready"


async def test_with_a_configuration_a_token_is_needed_and_the_demo_needs_none(state: Path) -> None:
    paths = ["", "healthz", "readyz", "metrics", "api/v1/calls", "api/v1/pbxs", "openapi.json"]
    gateway = Gateway(settings(entry("one")))
    async with gateway.running() as address:
        token = await given(gateway, Scope.CALLS_READ)
        unknown = [(await got(address, path))[0] for path in paths]
        reader = [(await got(address, path, token))[0] for path in paths]
    demo = Gateway(msgspec.structs.replace(settings(entry("one"), store="memory:"), is_demo=True))
    async with demo.running() as address:
        visitor = [(await got(address, path))[0] for path in paths]

    assert unknown == [200, 200, 200, 401, 401, 401, 200]
    assert reader == [200, 200, 200, 403, 200, 403, 200]
    assert visitor == [200] * 7


async def test_the_last_use_of_a_token_is_kept_when_the_gateway_stops(state: Path) -> None:
    gateway = Gateway(settings(entry("one")), now=lambda: 1_800_000_000.0)
    async with gateway.running() as address:
        token = await given(gateway)
        await got(address, "api/v1/calls", token)
    async with (again := Gateway(settings(entry("one")))).running():
        kept = await again.tokens.find(TokenId(token[:11]))

    assert kept is not None
    assert kept.used_at == 1_800_000_000.0


def test_the_demo_is_not_reached_from_elsewhere() -> None:
    demo = msgspec.structs.replace(settings(entry("one"), store="memory:"), api=ApiSettings(host="0.0.0.0"), is_demo=True)

    with pytest.raises(ConfigurationError, match="served on loopback only"):
        Gateway(demo)


async def test_a_gateway_speaks_tls_with_its_own_certificate(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    tls = ApiTlsSettings(certificate=str(certificates.server), key=str(certificates.server))
    api = ApiSettings(port=0, names=("pbx.example",), tls=tls)
    gateway = Gateway(msgspec.structs.replace(settings(entry("one"), store="memory:"), api=api))
    trusting = ssl.create_default_context(cafile=str(certificates.ca))
    async with gateway.running() as address, ClientSession() as session:
        async with session.get(f"{address}healthz", ssl=trusting) as response:
            strict = response.headers["Strict-Transport-Security"]
        async with session.get(address, ssl=trusting, headers={"Host": "other.example"}) as response:
            assert response.status == 421
        with pytest.raises(ClientError):
            await session.get(address.replace("https", "http") + "healthz")

    assert address.startswith("https://127.0.0.1:")
    assert strict == "max-age=31536000"


async def test_an_address_that_asks_too_often_is_told_when_to_come_back() -> None:
    limits = LimitSettings(per_address=Rate(per_second=0.01, burst=1))
    api = ApiSettings(port=0, limits=limits)
    async with Gateway(msgspec.structs.replace(settings(entry("one"), store="memory:"), api=api)).running() as address:
        statuses = [(await got(address, path))[0] for path in ("", "", "healthz")]

    assert statuses == [200, 429, 200]


class AsksForTheNumber:
    """An application that gives each visitor to people, with a number that he told."""

    async def run(self, conversation: TextConversation, before: Sequence[Message]) -> None:
        facts = (Fact(name="phone", label="Phone", value="+8613800138000"),)
        await conversation.hand_over(Destination(), Handover(summary="Asks.", language="en", facts=facts))

    async def serve(self) -> None:
        """Have nothing else to do."""

    def counts(self) -> Mapping[tuple[str, str], int]:
        return {}


async def test_a_visitor_who_tells_his_number_is_a_customer_with_conversations() -> None:
    gateway = Gateway(settings(entry("one")))
    desk = gateway.chats.desk("webchat", ("asks", AsksForTheNumber()))
    async with gateway.running() as address:
        token = await given(gateway)

        async def read(path: str) -> Any:
            return json.loads((await got(address, f"api/v1/{path}", token))[1])

        async def is_known() -> bool:
            return bool((await read("customers?number=%2B8613800138000"))["matches"] == 1)

        begun = await desk.begin(Visitor(id="v1", name="Anna"))
        await until(is_known)
        (customer,) = (await read("customers?number=%2B8613800138000"))["customers"]
        shown = await read(f"conversations/{begun.id}")
        listed = await read(f"customers/{customer['customer_id']}/conversations")
        _, figures = await got(address, "metrics", token)

    assert (customer["name"], shown["customer"]["customer"]["customer_id"]) == ("Anna", customer["customer_id"])
    assert [each["conversation_id"] for each in listed["conversations"]] == [begun.id]
    assert 'tieline_conversations{channel="webchat",state="waiting"} 1.0' in figures
    assert 'tieline_conversations_handed_over_total{channel="webchat"} 1.0' in figures
