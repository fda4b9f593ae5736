"""A report for people, and for build servers."""

from xml.etree import ElementTree as ET

from gateway.crm_conformance.report import junit_of, line_of, summary_of
from gateway.crm_conformance.suite import Report, Verdict

GOOD = Verdict(name="check", what="it says who it is", why="one sees", state="passed", cause="Shop 1")
BAD = Verdict(name="find", what="it finds", why="agents see", state="failed", cause='crm: <b>"no"\x1b[2J')
NOT = Verdict(name="pop", what="it pops", why="cards", state="skipped", cause="not claimed")
REPORT = Report(adapter="shop", verdicts=(GOOD, BAD, NOT), left=("contact 7",))


def test_a_rule_is_a_line_and_a_broken_one_says_why_it_matters() -> None:
    assert line_of(GOOD) == "✓ it says who it is: Shop 1"
    assert line_of(BAD) == '✗ it finds\n    crm: <b>"no" [2J\n    it matters because agents see'
    assert line_of(NOT) == "- it pops: not claimed"


def test_the_sum_names_what_is_left() -> None:
    assert summary_of(REPORT) == "shop: 1 kept, 1 broken, 1 not tried\nleft in the CRM, to delete there: contact 7"


def test_build_servers_can_read_it() -> None:
    suite = ET.fromstring(junit_of(REPORT).encode())
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    assert [[inner.tag for inner in case] for case in suite] == [[], ["failure"], ["skipped"]]
    assert suite[1][0].get("message") == 'crm: <b>"no" [2J'
