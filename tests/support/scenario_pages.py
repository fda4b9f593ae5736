"""The pages that show each PBX's own events beside ours: ``PYTHONPATH=tests python -m support.scenario_pages``.

It writes those that are not as they should be and names them; after it may stand another folder than docs/.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from support.replaying import CAPTURES
from support.scenarios import Scenario, columns, scenarios, told_in, untold_by_lamps

DOCS: Final = CAPTURES.parent.parent / "docs"
ALL: Final = "scenarios.md"
OVERVIEW: Final = "call-model.md"
_BETWEEN: Final = re.compile(r"(?<=<!-- scenarios -->\n).*?(?=<!-- end of scenarios -->)", re.DOTALL)
_INTRODUCTION: Final = """# Scenarios: each PBX's events and ours

Made from the recordings under `tests/captures/`; edit nothing here ([how](call-model.md#the-same-scenario-on-each-pbx)).
Each table has what Tieline tells of a call (`call 2:` where it is a second one) and, beside it, the message by which each PBX
told it. The first column is the same for all PBXs, event for event: a test holds it. Times are left out, ids are numbered as they
come, numbers are roles (`caller`, `dialled`, `telephone 1`), and `talk_s` is `some` or `none`. *Simulated* is what no recording
of that PBX shows; *compared from* an event means: the callers came there by different ways. `our …` is a command that we sent.
[call-model.md](call-model.md) says what each event means.
"""


def pages() -> dict[str, str]:
    """Return what each page should be, by its name under docs/."""
    overview = _BETWEEN.sub(lambda _: _overview(), (DOCS / OVERVIEW).read_text(encoding="utf-8"))
    return {ALL: _INTRODUCTION + "".join(_section(scenario) for scenario in scenarios()), OVERVIEW: overview}


def write(folder: Path) -> list[str]:
    """Write the pages that are not as they should be, and return their names."""
    changed = []
    for name, text in pages().items():
        page = folder / name
        if not page.is_file() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
            changed.append(name)
    return changed


def _title(scenario: Scenario) -> str:
    return scenario.name.replace("_", " ").capitalize()


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"


def _overview() -> str:
    titles = columns()
    table = _row(["scenario", "what is told", *titles.values(), "SIP (lamps)"]) + _row(["---"] * (len(titles) + 3))
    for scenario in scenarios():
        told = told_in(scenario, next(iter(scenario.calls)))
        types = ", ".join(f"`{_without_data(each.line)}`" for each in told)
        link = f"[{_title(scenario)}](scenarios.md#{scenario.name.replace('_', '-')})"
        table += _row([link, types, *(_origin(scenario, column) for column in titles), _by_lamps(scenario)])
    return table


def _by_lamps(scenario: Scenario) -> str:
    """Say what a PBX's lamps alone tell."""
    if scenario.lamps is None:
        return "not seen"
    untold = untold_by_lamps(scenario)
    if len(untold) == len(told_in(scenario, next(iter(scenario.calls)))):
        return "recorded: nothing"
    return "recorded: all" if not untold else "recorded: all but " + ", ".join(f"`{kind}`" for kind in untold)


def _without_data(line: str) -> str:
    return re.sub(r"^(call \d+: )?(\S+).*", r"\1\2", line)


def _origin(scenario: Scenario, column: str) -> str:
    folder, _ = scenario.calls[column]
    return "simulated" if folder.parent.name == "simulated" else "recorded"


def _section(scenario: Scenario) -> str:
    titles = columns()
    told = {column: told_in(scenario, column) for column in titles}
    sources = ", ".join(_source(scenario, column) for column in titles)
    start = f" Compared from `{scenario.begins_with}`." if scenario.begins_with else ""
    heads = [title + (" (simulated)" if _origin(scenario, key) == "simulated" else "") for key, title in titles.items()]
    text = f"\n## {_title(scenario)}\n{scenario.says}{start} From {sources}.\n\n"
    text += _row(["Tieline", *heads]) + _row(["---"] * (len(titles) + 1))
    for events in zip(*told.values(), strict=True):
        text += _row([f"`{events[0].line}`", *(each.native for each in events)])
    return text


def _source(scenario: Scenario, column: str) -> str:
    folder, index = scenario.calls[column]
    return f"`{folder.relative_to(CAPTURES)}`" + (f" (call {index + 1})" if index else "")


if __name__ == "__main__":
    for changed_page in write(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS):
        print(changed_page)
