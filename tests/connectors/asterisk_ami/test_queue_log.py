from pathlib import Path

import pytest
from support.cdr_rows import BEGAN, leg_of, queue_line

from connectors.asterisk_ami.queue_log import QueueLog
from gateway.model.events import AgentCompleted
from gateway.model.ids import LegId, QueueName

NOW = BEGAN + 9999.0


def test_talk_is_read_as_asterisk_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    path.write_text(queue_line(7, 100) + queue_line(8, 110, 12, "COMPLETEAGENT"))
    first, second = QueueLog(path).read_new(0.0, NOW)
    assert first == AgentCompleted(
        at=BEGAN + 135.0,
        leg=LegId(leg_of(7, 100)),
        queue=QueueName("support"),
        agent="Agent One",
        talk_s=30,
        ended_by_agent=False,
    )
    assert (second.leg, second.talk_s, second.ended_by_agent) == (leg_of(8, 110), 12, True)


def test_only_what_ended_in_the_gap_or_later_is_told_and_once(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    path.write_text(queue_line(1, 0) + queue_line(2, 100))
    file = QueueLog(path)
    assert [said.leg for said in file.read_new(BEGAN + 130.0, NOW)] == [leg_of(2, 100)]
    assert file.read_new(0.0, NOW) == []
    file.forget()
    assert len(file.read_new(0.0, NOW)) == 2


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        f"{BEGAN}|1.1|support|Agent One|CONNECT|5|1.2|3",
        f"{BEGAN}|1.1|support|NONE|ABANDON|1|1|12",
        f"{BEGAN}|1.1|support|Agent One|COMPLETECALLER|5",
        "soon|1.1|support|Agent One|COMPLETECALLER|5|30|1",
        f"{BEGAN}|1.1|support|Agent One|COMPLETECALLER|5|a while|1",
    ],
)
def test_other_lines_tell_no_talk(tmp_path: Path, line: str) -> None:
    path = tmp_path / "queue_log"
    path.write_text(line + "\n")
    assert QueueLog(path).read_new(0.0, NOW) == []
