from pathlib import Path

import pytest
from support.cdr_rows import BEGAN, cdr_row

from connectors.asterisk_ami.cdr import CdrFile
from gateway.model.reports import CallDetail


def details(file: CdrFile, ended_after_s: int) -> list[CallDetail]:
    return file.read_new(BEGAN + ended_after_s, BEGAN + 9999.0)


def test_row_is_read_as_asterisk_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_text(cdr_row(7, 100))
    (detail,) = details(CdrFile(path), 0)
    assert detail == CallDetail(
        at=BEGAN + 135.0,
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
    path.write_text(cdr_row(1, 0) + cdr_row(2, 100) + cdr_row(3, 200, answered=False))
    found = details(CdrFile(path), 130)
    assert [detail.leg_name[-1] for detail in found] == ["2", "3"]
    assert found[1].answered_at is None


@pytest.mark.parametrize("zone_s", [0, 8 * 3600, -5 * 3600, 5 * 3600 + 1800])
def test_local_times_are_told_by_the_ids(tmp_path: Path, zone_s: int) -> None:
    path = tmp_path / "Master.csv"
    path.write_text("".join(cdr_row(number, number * 10, zone_s=zone_s) for number in range(5)))
    assert [detail.started_at for detail in details(CdrFile(path), 0)] == [BEGAN + number * 10.0 for number in range(5)]


def test_second_reading_brings_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_text(cdr_row(1, 0) + cdr_row(2, 100)[:40])
    file = CdrFile(path)
    assert len(details(file, 0)) == 1
    assert details(file, 0) == []
    path.write_text(cdr_row(1, 0) + cdr_row(2, 100))
    assert [detail.leg_name[-1] for detail in details(file, 0)] == ["2"]
    file.forget()
    assert len(details(file, 0)) == 2


def test_rows_without_an_id_or_of_another_kind_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_text(cdr_row(1, 0, unique=False) + "nonsense\n\n" + '"a",' * 30 + "\n" + cdr_row(2, 100))
    file = CdrFile(path)
    assert len(details(file, 0)) == 1
    assert file.without_id == 2


def test_row_is_dated_by_the_legs_end_and_never_later_than_now(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    path.write_text(cdr_row(1, 0) + cdr_row(2, 100, zone_s=3600) + cdr_row(3, 200))
    found = CdrFile(path).read_new(0.0, BEGAN + 150.0)
    assert [detail.at for detail in found] == [BEGAN + 35.0, BEGAN + 150.0, BEGAN + 150.0]
