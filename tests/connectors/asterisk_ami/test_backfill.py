import asyncio
from pathlib import Path
from typing import Final

import pytest
from structlog.testing import capture_logs
from support.ami_bench import Bench
from support.cdr_rows import BEGAN, cdr_row, queue_line
from support.virtual_time import clock, in_virtual_time

from connectors.asterisk_ami.backfill import BATCH_S
from gateway.model.events import AgentCompleted
from gateway.model.reports import CallDetail

BEFORE: Final = -1000
HOUR_S: Final = 3600.0
"""Virtual time flies while a thread reads a file."""


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def seconds() -> int:
    return int(clock()) - BEGAN


@in_virtual_time
async def test_gap_is_filled_from_the_file_at_once_and_as_calls_end(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_text(cdr_row(1, BEFORE))
    async with bench.connected(cdr_csv=str(path)):
        await asyncio.sleep(BATCH_S + 10)
        assert bench.sink.named(CallDetail) == []
        began_s = seconds()
        bench.asterisk.cut()
        await bench.sink.until(lambda: "ConnectionLost" in bench.sink.order)
        append(path, cdr_row(2, began_s - 20, 30))
        await bench.sink.connected()
        await bench.sink.until(lambda: len(bench.sink.named(CallDetail)) == 1, HOUR_S)
        append(path, cdr_row(3, began_s - 10, 80))
        await bench.sink.until(lambda: len(bench.sink.named(CallDetail)) == 2, timeout_s=HOUR_S)
    # What the file says comes after the snapshot that says what lives.
    order = bench.sink.order
    assert order.index("CallDetail") > order.index("SnapshotDone", order.index("Gap"))


@in_virtual_time
async def test_what_was_read_before_the_gap_was_known_is_told_again(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    async with bench.connected(cdr_csv=str(path)):
        path.write_text(cdr_row(1, seconds(), 1))
        await bench.sink.until(lambda: len(bench.sink.named(CallDetail)) == 1, HOUR_S)
        bench.asterisk.cut()
        await bench.sink.connected()
        await bench.sink.until(lambda: len(bench.sink.named(CallDetail)) == 2, HOUR_S)


@in_virtual_time
async def test_rows_of_a_gap_that_are_written_after_a_second_one_are_told(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_text("")
    async with bench.connected(cdr_csv=str(path)):
        await asyncio.sleep(2 * BATCH_S)
        in_first_gap_s = seconds()
        bench.asterisk.cut()
        await bench.sink.connected()
        await asyncio.sleep(BATCH_S / 2)
        bench.asterisk.cut()
        await bench.sink.connected()
        path.write_text(cdr_row(1, BEFORE) + cdr_row(2, in_first_gap_s - 10, 5))
        await bench.sink.until(lambda: bool(bench.sink.named(CallDetail)), HOUR_S)
        assert len(bench.sink.named(CallDetail)) == 1


@in_virtual_time
async def test_what_a_queue_wrote_is_told_after_the_rows_of_its_calls(bench: Bench, tmp_path: Path) -> None:
    csv, queue_log = tmp_path / "Master.csv", tmp_path / "queue_log"
    async with bench.connected(cdr_csv=str(csv), queue_log=str(queue_log)):
        await asyncio.sleep(1)
        queue_log.write_text(queue_line(1, seconds()))
        csv.write_text(cdr_row(1, seconds()))
        await bench.sink.until(lambda: bool(bench.sink.named(AgentCompleted)), HOUR_S)
    assert bench.sink.order.index("AgentCompleted") > bench.sink.order.index("CallDetail")


@pytest.mark.parametrize("fault", ["missing", "without ids"])
@in_virtual_time
async def test_file_that_tells_nothing_is_said_once_and_hurts_nobody(bench: Bench, tmp_path: Path, fault: str) -> None:
    path = tmp_path / "Master.csv"
    if fault == "without ids":
        path.write_text(cdr_row(1, 0, unique=False))
    with capture_logs() as logs:
        async with bench.connected(cdr_csv=str(path)):
            bench.asterisk.cut()
            await bench.sink.connected()
            await asyncio.sleep(200)
            assert bench.asterisk.connections == 2
    expected = "file_unreadable" if fault == "missing" else "cdr_without_id"
    assert [line["event"] for line in logs if line["event"] in ("file_unreadable", "cdr_without_id")] == [expected]


@in_virtual_time
async def test_file_that_is_made_later_is_read_then(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    async with bench.connected(cdr_csv=str(path)):
        await asyncio.sleep(60)
        path.write_text(cdr_row(1, seconds()))
        await bench.sink.until(lambda: len(bench.sink.named(CallDetail)) == 1, timeout_s=HOUR_S)
