import pytest

from connectors.freeswitch_esl.mapping.marks import Mark, mark_of, read_mark


@pytest.mark.parametrize("by", ["1001", "", "wang.fang", "a-b"])
def test_what_was_marked_is_read_again(by: str) -> None:
    assert read_mark(mark_of("blind_transfer", by, "01KXAMPLE", 0)) == Mark("blind_transfer", by)


@pytest.mark.parametrize(
    ("given", "kept"), [("lunch", "lunch"), ("午餐: a b\n", "午餐: a b\n"), ("午" * 80, "午" * 48), ("x" * 200, "x" * 144)]
)
def test_a_reason_is_kept_as_far_as_a_job_has_room(given: str, kept: str) -> None:
    job = mark_of("set_pause", "", "01M81TGZTJMVTBP9XJNBDBGG5H", 9999, given)
    assert read_mark(job).reason == kept
    assert len(job) <= 255


@pytest.mark.parametrize("reason", ["=", "a", "_w=="])
def test_a_reason_that_is_none_is_none(reason: str) -> None:
    assert read_mark(f"tieline:set_pause::01KXAMPLE:0:{reason}").reason in ("", "\ufffd")


@pytest.mark.parametrize(
    "job", ["", "job-d2", "22222222-aaaa-4bbb-8ccc-0000000000d1", "tieline:", "tieline:x:y:z:a", "tieline:x:y y:z:1"]
)
def test_a_job_of_somebody_else_says_nothing(job: str) -> None:
    assert read_mark(job) == Mark()
