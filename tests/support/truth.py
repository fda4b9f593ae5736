"""Compare call records with a capture's truth: what telephones and the PBX's own CDR say, never the event stream."""

import gzip
import itertools
import json
from pathlib import Path
from typing import Any, Final

TOLERANCE_S: Final = 0.4
"""Seconds by which a length may differ: telephones and PBX see the same moment at different times."""


def differences(want: object, got: object, path: str = "") -> list[str]:
    """Return what in ``got`` disagrees with ``want``; fields that ``want`` does not name are not compared."""
    if isinstance(want, dict):
        if not isinstance(got, dict):
            return [f"{path}: expected an object, got {got!r}"]
        return [
            found for key, value in want.items() for found in differences(value, got.get(key), f"{path}.{key}" if path else key)
        ]
    if isinstance(want, list):
        if not isinstance(got, list) or len(got) != len(want):
            return [f"{path}: expected {want!r}, got {got!r}"]
        return [
            found
            for index, (one, other) in enumerate(zip(want, got, strict=True))
            for found in differences(one, other, f"{path}[{index}]")
        ]
    if path.endswith("_s") and isinstance(want, int | float):
        if not isinstance(got, int | float) or abs(got - want) > TOLERANCE_S:
            return [f"{path}: expected {want} s, got {got!r}"]
        return []
    return [] if want == got else [f"{path}: expected {want!r}, got {got!r}"]


def read_truth(folder: Path) -> dict[str, Any]:
    """Return ``truth.json``, with the calls of ``truth_calls.jsonl[.gz]`` under ``by_caller`` where there is one."""
    truth: dict[str, Any] = json.loads((folder / "truth.json").read_text())
    plain, packed = folder / "truth_calls.jsonl", folder / "truth_calls.jsonl.gz"
    if plain.exists():
        truth["by_caller"] = [json.loads(line) for line in plain.read_text().splitlines()]
    elif packed.exists():
        truth["by_caller"] = [json.loads(line) for line in gzip.decompress(packed.read_bytes()).splitlines()]
    return truth


def has_calls(truth: dict[str, Any]) -> bool:
    """Tell whether the truth says anything of calls; captures of commands and encodings do not."""
    return bool({"calls", "call_count", "by_caller"} & truth.keys())


def compare(truth: dict[str, Any], records: list[dict[str, Any]]) -> list[str]:
    """Return every disagreement between a truth and the records of its replay, one line each."""
    if "by_caller" in truth:
        return _compare_by_caller(truth["by_caller"], records)
    if "call_count" in truth:
        found = [] if truth["call_count"] == len(records) else [f"expected {truth['call_count']} calls, got {len(records)}"]
        return found + [line for record in records for line in differences(truth.get("each", {}), record)]
    calls = truth["calls"]
    optional = set(truth.get("optional_calls", []))
    if optional and len(records) == len(calls) - len(optional):
        calls = [call for index, call in enumerate(calls) if index not in optional]
    if len(records) != len(calls):
        summary = [{key: record.get(key) for key in ("caller", "called", "outcome")} for record in records]
        return [f"expected {len(calls)} call(s), got {len(records)}: {summary}"]
    orders = (
        [f"call {index}: {line}" for index, pair in enumerate(zip(calls, order, strict=True)) for line in differences(*pair)]
        for order in itertools.permutations(records)
    )
    return min(orders, key=len, default=[])


def _compare_by_caller(calls: list[dict[str, Any]], records: list[dict[str, Any]]) -> list[str]:
    by_caller: dict[object, list[dict[str, Any]]] = {}
    for record in records:
        by_caller.setdefault(record.get("caller"), []).append(record)
    found = []
    for want in calls:
        got = by_caller.pop(want["caller"], [])
        if len(got) == 1:
            found += [f"caller {want['caller']}: {line}" for line in differences(want, got[0])]
        else:
            found.append(f"caller {want['caller']}: {len(got)} records")
    return found + [f"left over: caller {caller}" for caller in by_caller]
