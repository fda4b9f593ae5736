import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from support.replaying import CAPTURES
from support.truth import compare, read_truth

from gateway.__main__ import main

ASTERISK = CAPTURES / "asterisk"


def printed(capfdbinary: pytest.CaptureFixture[bytes], *arguments: object) -> list[dict[str, Any]]:
    assert main(["replay", *map(str, arguments)]) == 0
    return [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]


def test_records_agree_with_the_truth(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    folder = ASTERISK / "22" / "attended_transfer"

    assert compare(read_truth(folder), printed(capfdbinary, folder)) == []


def test_folders_are_replayed_in_turn(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    one, other = ASTERISK / "22" / "outbound", ASTERISK / "22" / "internal"

    records = printed(capfdbinary, one, other)

    assert [record["direction"] for record in records] == ["outbound", "internal"]


def test_calls_are_printed_by_their_beginning(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    started = [record["started_at"] for record in printed(capfdbinary, ASTERISK / "22-freepbx" / "four_at_once")]

    assert len(started) >= 4
    assert started == sorted(started)


def test_two_replays_print_the_same_bytes(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    folder = ASTERISK / "22" / "ring_group"
    outputs = []
    for _ in range(2):
        main(["replay", str(folder)])
        outputs.append(capfdbinary.readouterr().out)

    assert outputs[0] == outputs[1] != b""


def test_ids_are_made_from_the_name_of_the_pbx(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    folder = ASTERISK / "22" / "internal"
    (one,), (other,) = (printed(capfdbinary, folder, "--pbx", name) for name in ("one", "other"))

    assert (one["pbx"], other["pbx"]) == ("one", "other")
    assert one["call_id"] != other["call_id"]


def test_events_are_printed_as_they_would_be_told(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    events = printed(capfdbinary, ASTERISK / "22" / "hold", "--events")

    assert [event["type"] for event in events] == [
        "call.started",
        "call.alerting",
        "call.answered",
        "call.held",
        "call.retrieved",
        "call.ended",
    ]
    assert set(events[0]) == {"id", "type", "time", "tenant", "pbx", "call_id", "data"}
    assert [event["id"].split(":")[1] for event in events] == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.parametrize(("text", "said"), [('{"region": 852}', "Expected `str`, got `int` - at `$.region`"), ("{", "truncated")])
def test_a_wrong_site_is_told_with_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str) -> None:
    folder = copytree(ASTERISK / "22" / "internal", tmp_path / "capture")
    (folder / "site.json").write_text(text)

    assert main(["replay", str(folder)]) == 1
    error = capsys.readouterr().err
    assert "site.json: " in error
    assert said in error


def test_a_folder_without_a_site_is_replayed(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    folder = copytree(ASTERISK / "22" / "internal", tmp_path / "capture")
    (folder / "site.json").unlink()

    assert len(printed(capfdbinary, folder)) == 1
