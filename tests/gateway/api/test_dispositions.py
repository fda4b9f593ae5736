from pathlib import Path

import msgspec
from support.workplaces import SUPERVISOR, agent, at_workplace

from gateway.api.dispositions import DispositionList
from gateway.model.dispositions import STANDARD
from gateway.model.principals import ALL_SCOPES, Scope

ONE = {"id": "sold", "label": {"en": "Sold", "zh": "成交"}, "queues": ["sales"], "key": 1}


async def test_the_usual_list_is_there_from_the_start(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        listed = await world.asks(agent("8001"), "GET", "dispositions")
    assert msgspec.convert(listed, DispositionList).dispositions == STANDARD


async def test_another_list_takes_its_place_and_is_offered_by_queue(tmp_path: Path) -> None:
    retired = {"id": "old", "label": {"en": "Old", "zh": "旧"}, "retired": True}
    async with at_workplace(tmp_path) as world:
        await world.asks(SUPERVISOR, "PUT", "dispositions", {"dispositions": [ONE, retired]})
        whole = await world.asks(agent("8001"), "GET", "dispositions")
        sales = await world.asks(agent("8001"), "GET", "dispositions?queue=sales")
        support = await world.asks(agent("8001"), "GET", "dispositions?queue=support")

    assert [[each["id"] for each in listed["dispositions"]] for listed in (whole, sales, support)] == [
        ["sold", "old"],
        ["sold"],
        [],
    ]


async def test_a_list_that_contradicts_itself_is_refused_with_its_fault(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        problem = await world.asks(SUPERVISOR, "PUT", "dispositions", {"dispositions": [ONE, ONE]}, status=422)
        await world.asks(SUPERVISOR, "PUT", "dispositions", {"dispositions": [ONE | {"id": "No Space"}]}, status=422)
    assert problem["detail"] == "two dispositions have the id 'sold'"


async def test_only_who_manages_desks_changes_it(tmp_path: Path) -> None:
    other = agent("8001", scopes=ALL_SCOPES - {Scope.DESK_MANAGE})
    async with at_workplace(tmp_path) as world:
        await world.asks(other, "PUT", "dispositions", {"dispositions": []}, status=403)
