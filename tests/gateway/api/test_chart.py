import re
from xml.etree import ElementTree as ET

import pytest

from gateway.api.chart import Language, chart
from gateway.model.day_figures import DayFigures

SVG = "{http://www.w3.org/2000/svg}"


def figures(answered: int = 0, abandoned: int = 0, served: int = 0) -> DayFigures:
    offered = answered + abandoned + served
    return DayFigures(offered=offered, answered=answered, abandoned=abandoned, served=served, overflowed=0, unknown=0)


DAY = [figures() for _ in range(24)]
BUSY = [*DAY[:9], figures(30, 10, 2), figures(5), *DAY[11:]]
TOTAL = figures(35, 10, 2)


def drawn(hours: list[DayFigures], totals: DayFigures, language: Language = "en") -> ET.Element:
    return ET.fromstring(chart(hours, totals, "2026-11-22", language))


def test_bars_are_as_high_as_the_axis_says() -> None:
    picture = drawn(BUSY, TOTAL)
    lines = [float(line.get("y1", "")) for line in picture.iter(f"{SVG}line")]
    labels = [text.text for text in picture.findall(f"{SVG}g")[1].iter(f"{SVG}text")]
    bars = [group for group in picture.iter(f"{SVG}g") if group.get("class") == "chart-bar"]

    assert labels == ["0", "10", "20", "30", "40", "50"]
    per_caller = (lines[0] - lines[-1]) / 50
    heights = {rect.get("class"): float(rect.get("height", "")) for rect in bars[0].iter(f"{SVG}rect")}
    assert heights["chart-answered"] == pytest.approx(30 * per_caller, abs=0.2)
    assert heights["chart-abandoned"] == pytest.approx(10 * per_caller, abs=0.2)
    assert heights["chart-other"] == pytest.approx(2 * per_caller, abs=0.2)
    assert [bar.findtext(f"{SVG}text") for bar in bars] == ["42", "5"]


@pytest.mark.parametrize(
    ("language", "title", "said"),
    [
        ("en", "Callers by the hour, 2026-11-22", "47 callers: 35 answered, 10 not reached, 2 otherwise. Most between 9:00"),
        ("zh", "2026-11-22 每小时来电", "共 47 个来电：接听 35，未接 10，其他 2。9:00 至 10:00 最多：42 个。"),
    ],
)
def test_who_cannot_see_it_is_told_what_it_shows(language: Language, title: str, said: str) -> None:
    picture = drawn(BUSY, TOTAL, language)
    ids = {part.get("id") for part in (picture.find(f"{SVG}title"), picture.find(f"{SVG}desc")) if part is not None}

    assert picture.findtext(f"{SVG}title") == title
    assert (picture.findtext(f"{SVG}desc") or "").startswith(said)
    assert set(picture.get("aria-labelledby", "").split()) == ids
    assert picture.get("role") == "img"


def test_a_day_without_callers_is_a_picture_too() -> None:
    picture = drawn(DAY, figures())
    assert picture.findtext(f"{SVG}desc") == "Nobody has called yet."
    assert not [group for group in picture.iter(f"{SVG}g") if group.get("class") == "chart-bar"]


def test_hours_outside_of_a_working_day_are_drawn_when_somebody_called_then() -> None:
    night = [figures(1), *DAY[1:23], figures(0, 1)]
    hours = [text.text for text in drawn(night, figures(1, 1)).findall(f"{SVG}g")[2].iter(f"{SVG}text")]
    assert hours == [str(hour) for hour in range(24)]


@pytest.mark.parametrize(("most", "step"), [(0, 1), (5, 1), (6, 2), (10, 2), (11, 5), (26, 10), (99, 20), (4_000, 1_000)])
def test_the_grid_has_few_lines_at_round_numbers(most: int, step: int) -> None:
    labels = [text.text for text in drawn([figures(most), *DAY[1:]], figures(most)).findall(f"{SVG}g")[1].iter(f"{SVG}text")]
    assert labels[1] == str(step)
    assert len(labels) <= 6
    assert int(labels[-1] or 0) >= most


def test_a_strict_page_can_hold_it() -> None:
    text = chart(BUSY, TOTAL, '2026"<&', "en")
    ET.fromstring(text)
    assert not re.search(r"style=|<style|<script| on\w+=|https?://(?!www\.w3\.org/2000/svg)", text)
