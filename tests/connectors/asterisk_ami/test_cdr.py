import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from structlog.testing import capture_logs
from support.ami_bench import Bench
from support.virtual_time import EPOCH_S, clock, in_virtual_time

from connectors.asterisk_ami import cdr
from connectors.asterisk_ami.cdr import CdrFile
from gateway.model.reports import CallDetail

BEGAN: Final = int(EPOCH_S)


def row(number: int, began_s: int, talked_s: int = 30, *, zone_s: int = 0, unique: bool = True, answered: bool = True) -> str:
    def shown(at: int) -> str:
        return datetime.fromtimestamp(BEGAN + at + zone_s, UTC).strftime("%Y-%m-%d %H:%M:%S")

    times = [shown(began_s), shown(began_s + 5) if answered else "", shown(began_s + 5 + talked_s)]
    fields = [
        "", "+85291234567", "5000", "queues", '""Chan, T M"" <+85291234567>', f"PJSIP/carrier-{number:08x}",
        "PJSIP/1001-0000000c", "Queue", "support,tT", *times, str(talked_s + 5), str(talked_s if answered else 0),
        "ANSWERED" if answered else "NO ANSWER", "DOCUMENTATION",
    ]  # fmt: skip
    text = ",".join(f'"{field}"' for field in fields)
    return f'{text},"cc1-{BEGAN + began_s}.{number}",""\n' if unique else f'{text},""\n'


def details(file: CdrFile, ended_after_s: int) -> list[CallDetail]:
    return file.read_new(BEGAN + ended_after_s, BEGAN + 9999.0)


def test_row_is_read_as_asterisk_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_text(row(7, 100))
    (detail,) = details(CdrFile(path), 0)
    assert detail == CallDetail(
        at=BEGAN + 9999.0,
        leg=detail.leg,
        leg_name="PJSIP/carrier-00000007",
        source="+85291234567",
        destination="5000",
        started_at=BEGAN + 100.0,
        answered_at=BEGAN + 105.0,
        ended_at=BEGAN + 135.0,
        duration_s=35,
        billed_s=30,
        answered=True,
        disposition="ANSWERED",
        destination_leg="PJSIP/1001-0000000c",
        application="Queue",
        application_data="support,tT",
        place="queues",
    )
    assert detail.leg == f"cc1-{BEGAN + 100}.7"


def test_only_what_ended_in_the_gap_or_later_is_told(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_text(row(1, 0) + row(2, 100) + row(3, 200, answered=False))
    found = details(CdrFile(path), 130)
    assert [detail.leg_name[-1] for detail in found] == ["2", "3"]
    assert found[1].answered_at is None


@pytest.mark.parametrize("zone_s", [0, 8 * 3600, -5 * 3600, 5 * 3600 + 1800])
def test_local_times_are_told_by_the_ids(tmp_path: Path, zone_s: int) -> None:
    path = tmp_path / "Master.csv"
    path.write_text("".join(row(number, number * 10, zone_s=zone_s) for number in range(5)))
    assert [detail.started_at for detail in details(CdrFile(path), 0)] == [BEGAN + number * 10.0 for number in range(5)]


def test_second_reading_brings_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_text(row(1, 0) + row(2, 100)[:40])
    file = CdrFile(path)
    assert len(details(file, 0)) == 1
    assert details(file, 0) == []
    path.write_text(row(1, 0) + row(2, 100))
    assert [detail.leg_name[-1] for detail in details(file, 0)] == ["2"]
    file.forget()
    assert len(details(file, 0)) == 2


def test_rotated_file_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_text(row(1, 0) + row(2, 100))
    file = CdrFile(path)
    details(file, 0)
    path.rename(tmp_path / "Master.csv.1")
    path.write_text(row(3, 200))
    assert [detail.leg_name[-1] for detail in details(file, 0)] == ["3"]
    path.write_text("")
    assert details(file, 0) == []


def test_long_file_is_read_at_its_end_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdr, "TAIL_BYTES", 1000)
    path = tmp_path / "Master.csv"
    path.write_text("".join(row(number, number) for number in range(100)))
    found = details(CdrFile(path), 0)
    assert 1 <= len(found) <= 4
    assert found[-1].started_at == BEGAN + 99.0


def test_rows_without_an_id_or_of_another_kind_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_text(row(1, 0, unique=False) + "nonsense\n\n" + '"a",' * 30 + "\n" + row(2, 100))
    file = CdrFile(path)
    assert len(details(file, 0)) == 1
    assert file.without_id == 2


@in_virtual_time
async def test_gap_is_filled_from_the_file_at_once_and_as_calls_end(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_text(row(1, 0, 10))
    async with bench.connected(cdr_csv=str(path)):
        await asyncio.sleep(100)
        assert bench.sink.named(CallDetail) == []
        began_s = int(clock()) - BEGAN
        path.write_text(row(1, 0, 10) + row(2, began_s - 20, 30))
        bench.asterisk.cut()
        await bench.sink.connected()
        await bench.sink.until(lambda: len(bench.sink.named(CallDetail)) == 1)
        path.write_text(path.read_text() + row(3, began_s - 10, 80))
        await bench.sink.until(lambda: len(bench.sink.named(CallDetail)) == 2, timeout_s=100)
    # What the file says comes after the snapshot that says what lives.
    assert bench.sink.order.index("CallDetail") > bench.sink.order.index("Gap")


@pytest.mark.parametrize("fault", ["missing", "without ids"])
@in_virtual_time
async def test_file_that_tells_nothing_is_said_once_and_hurts_nobody(bench: Bench, tmp_path: Path, fault: str) -> None:
    path = tmp_path / "Master.csv"
    if fault == "without ids":
        path.write_text(row(1, 0, unique=False))
    with capture_logs() as logs:
        async with bench.connected(cdr_csv=str(path)):
            bench.asterisk.cut()
            await bench.sink.connected()
            await asyncio.sleep(200)
            assert bench.asterisk.connections == 2
    expected = "cdr_unreadable" if fault == "missing" else "cdr_without_id"
    assert [line["event"] for line in logs if line["event"].startswith("cdr")] == [expected]
