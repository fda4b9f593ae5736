import asyncio
import gc
import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from gateway.cli.logs import set_up
from gateway.model.errors import PeerUnavailableError
from gateway.settings.values import LogSettings


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    structlog.reset_defaults()
    root.setLevel(level)
    root.handlers[:] = handlers


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_facts_are_keys_and_callers_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(LogSettings())
    structlog.get_logger().info("leg_answered", pbx="one", **{"pii.number": "+8613800138000"})

    (line,) = lines(capsys)
    assert (line["event"], line["level"], line["pbx"]) == ("leg_answered", "info", "one")
    assert "timestamp" in line
    assert "+8613800138000" not in str(line)


def test_an_operator_may_want_callers(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(LogSettings(personal_data=True, format="json"))
    structlog.get_logger().info("leg_answered", **{"pii.number": "+8613800138000", "pii.name": "李明"})

    assert "李明" in capsys.readouterr().err


def test_what_is_below_the_level_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(LogSettings(level="warning"))
    structlog.get_logger().info("quiet")
    logging.getLogger("aiohttp.server").info("quiet too")
    structlog.get_logger().warning("loud")

    assert [line["event"] for line in lines(capsys)] == ["loud"]


def test_what_libraries_log_has_the_same_shape(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(LogSettings())
    try:
        raise OSError("broken")
    except OSError:
        logging.getLogger("aiohttp.server").exception("Error handling %s", "request")

    (line,) = lines(capsys)
    assert (line["event"], line["level"]) == ("Error handling request", "error")
    assert "broken" in str(line["exception"])


def test_a_fault_of_ours_is_told_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(LogSettings())
    try:
        raise KeyError("x")
    except KeyError:
        structlog.get_logger().exception("connector_failed", pbx="one")

    (line,) = lines(capsys)
    assert "KeyError" in str(line["exception"])
    assert "test_logs.py" in str(line["exception"])


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_fault_is_told_without_the_values_around_it(capsys: pytest.CaptureFixture[str], style: str) -> None:
    set_up(LogSettings(format="json" if style == "json" else "console"))
    caller = "+86138" + "00138000"
    try:
        raise KeyError("x")
    except KeyError:
        structlog.get_logger().exception("connector_failed", pbx="one")

    error = capsys.readouterr().err
    assert "KeyError" in error
    assert caller not in error


def test_people_get_lines_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(LogSettings(format="console"))
    structlog.get_logger().warning("pbx_lost", pbx="one", detail="one: 192.0.2.1:5038 does not answer")

    error = capsys.readouterr().err
    assert "pbx_lost" in error
    assert not error.startswith("{")


CALLER = "+86138" + "00138000"


@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize("personal", [False, True])
def test_the_text_of_a_fault_quotes_callers_and_is_told_to_those_who_want_it(
    capsys: pytest.CaptureFixture[str], style: Literal["json", "console"], personal: bool
) -> None:
    set_up(LogSettings(format=style, personal_data=personal))
    try:
        try:
            raise KeyError(CALLER)
        except KeyError as fault:
            fault.add_note(CALLER)
            raise ExceptionGroup("both", [ValueError(CALLER), OSError(28, "No space left on device", f"{CALLER}.wav")]) from fault
    except ExceptionGroup:
        structlog.get_logger().exception("request_failed")
        logging.getLogger("aiohttp.server").exception("Error handling request")

    error = capsys.readouterr().err
    assert (CALLER in error) is personal
    for told in ("KeyError", "ValueError", "test_logs.py", "No space left on device"):
        assert error.count(told) >= 2, told


def test_the_text_of_an_error_of_ours_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(LogSettings())
    try:
        raise PeerUnavailableError("one: 192.0.2.1:5038 does not answer")
    except PeerUnavailableError:
        structlog.get_logger().exception("connector_failed")

    assert "192.0.2.1:5038 does not answer" in capsys.readouterr().err


def test_libraries_tell_no_more_than_warnings_whatever_the_level(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(LogSettings(level="debug"))
    logging.getLogger("aiosqlite").debug("executing INSERT (%s)", CALLER)
    logging.getLogger("asyncssh").info("opening %s.wav", CALLER)
    structlog.get_logger().debug("ours")

    assert [line["event"] for line in lines(capsys)] == ["ours"]


@pytest.mark.parametrize("personal", [False, True])
async def test_what_asyncio_tells_of_a_task_is_its_first_line(capsys: pytest.CaptureFixture[str], personal: bool) -> None:
    set_up(LogSettings(personal_data=personal))

    async def fails() -> None:
        raise KeyError(CALLER)

    task = asyncio.ensure_future(fails())
    await asyncio.sleep(0)
    del task
    gc.collect()

    error = capsys.readouterr().err
    assert "Task exception was never retrieved" in error
    assert (CALLER in error) is personal
