from typing import Any

import pytest
from bench.soak_judge import Gap, judge
from bench.soak_load import KINDS, Planned, Seen

CALLER = "+85290500001"
BRIDGE, MENU = (next(kind for kind in KINDS if kind.name == name) for name in ("bridge, caller hangs up", "second menu, hung up"))


def seen(**more: Any) -> Seen:
    """A caller talked with desk 1200 for 3 s, from 1001 to 1004."""
    call = Seen(Planned(BRIDGE, CALLER, "551200", 2))
    call.caller = {"invited": 1000.0, "answered": 1001.0, "ended": 1004.0}
    call.desk, call.desk_number = {"offered": 1000.1, "talking": 1001.0, "dropped": 1004.0}, "1200"
    for name, value in more.items():
        setattr(call, name, value)
    return call


def record(**more: Any) -> dict[str, Any]:
    names = {"caller": CALLER, "called": "551200", "answered_by": ["1200"], "pbx_ids": ["1000.1", "1000.2"]}
    course = {"state": "ended", "outcome": "answered", "ended_by": "caller", "talk_s": 3.01}
    return {"call_id": "01", "complete": True, "ended_at": "1970-01-01T00:16:44.010Z"} | names | course | more


def row(**more: str) -> dict[str, str]:
    fields = {"uniqueid": "1000.1", "channel": "PJSIP/carrier-1", "dstchannel": "PJSIP/1200-2", "disposition": "ANSWERED"}
    return fields | {"end": "1970-01-01 00:16:44", "billsec": "3"} | more


def test_a_record_that_says_the_truth_is_right() -> None:
    verdict = judge([seen()], [record()], [], [row()])
    assert (verdict.wrong, verdict.unknown, verdict.covered, len(verdict.off_s)) == ([], {}, 0, 1)


@pytest.mark.parametrize(
    ("records", "word"),
    [
        ([], "0 records"),
        ([record(), record(call_id="02", pbx_ids=[])], "2 records"),
        ([record(), record(call_id="02", caller="+85299999999", pbx_ids=[])], "nobody called"),
        ([record(called="551201")], "called is '551201'"),
        ([record(outcome="abandoned")], "outcome is 'abandoned'"),
        ([record(answered_by=["1201"])], "answered_by"),
        ([record(talk_s=3.6)], "talk_s is 3.6"),
        ([record(talk_s=None)], "not known"),
        ([record(ended_by="called")], "ended_by"),
        ([record(complete=False)], "in no gap"),
        ([record(state="active")], "has not ended"),
    ],
)
def test_a_record_that_is_missing_doubled_invented_or_false_is_wrong(records: list[dict[str, Any]], word: str) -> None:
    assert word in "; ".join(judge([seen()], records, [], []).wrong)


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"uniqueid": "1000.9"}, "in 0 records"),
        ({"end": "1970-01-01 00:16:46"}, "ended at"),
        ({"billsec": "1"}, "1 s billed"),
    ],
)
def test_a_record_against_which_the_cdr_speaks_is_wrong(more: dict[str, str], word: str) -> None:
    assert word in "; ".join(judge([seen()], [record()], [], [row(**more)]).wrong)


def test_what_a_gap_hides_is_unknown_and_not_wrong() -> None:
    hidden = record(talk_s=None, complete=False, outcome="unknown", answered_by=[], called=None, ended_by=None)
    verdict = judge([seen()], [hidden], [Gap(1002.0, 1003.0)], [])
    assert verdict.wrong == []
    assert verdict.unknown == {f"{name} of {BRIDGE.name}": 1 for name in ("called", "outcome", "talk_s")}


def test_what_a_cdr_tells_of_a_gap_may_be_off_by_its_whole_seconds_only() -> None:
    gaps = [Gap(1002.0, 1003.0)]
    for talk_s, right in ((4.9, True), (5.1, False)):
        assert (judge([seen()], [record(complete=False, talk_s=talk_s)], gaps, []).wrong == []) is right


def test_what_no_cdr_tells_is_counted_apart() -> None:
    call = seen(plan=Planned(MENU, CALLER, "5410", 2), desk={}, desk_number=None)
    told = record(complete=False, called=None, outcome="abandoned", answered_by=[], talk_s=0.0, ended_by=None)
    verdict = judge([call], [told], [Gap(999.0, 1005.0)], [])
    assert (verdict.wrong, verdict.unknown, verdict.untold) == ([], {}, {f"called of {MENU.name}": 1})
    assert verdict.slow == ["a gap of 6.00 s"]
