"""Voicemail on a real Asterisk: manager and lamps tell of it, the agent's page shows it, a gateway that comes later finds it."""

from pathlib import Path
from typing import Any

import pytest
from bench.soak_gateway import GatewayProcess, asterisk_connector
from playwright.async_api import expect
from rig.ami import AmiRecorder
from rig.asterisk import Asterisk
from rig.lamps import WATCHED, WATCHER
from rig.site import SITE
from support.agent_desks import browser, opened, signed_in, users, violations
from support.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.parametrize("commanded_asterisk", [22], indirect=True)]

ANNA = {"login": "anna", "role": "agent", "pbx": "soak", "extension": "1001"}
MAILBOX = "1001@default"
PATIENCE_S = 60.0
HALF_A_SECOND_BYTES = 8_000
"""Of a WAV of 8 kHz and 16 bits."""


def lamps_of(asterisk: Asterisk, folder: Path) -> dict[str, Any]:
    """Return the configuration of what watches the same PBX by its lamps; 1002 has no mailbox there."""
    (folder / "secret").write_text(f"secret{WATCHER}")
    host, port = asterisk.sip
    return {
        "pbx": "lamps", "plugin": "sip_mirror", "host": host, "port": port, "user": WATCHER, "site": SITE,
        "secret": f"${{file:{folder / 'secret'}}}", "extensions": WATCHED, "mailboxes": ["1001", "1002"],
    }  # fmt: skip


async def leave_a_message(asterisk: Asterisk, ami: AmiRecorder) -> None:
    """Hang up when there is something in the recording."""
    spool = asterisk.run / "spool" / "voicemail" / "default" / "1001"
    before = {path: path.stat().st_size for path in spool.rglob("*.wav")}
    say = [("Channel", "Local/6000@internal/n"), ("Application", "VoiceMail"), ("Data", f"{MAILBOX},s"), ("Async", "true")]
    await ami.action("Originate", *say)

    def is_recorded() -> bool:
        return any(path.stat().st_size > before.get(path, 0) + HALF_A_SECOND_BYTES for path in spool.rglob("*.wav"))

    await until(is_recorded, timeout_s=PATIENCE_S)
    await asterisk.cli("channel request hangup all")


class Told:
    """What the gateway says of voicemail."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self._gateway = gateway

    async def new(self) -> dict[str, int]:
        """Return the counts of 1001's mailbox, by who told of it."""
        async with self._gateway.client() as client, client.get("api/v1/mailboxes") as answer:
            assert answer.status == 200
            found = (await answer.json())["mailboxes"]
        assert all(each["waiting"] == (each["new"] > 0) for each in found)
        return {each["pbx"]: each["new"] for each in found if each["extension"] == "1001"}

    async def lamps(self) -> str:
        """Return how the gateway stands with the lamps."""
        async with self._gateway.client() as client, client.get("readyz") as answer:
            return next(str(each["detail"]) for each in (await answer.json())["pbxs"] if each["pbx"] == "lamps")

    async def until(self, count: int) -> None:
        async def agrees() -> bool:
            return await self.new() == {"soak": count, "lamps": count}

        await until(agrees, timeout_s=PATIENCE_S)


async def test_a_message_that_was_left_shows_on_its_owners_page(commanded_asterisk: Asterisk, tmp_path: Path) -> None:
    asterisk = commanded_asterisk
    connectors = [asterisk_connector(asterisk, asterisk.ports.ami), lamps_of(asterisk, tmp_path)]
    ami = await AmiRecorder(asterisk.ports.ami).open()
    async with GatewayProcess(tmp_path, connectors) as gateway, browser() as chromium:
        told = Told(gateway)

        async def both_tell() -> bool:
            return set(await told.new()) == {"soak", "lamps"}

        await until(both_tell, timeout_s=PATIENCE_S)
        count = (await told.new())["soak"]
        await told.until(count)

        async def one_has_none() -> bool:
            return "; mailbox 1002 is not: 404" in await told.lamps()

        await until(one_has_none, timeout_s=PATIENCE_S)
        assert f"{len(WATCHED)} of {len(WATCHED)} telephones watched" in await told.lamps()

        await users(gateway, ANNA)
        page = await opened(await signed_in(chromium, gateway, "anna"), gateway)
        await leave_a_message(asterisk, ami)
        await expect(page.locator(".tag", has_text=f"New voicemail {count + 1}")).to_be_visible(timeout=15_000)
        assert await violations(page) == []
        await told.until(count + 1)
        await gateway.kill()
        await gateway.start()
        await told.until(count + 1)
    await ami.close()
