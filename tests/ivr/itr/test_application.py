import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.dialogs import MONDAY_NOON
from support.itr_talks import Visit
from support.waiting import until

from gateway.model.conversations import Said
from gateway.model.yaml_text import SettingsError
from ivr.itr.application import Itr, create
from ivr.itr.settings import ItrSettings

DIALOG = """itr: 1
name: shop
languages: [en]
start: main
human: {queue: support}
nodes:
  main:
    say: Welcome to the SHOP.
    choices: [{digit: "1", go: hours}]
  hours:
    label: opening hours
    examples: [when are you open, opening hours]
    say: We open at nine.
"""


@asynccontextmanager
async def serving(settings: ItrSettings, folder: Path) -> AsyncIterator[Itr]:
    itr = Itr(settings, folder, now=lambda: MONDAY_NOON)
    task = asyncio.create_task(itr.serve())
    try:
        yield itr
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def answer(itr: Itr, *lines: str, language: str = "en") -> Visit:
    """Write these lines one after the other, then go."""
    visit = Visit(language)
    running = asyncio.create_task(itr.run(visit, ()))
    for line in (*lines, None):
        waits = asyncio.create_task(visit.waits.wait())
        await asyncio.wait([waits, running], return_when=asyncio.FIRST_COMPLETED)
        waits.cancel()
        if running.done():
            break
        visit.write(None if line is None else Said(text=line))
    await running
    return visit


async def test_the_example_serves_a_visitor_with_its_companys_systems(tmp_path: Path) -> None:
    async with serving(ItrSettings(), tmp_path / "itr") as itr:
        visit = await answer(itr, "where is my parcel", "SF12345678")
        people = await answer(itr, "转人工", language="zh")
    assert any("SF12345678" in said.text or "Hangzhou" in said.text for said in visit.read), visit.read
    assert people.handed is not None
    assert people.handed[1].language == "zh"
    assert (tmp_path / "itr" / "model.npz").exists()


async def test_a_changed_dialog_serves_new_visitors_and_a_wrong_one_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(DIALOG)
    async with serving(ItrSettings(dialog=str(file), look_s=0.1), tmp_path / "itr") as itr:
        assert (await answer(itr)).read[0].text == "Welcome to the SHOP."
        file.write_text(DIALOG.replace("go: hours", "go: horus"))
        os.utime(file, (1.0, 1.0))
        seen = ""

        def refused() -> bool:
            nonlocal seen
            seen += capsys.readouterr().out
            return "horus" in seen

        await until(refused)
        assert (await answer(itr)).read[0].text == "Welcome to the SHOP."
        file.write_text(DIALOG.replace("SHOP", "MARKET"))
        os.utime(file, (2.0, 2.0))

        async def changed() -> bool:
            return (await answer(itr)).read[0].text == "Welcome to the MARKET."

        await until(changed)
    assert f"{file}:9" in seen


async def test_where_nothing_can_be_kept_it_serves_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "itr").write_text("in the way")
    file = tmp_path / "shop.yaml"
    file.write_text(DIALOG)
    async with serving(ItrSettings(dialog=str(file)), tmp_path / "itr") as itr:
        assert "We open at nine." in [said.text for said in (await answer(itr, "opening hours")).read]


def test_a_wrong_dialog_is_told_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(DIALOG.replace("go: hours", "go: horus"))
    with pytest.raises(SettingsError, match="horus"):
        create(ItrSettings(dialog=str(file)), tmp_path)
