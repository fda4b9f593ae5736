"""Sets up the log: for people on a terminal, JSON lines elsewhere, and nobody's number in it unless an operator wants that.

Events are named once and for all and facts are keys; what tells of a caller stands under ``pii.*``.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

from gateway.settings.values import LogSettings

PERSONAL_PREFIX: Final = "pii."

# A fault is told with its lines and never with the values of its variables: callers and secrets are among those.
_TRACEBACKS: Final = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


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
    last: list[structlog.typing.Processor] = (
        [_TRACEBACKS, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if as_json
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), pad_event_to=28, exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.processors.StackInfoRenderer(), *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[_drop_own_keys, *last]))
    logging.basicConfig(level=level, handlers=[handler], force=True)


def drop_personal_data(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take out what tells of a caller."""
    for key in [key for key in event if key.startswith(PERSONAL_PREFIX)]:
        del event[key]
    return event


def _drop_own_keys(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    return event
