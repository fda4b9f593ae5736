import asyncio
from pathlib import Path

from support.dialogs import MONDAY_NOON

from ivr.definition.reading import read_dialog
from ivr.example.files import dialog_file
from ivr.itr.lessons import Learned, Lessons, files_of
from ivr.itr.settings import ItrSettings


def test_all_files_of_a_dialog_are_looked_at() -> None:
    names = [file.name for file in files_of(read_dialog(dialog_file()))]
    assert names == ["delivery.yaml", "delivery.answers.tsv", "delivery.services.yaml"]


async def test_two_who_learn_the_same_in_one_folder_learn_it_once(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(
        "itr: 1\nname: shop\nlanguages: [en]\nstart: main\nhuman: {queue: support}\nnodes:\n"
        "  main: {say: Hello, choices: [{digit: '1', go: hours}]}\n"
        "  hours: {label: opening hours, examples: [when are you open], say: At nine.}\n"
    )
    both = [Lessons(ItrSettings(dialog=str(file)), tmp_path / "itr", today=MONDAY_NOON.date()) for _ in range(2)]
    serving = [asyncio.create_task(each.serve()) for each in both]
    learned = [await each.learned() for each in both]
    assert all(isinstance(each, Learned) for each in learned)
    meaning = await both[1].understand(learned[1], "when are you open", "main", from_speech=True)
    assert meaning.wishes[0].ranked[0].node == "hours"
    both[0].count("node", "hours")
    assert both[0].counted == {("node", "hours"): 1}
    assert [each.name for each in (tmp_path / "itr").glob("*.npz")] == ["model.npz"]
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)
