import csv
import io
from typing import Any

import pytest
from support.replaying import CAPTURES, records

from gateway.api import calls_csv

ASTERISK = CAPTURES / "asterisk" / "22"


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def record(**changed: Any) -> dict[str, Any]:
    (one,) = records(ASTERISK / "queue_caller_hangs")
    return one | changed


def test_a_call_is_a_row() -> None:
    (row,) = read(calls_csv.header() + calls_csv.rows([record()]))

    assert row["started_at"] == "2026-11-22T11:25:45.250Z"
    assert (row["caller_e164"], row["called"], row["called_e164"]) == ("+85291234567", "5000", "")
    assert (row["queue"], row["wait_s"], row["answered_by"], row["agents"]) == ("support", "1.028", "1001", "Agent One")
    assert (row["outcome"], row["stage"], row["ended_by"], row["talk_s"], row["complete"]) == (
        "answered", "", "caller", "2.996", "true",
    )  # fmt: skip


def test_transfers_and_menus_stand_in_one_cell() -> None:
    (call,) = records(ASTERISK / "attended_transfer")
    row = read(calls_csv.header() + calls_csv.rows([call | {"ivr_path": ["main", "sales"]}]))[0]

    assert row["transferred_to"] == call["transfers"][0]["to"]
    assert row["ivr_path"] == "main; sales"


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+85291234567", "+85291234567"),
        ('王 "Boss", 芳\r\nx', '王 "Boss", 芳\r\nx'),
        ("\ud800", "?"),
    ],
)
def test_what_a_caller_calls_himself_is_shown_and_never_calculated(name: str, cell: str) -> None:
    (row,) = read(calls_csv.header() + calls_csv.rows([record(caller_name=name)]))

    assert row["caller_name"] == cell


def test_a_call_of_which_little_is_known_is_a_row_too() -> None:
    (call,) = records(ASTERISK / "queue_abandon")
    (row,) = read(calls_csv.header() + calls_csv.rows([call | {"caller": None, "talk_s": None, "started_at": None}]))

    assert (row["caller"], row["talk_s"], row["started_at"], row["outcome"]) == ("", "", "", "abandoned")
