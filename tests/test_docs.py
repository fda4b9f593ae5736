"""What the documents say can be done: every command is run here or by the test that is named here, every link leads somewhere."""

import ast
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from gateway.model.principals import Scope
from gateway.settings.load import load_settings
from ivr.definition.reading import parse_dialog
from ivr.lint.checks import lint

TOP: Final = Path(__file__).parent.parent
DOCUMENTS: Final = sorted(
    path.relative_to(TOP)
    for pattern in ("*.md", "docs/**/*.md", "changes/*.md", "connectors/*/README.md", "crm_adapters/*/README.md")
    for path in TOP.glob(pattern)
)
TIMEOUT_S: Final = 120

SHOWN_BY: Final = {
    "make check": ".ci/run",
    "make test": ".ci/run",
    "make test ARGS=tests/gateway": "tests/test_house.py::test_make_starts_what_it_says",
    "make test ARGS='-m live'": "tests/test_house.py::test_make_starts_what_it_says",
    "make run": "tests/live/test_first_minute.py::test_make_run_shows_a_living_call_centre_and_ends_on_ctrl_c",
    "make setup": "tests/test_house.py::test_what_was_set_up_is_not_set_up_again",
    "make test-quick": "tests/test_house.py::test_make_starts_what_it_says",
    "make bench": "tests/test_house.py::test_make_starts_what_it_says",
    "make speech": "tests/test_house.py::test_make_starts_what_it_says",
    "tieline itr render --dialog config/itr/delivery.yaml --folder /var/lib/tieline/itr": (
        "tests/ivr/cli/test_render.py::test_all_prompts_are_made_with_a_bar"
    ),
    "tieline itr load --callers 1 2 4 8": "tests/ivr/cli/test_load.py::test_it_says_how_many_callers_are_talked_with",
    "tieline crm conformance acme_crm --url http://127.0.0.1:8080 --set key=acme1 "
    "--number '138 0013 8000' --number +8613800138001": (
        "tests/test_crm_guide.py::test_the_adapter_of_the_guide_keeps_the_rules"
    ),
    "tieline crm list": "tests/gateway/cli/test_crm_standing.py::test_crms_are_a_table_with_their_state",
    "tieline crm check": "tests/gateway/cli/test_crm_standing.py::test_without_a_name_all_are_checked",
    "tieline crm dead odoo": "tests/gateway/cli/test_crm_standing.py::test_dead_calls_are_a_table_that_says_how_to_go_on",
    "tieline crm replay odoo": "tests/gateway/cli/test_crm_standing.py::test_dead_calls_are_told_again",
    "tieline contacts import 'ldaps://dc.example.com/ou=People,dc=example,dc=com' --user tieline@example.com --password-stdin "
    "--config tieline.yaml < /etc/tieline/directory.password": (
        "tests/live/test_contacts_ldap.py::test_people_of_openldap_and_active_directory_are_taken_over"
    ),
    "make lock": "tests/test_house.py::test_make_starts_what_it_says",
    "PYTHONPATH=tests python -m support.scenario_pages": (
        "tests/captures/test_scenario_pages.py::test_the_command_writes_the_pages_that_are_stale"
    ),
}
"""Commands that last, or would run this suite inside itself, and where they are run instead."""


class Block(NamedTuple):
    document: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def blocks_of(document: Path) -> Iterator[Block]:
    text = (TOP / document).read_text(encoding="utf-8")
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield Block(document, text.count("\n", 0, match.start()) + 1, match[1], match[2])


BLOCKS: Final = [block for document in DOCUMENTS for block in blocks_of(document)]
COMMANDS: Final = sorted(
    {
        line.removeprefix("$ ").split("  #")[0].strip()
        for block in BLOCKS
        if block.language == "console"
        for line in block.text.splitlines()
        if line.startswith("$ ")
    }
)


def is_dialog(block: Block) -> bool:
    return block.text.startswith("itr: 1\n")


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in SHOWN_BY])
def test_documented_command_works(command: str) -> None:
    environment = os.environ | {"PATH": f"{TOP / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    run = subprocess.run(
        command, shell=True, cwd=TOP, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_long_command_is_run_by_a_test_that_exists(command: str) -> None:
    shown_by = SHOWN_BY.get(command)
    if shown_by == ".ci/run":
        assert re.search(rf"(?m)^{command.replace(' ', '( --[a-z-]+)* ')}\b", (TOP / shown_by).read_text(encoding="utf-8"))
    elif shown_by is not None:
        module, _, function = shown_by.partition("::")
        names = [node.name for node in ast.walk(ast.parse((TOP / module).read_text())) if hasattr(node, "name")]
        assert function in names


def test_no_command_is_promised_to_a_test_and_documented_nowhere() -> None:
    assert set(SHOWN_BY) <= set(COMMANDS)


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_example_is_what_it_says(block: Block) -> None:
    """Commands in a block of another name would be run by nobody."""
    assert block.language not in ("sh", "bash", "shell"), "write ```console with '$ ' before each command"
    if block.language == "python":
        ast.parse(block.text)
    if block.language == "json":
        json.loads(block.text)


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "yaml" and is_dialog(block)], ids=str)
def test_example_of_a_dialog_has_nothing_wrong(block: Block) -> None:
    assert lint(parse_dialog(block.text, block.document)) == []


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "yaml" and not is_dialog(block)], ids=str)
def test_configuration_example_is_accepted(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in re.findall(r"\$\{env:(\w+)\}", block.text):
        monkeypatch.setenv(name, "made-up")
    file = tmp_path / "tieline.yaml"
    file.write_text(block.text, encoding="utf-8")
    load_settings(file)


def anchors_of(document: Path) -> set[str]:
    headings = re.findall(r"(?m)^#+ (.+)$", document.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", (TOP / document).read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        path = (TOP / document).parent / name if name else TOP / document
        assert path.exists(), f"{document}: {target}"
        assert not anchor or anchor in anchors_of(path), f"{document}: {target}"


def test_every_page_is_reached_from_the_index() -> None:
    index = (TOP / "docs" / "README.md").read_text(encoding="utf-8")
    assert [
        page.name for page in (TOP / "docs").glob("*.md") if page.name != "README.md" and f"]({page.name})" not in index
    ] == []


def test_every_decision_is_in_their_index() -> None:
    folder = TOP / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in folder.glob("0*.md") if f"]({page.name})" not in index] == []


@pytest.mark.parametrize("scope", list(Scope))
def test_every_scope_is_told_to_those_who_give_tokens(scope: Scope) -> None:
    assert f"`{scope}`" in (TOP / "docs" / "operators.md").read_text(encoding="utf-8")
