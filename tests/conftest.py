"""What holds for every test: no task outlives it, and where CI runs nothing is skipped."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.side_by_side import SideBySide
    from xdist.remote import Producer


def _on_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "SideBySide":
    """Say who runs what when there are several workers."""
    from support.side_by_side import SideBySide

    return SideBySide(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a test with real PBXs, telephones and browsers that failed beside others show once more what it shows by itself.

    They share two processors with the rest of the suite, and the programs that they start have clocks of their own. Each that
    needed it is named in the summary: docs/decisions/0047-live-tests-once-more.md.
    """
    for item in items:
        if item.get_closest_marker("live") is not None:
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_collection_finish() -> None:
    """Let the garbage collector leave out what collecting made: it lives to the end, and to look through it takes a second."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left_unclosed() -> Iterator[None]:
    """Let the last test fail by what was dropped unclosed: when pytest itself looks, a worker can tell nothing any more."""
    yield
    for _ in range(5):  # what one look sets free may hold what the next one finds
        if not gc.collect():
            break
    # Or pytest looks through all five times more.
    gc.freeze()


@pytest.fixture(autouse=True)
def no_task_outlives_its_test(request: pytest.FixtureRequest) -> None:
    """Watch the tasks of each asyncio test; those without a loop pay nothing.

    Being autouse it is set up before the test's own fixtures and so looks after they have cleaned up.
    """
    if request.node.get_closest_marker("asyncio") is not None:
        request.getfixturevalue("_watch_tasks")


@pytest.fixture
async def _watch_tasks() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    # A task whose end is due in this turn of the loop is no leak.
    await asyncio.sleep(0)
    leaked = [task for task in asyncio.all_tasks() - before if task is not asyncio.current_task()]
    assert not leaked, "tasks outlive the test: " + ", ".join(f"{task.get_name()} at {task.get_coro()!r}" for task in leaked)


def _refuse_skip_on_ci(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail") and _on_ci():
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped where CI is set: {report.longrepr}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip_on_ci(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip_on_ci(report)
    return report
