"""Sets up the log: for people on a terminal, JSON lines elsewhere, and nobody's number in it unless an operator wants that.

Events are named once and for all and facts are keys; what tells of a caller stands under ``pii.*``. What others wrote does not
keep to that: of a fault in the code the text is left out, for it quotes the value that was wrong (``KeyError: '+86…'``), and of
libraries only warnings are told, for below that they tell what they were given.
"""

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from typing import Any, Final, TextIO

import structlog

from gateway.model.errors import TielineError
from gateway.settings.values import LogSettings

PERSONAL_PREFIX: Final = "pii."
LEFT_OUT: Final = "(left out: log.personal_data)"

_ERRNO: Final = re.compile(r"\[Errno \d+\] ")
"""How an error of the system begins; behind it stands the file, and recordings are named by who called."""

# A fault is told with its lines and never with the values of its variables: callers and secrets are among those.
_faults_of: Final = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def set_up(settings: LogSettings) -> None:
    """Send what structlog and the standard library log to standard error."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    as_json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso" if as_json else "%H:%M:%S", utc=as_json),
    ]
    if not settings.personal_data:
        shared.append(drop_personal_data)
    faults = _Faults(whole=settings.personal_data)
    last: list[structlog.typing.Processor] = (
        [structlog.processors.ExceptionRenderer(faults), structlog.processors.JSONRenderer(ensure_ascii=False)]
        if as_json
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=28, exception_formatter=faults.write)]
    )
    structlog.configure(
        processors=[*shared, structlog.processors.StackInfoRenderer(), *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    foreign = shared if settings.personal_data else [_keep_first_line, *shared]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=foreign, processors=[_drop_own_keys, *last]))
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)


def drop_personal_data(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take out what tells of a caller."""
    for key in [key for key in event if key.startswith(PERSONAL_PREFIX)]:
        del event[key]
    return event


class _Faults:
    """Tells an exception and what led to it by their lines, and by their texts where those are ours or the system's.

    Args:
        whole: Tell all texts.
    """

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole

    def __call__(self, exc_info: structlog.typing.ExcInfo) -> list[dict[str, Any]]:
        stacks = _faults_of(exc_info)
        if not self._whole:
            spoken = {each.__name__ for kind in (TielineError, OSError) for each in _and_below(kind)}
            for stack in _all_of(stacks):
                stack["exc_notes"] = []
                if stack["exc_type"] not in spoken and not stack["is_group"]:
                    stack["exc_value"] = LEFT_OUT
                elif _ERRNO.match(stack["exc_value"]):
                    stack["exc_value"] = stack["exc_value"].partition(": ")[0]
        return stacks

    def write(self, target: TextIO, exc_info: structlog.typing.ExcInfo) -> None:
        """Write it for people."""
        for stack in _all_of(self(exc_info)):
            lines = [f'  File "{frame["filename"]}", line {frame["lineno"]}, in {frame["name"]}' for frame in stack["frames"]]
            target.write("\n".join(["", *lines, f"{stack['exc_type']}: {stack['exc_value']}"]))


def _all_of(stacks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for stack in stacks:
        yield stack
        for group in stack["exceptions"]:
            yield from _all_of(group)


def _and_below(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _and_below(below)


def _keep_first_line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take out what asyncio tells below its first line: the repr of a task, with the exception in it."""
    event["event"] = str(event["event"]).partition("\n")[0]
    return event


def _drop_own_keys(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    return event
