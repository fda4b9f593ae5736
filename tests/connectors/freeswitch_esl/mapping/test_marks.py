import pytest

from connectors.freeswitch_esl.mapping.marks import Mark, mark_of, read_mark


@pytest.mark.parametrize("by", ["1001", "", "wang.fang", "a-b"])
def test_what_was_marked_is_read_again(by: str) -> None:
    assert read_mark(mark_of("blind_transfer", by, "01KXAMPLE", 0)) == Mark("blind_transfer", by)


@pytest.mark.parametrize(
    "job", ["", "job-d2", "22222222-aaaa-4bbb-8ccc-0000000000d1", "tieline:", "tieline:x:y:z:a", "tieline:x:y y:z:1"]
)
def test_a_job_of_somebody_else_says_nothing(job: str) -> None:
    assert read_mark(job) == Mark()
