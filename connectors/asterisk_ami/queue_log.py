"""Reads the end of Asterisk's ``queue_log``: how long an agent talked with a caller while we were away.

A CDR cannot say it: its row of a queue call counts the wait as talk. A line is ``time|call|queue|agent|event|data…``
(docs.asterisk.org, "Queue Logs"); ``call`` is the Uniqueid of the caller's leg, and COMPLETECALLER and COMPLETEAGENT, which say
who hung up, have the waiting and the talking seconds in their data.
"""

from pathlib import Path
from typing import Final

from connectors.asterisk_ami.tail import Tail
from gateway.model.events import AgentCompleted
from gateway.model.ids import LegId, QueueName

_BY_AGENT: Final = {"COMPLETEAGENT": True, "COMPLETECALLER": False}
_FIELDS: Final = 7


class QueueLog:
    """One ``queue_log``. Reading blocks: do it in a thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tail = Tail(path)

    def forget(self) -> None:
        """Begin with the file's end again: what was read before is read once more."""
        self._tail.forget()

    def read_new(self, ended_after: float, now: float) -> list[AgentCompleted]:
        """Return the conversations that came to an end after ``ended_after`` and were written down since the last reading.

        Args:
            ended_after: Seconds since the epoch.
            now: The same. An event is dated by its line, and never later than this.

        Raises:
            OSError: The file cannot be read.
        """
        found = (_completed(line.split("|"), ended_after, now) for line in self._tail.new_lines())
        return [completed for completed in found if completed is not None]


def _completed(fields: list[str], ended_after: float, now: float) -> AgentCompleted | None:
    if len(fields) < _FIELDS or fields[4] not in _BY_AGENT or not (_is_count(fields[0]) and _is_count(fields[6])):
        return None
    if int(fields[0]) < ended_after:
        return None
    return AgentCompleted(
        at=min(float(fields[0]), now),
        leg=LegId(fields[1]),
        queue=QueueName(fields[2]),
        agent=fields[3],
        talk_s=int(fields[6]),
        ended_by_agent=_BY_AGENT[fields[4]],
    )


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit()
