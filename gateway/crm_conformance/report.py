"""A report for people, or as JUnit for build servers."""

from xml.sax.saxutils import escape, quoteattr

from gateway.crm_conformance.suite import Report, Verdict

_MARKS = {"passed": "✓", "failed": "✗", "skipped": "-"}


def line_of(verdict: Verdict) -> str:
    """Return what came of a rule, in one line or, of a broken one, in three."""
    line = f"{_MARKS[verdict.state]} {verdict.what}"
    cause = printable(verdict.cause)
    if verdict.state == "failed":
        return f"{line}\n    {cause}\n    it matters because {verdict.why}"
    return f"{line}: {cause}" if cause else line


def summary_of(report: Report) -> str:
    """Return what stands below all rules."""
    count = {state: sum(1 for each in report.verdicts if each.state == state) for state in _MARKS}
    lines = [f"{report.adapter}: {count['passed']} kept, {count['failed']} broken, {count['skipped']} not tried"]
    if report.left:
        lines.append(f"left in the CRM, to delete there: {printable(', '.join(report.left))}")
    return "\n".join(lines)


def junit_of(report: Report) -> str:
    """Return a report as JUnit's XML."""
    cases = []
    for each in report.verdicts:
        inside = ""
        if each.state == "failed":
            inside = f"<failure message={quoteattr(printable(each.cause))}>{escape(printable(each.why))}</failure>"
        if each.state == "skipped":
            inside = f"<skipped message={quoteattr(printable(each.cause))}/>"
        cases.append(f"  <testcase classname={quoteattr(report.adapter)} name={quoteattr(each.name)}>{inside}</testcase>")
    failed = sum(1 for each in report.verdicts if each.state == "failed")
    head = f'<testsuite name="tieline crm conformance" tests="{len(report.verdicts)}" failures="{failed}">'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *cases, "</testsuite>", ""])


def printable(text: str) -> str:
    """Return what a CRM said without what no terminal takes."""
    return "".join(character if character.isprintable() else " " for character in text)[:1_000]
