"""Compares call records with what SIPp saw: each call has its one record, and the record says the truth."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from bench.soak_load import STAYS, Seen

TALK_TOLERANCE_S: Final = 0.5
CDR_TOLERANCE_S: Final = 1.0
"""A CDR counts whole seconds, and cuts the rest off."""
CORRECTED_TOLERANCE_S: Final = CDR_TOLERANCE_S + 2 * TALK_TOLERANCE_S
"""Of talk that a gap hid in part: what the PBX counted is not quite what the telephones saw, at its beginning nor at its end."""
MAX_GAP_S: Final = 5.0
"""A bar of the bench: how long a gateway takes to be back is the machine's doing too."""
GLANCE_S: Final = 0.15
"""Whoever hangs up so shortly after the desk's answer may not have been connected any more."""

Record = dict[str, Any]


@dataclass(frozen=True)
class Gap:
    """A time in which the PBX was not heard, as the gateway declared it; seconds since the epoch."""

    began_at: float
    ended_at: float

    def covers(self, call: Seen) -> bool:
        """Tell whether something of the call may be hidden."""
        return call.began_at - 0.1 <= self.ended_at and call.ended_at + 0.1 >= self.began_at


@dataclass
class Verdict:
    """What the comparison found."""

    calls: int = 0
    rows: int = 0
    """Of the PBX's CDR."""
    covered: int = 0
    """Calls that a gap may hide something of."""
    incomplete: int = 0
    """Records that say so of themselves."""
    wrong: list[str] = field(default_factory=list)
    """Each a sentence: a record that is missing, doubled, invented or false."""
    unknown: Counter[str] = field(default_factory=Counter)
    """What a gap hides of how many calls, by field and kind of call."""
    untold: Counter[str] = field(default_factory=Counter)
    """The same where the PBX's files do not tell it either: see ``_is_told``."""
    off_s: list[float] = field(default_factory=list)
    """By how many seconds talk that was heard differs from what the telephones saw."""
    corrected_off_s: list[float] = field(default_factory=list)
    """The same of talk that the CDR told."""
    by_kind: Counter[str] = field(default_factory=Counter)
    slow: list[str] = field(default_factory=list)
    """Gaps that lasted longer than the bar."""


def judge(calls: Sequence[Seen], records: Sequence[Record], gaps: Sequence[Gap], cdr: Iterable[Mapping[str, str]]) -> Verdict:
    """Compare every call with its record, and every record with the PBX's own rows."""
    verdict = Verdict(calls=len(calls))
    _compare_with_cdr(verdict, records, cdr)
    by_caller: dict[str | None, list[Record]] = defaultdict(list)
    for record in records:
        by_caller[record["caller"]].append(record)
    for call in calls:
        verdict.by_kind[call.plan.kind.name] += 1
        covered = any(gap.covers(call) for gap in gaps)
        verdict.covered += covered
        found = by_caller.pop(call.plan.caller, [])
        if len(found) == 1:
            verdict.incomplete += not found[0]["complete"]
            _compare(verdict, call, found[0], covered=covered)
        else:
            verdict.wrong.append(f"{_name(call)}: {len(found)} records {[each['call_id'] for each in found]}")
    for caller, found in by_caller.items():
        verdict.wrong.append(f"nobody called: {len(found)} records of caller {caller}, such as {found[0]['call_id']}")
    verdict.slow = [f"a gap of {gap.ended_at - gap.began_at:.2f} s" for gap in gaps if gap.ended_at - gap.began_at > MAX_GAP_S]
    return verdict


def _compare(verdict: Verdict, call: Seen, record: Record, *, covered: bool) -> None:
    kind = call.plan.kind
    talk_s = call.talk_s
    outcomes = {kind.expected} if talk_s is None else {"answered"}
    if talk_s is not None and talk_s < GLANCE_S:
        outcomes.add(kind.expected)
    if record["state"] != "ended":
        verdict.wrong.append(f"{_name(call)}: {record['call_id']} has not ended")
        return
    answered = record["outcome"] == "answered"
    if covered and not record["complete"]:
        # This much the CDR tells: nobody answered, and the dial was over before its time.
        outcomes |= {_IN_A_CDR.get(outcome, outcome) for outcome in outcomes}
    expected: list[tuple[str, object, bool]] = [
        ("called", call.plan.called, record["called"] == call.plan.called),
        ("outcome", outcomes, record["outcome"] in outcomes),
        ("answered_by", call.desk_number, record["answered_by"] == ([call.desk_number] if answered else [])),
    ]
    unknown = {"called": record["called"] is None, "outcome": record["outcome"] == "unknown", "talk_s": record["talk_s"] is None}
    # What ended the call is no part of what a CDR tells.
    if not covered:
        expected.append(("ended_by", _ended_by(call), record["ended_by"] == _ended_by(call)))
    if record["talk_s"] is not None and record["outcome"] in outcomes:
        off_s = record["talk_s"] - (talk_s or 0.0)
        heard = record["complete"]
        (verdict.off_s if heard else verdict.corrected_off_s).append(off_s)
        expected.append(("talk_s", talk_s, abs(off_s) <= (TALK_TOLERANCE_S if heard else CORRECTED_TOLERANCE_S)))
    for name, is_unknown in unknown.items():
        if is_unknown and covered:
            (verdict.unknown if _is_told(name, call) else verdict.untold)[f"{name} of {kind.name}"] += 1
    for name, truth, agrees in expected:
        if not agrees and not (covered and unknown.get(name, unknown["outcome"])):
            verdict.wrong.append(
                f"{_name(call)}: {name} is {record[name]!r}, and was {truth!r}: {record['call_id']}"
                f"{' (in a gap)' if covered else ''}"
            )
    if not covered and any(unknown.values()):
        verdict.wrong.append(
            f"{_name(call)}: {[name for name, is_so in unknown.items() if is_so]} not known: {record['call_id']}"
        )
    if not covered and not record["complete"]:
        verdict.wrong.append(f"{_name(call)}: not complete, and in no gap: {record['call_id']}")


def _compare_with_cdr(verdict: Verdict, records: Iterable[Record], cdr: Iterable[Mapping[str, str]]) -> None:
    """Every leg that the PBX wrote down is in one record, which ended when the PBX says and talked for no longer."""
    by_leg: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        for leg in record["pbx_ids"]:
            by_leg[leg].append(record)
    for row in cdr:
        verdict.rows += 1
        leg, name = row["uniqueid"], row["channel"]
        found = by_leg.get(leg, [])
        if len(found) != 1:
            # A gap may hide a helper leg for good; its call is found by the caller's.
            if found or not name.startswith("Local/"):
                verdict.wrong.append(f"CDR of {name} {leg}: in {len(found)} records {[each['call_id'] for each in found]}")
            continue
        (record,) = found
        ended_at, over_at = _seconds(row["end"] + "+00:00"), record["ended_at"]
        if over_at is None or _seconds(over_at) < ended_at - CDR_TOLERANCE_S:
            verdict.wrong.append(f"CDR of {name} {leg}: ended at {row['end']}, by {record['call_id']} at {over_at}")
        if (
            (record["talk_s"] or 0.0) > int(row["billsec"]) + CDR_TOLERANCE_S
            and row["dstchannel"]
            and row["disposition"] == "ANSWERED"
        ):
            verdict.wrong.append(
                f"CDR of {name} {leg}: {row['billsec']} s billed, {record['call_id']} talks {record['talk_s']} s"
            )


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


_IN_A_CDR: Final = {"rejected": "no_answer"}
"""Outcomes for which a CDR has another word."""


def _is_told(name: str, call: Seen) -> bool:
    """Tell whether the PBX's CDR or queue log tells this of a call that came and went, or was answered, in a gap."""
    if name == "called":
        return not call.plan.kind.goes_on
    # The seconds billed are from the menu's answer on, and no queue counted the talk.
    return name != "talk_s" or call.plan.kind.name != "menu to desk"


def _ended_by(call: Seen) -> str:
    if call.plan.hold != STAYS and "ended" not in call.caller and "ended" not in call.desk:
        return "pbx"
    return call.ended_by


def _name(call: Seen) -> str:
    return f"{call.plan.caller} ({call.plan.kind.name})"
