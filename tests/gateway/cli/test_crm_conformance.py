"""``tieline crm conformance``: a vendor tries his adapter."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.crm_rest import KEY, Dolibarr, dolibarr
from support.crm_webhook import SECRET

from gateway.__main__ import main


@pytest.fixture
def erp() -> Iterator[tuple[Dolibarr, str]]:
    """A Dolibarr in a thread of its own, for the command runs a loop itself."""
    ready = threading.Event()
    there: list[tuple[Dolibarr, str]] = []
    ends: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        end = asyncio.Event()
        async with dolibarr() as (kept, crm):
            there.append((kept, crm.url))
            ends.append((asyncio.get_running_loop(), end))
            ready.set()
            await end.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    yield there[0]
    loop, end = ends[0]
    loop.call_soon_threadsafe(end.set)
    thread.join(10)


def given(url: str, key: str = KEY) -> list[str]:
    values = [f"--set=values.url={url}", "--set=values.owner=1", f"--set=secrets.key={key}"]
    return ["crm", "conformance", "rest_template", "--set=template=dolibarr16", *values]


def test_a_vendor_reads_which_rules_are_kept(
    erp: tuple[Dolibarr, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    erp[0].add("users", {"login": "anna", "office_phone": "1001"})
    assert main([*given(erp[1]), "--junit", str(tmp_path / "junit.xml")]) == 0
    out = capsys.readouterr().out
    assert "✓ it says who it is: Dolibarr 16.0.3\n" in out
    assert "✓ a wrong key is CrmDeniedError: rest_template: status 401" in out
    assert "✓ a CRM that is away is CrmUnavailableError, soon: rest_template: 127.0.0.1:9 cannot be reached" in out
    assert "rest_template: 22 kept, 0 broken, 1 not tried\n" in out
    assert "✗" not in out
    assert erp[0].tables["agendaevents"] == {}
    assert 'failures="0"' in (tmp_path / "junit.xml").read_text()


def test_a_broken_rule_ends_with_1(erp: tuple[Dolibarr, str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(f'template: dolibarr16\nvalues: {{url: "{erp[1]}", owner: "1"}}\nsecrets: {{key: wrong}}\n')
    assert main(["crm", "conformance", "rest_template", "--settings", str(file), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["verdicts"][0]["state"] == "failed"
    assert "look at the key or password" in said["verdicts"][0]["cause"]


@pytest.mark.parametrize(
    ("arguments", "text", "status"),
    [
        (["nothing"], "no plugin is called nothing", 1),
        (["webchat"], "webchat is no CRM's adapter but a channel", 2),
        (["webhook", "--set", "secret"], "--set secret has no value", 2),
        (["webhook", "--url", "nowhere", "--set", f"secret={SECRET}"], "the settings of webhook: Expected `str` matching", 2),
        (["webhook", "--set", "url=x", "--set", "url.b=x"], "--set url.b: url is no mapping", 2),
    ],
)
def test_what_cannot_be_tried_is_told(arguments: list[str], text: str, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crm", "conformance", *arguments]) == status
    assert text in capsys.readouterr().err
