from pathlib import Path

import pytest

from ivr.definition.reading import Definition, parse_dialog
from ivr.definition.values import Choice, LookUp, Node, When
from ivr.lint.ways import way_problems, ways_from

HEAD = """itr: 1
name: d
languages: [en]
start: main
human: {queue: q}
nodes:
  main: {say: Hello, choices: [{digit: '1', go: a}]}
"""


def definition(nodes: str) -> Definition:
    return parse_dialog(HEAD + nodes, Path("d.yaml"))


def told(nodes: str) -> list[str]:
    return [str(each) for each in way_problems(definition(nodes))]


def test_a_dialog_whose_ways_lead_somewhere_is_right() -> None:
    assert told("  a: {say: Yes, then: b}\n  b: {end: true}\n  c: {say: Said, examples: [to c please]}\n") == []


@pytest.mark.parametrize(
    ("nodes", "line"),
    [
        ("  a: {say: Yes}\n  b: {say: No}\n", "d.yaml:9: nodes.b: nobody gets here: no way leads to it."),
        ("  a: {label: A}\n", "d.yaml:8: nodes.a: is a dead end: it says and does nothing."),
        (
            "  a: {say: A, then: b}\n  b: {say: B, then: a}\n",
            "d.yaml:8: nodes.a.then: goes round for ever, waiting for nobody: a > b > a.",
        ),
        ("  a: {say: A}\nslots: {n: {type: number}}\n", "d.yaml:9: slots.n: is used by no node."),
        ("  a: {say: A}\nhandlers: {h: {url: x}}\n", "d.yaml:9: handlers.h: is used by no node."),
        ("  a: {say: A}\nhours: {h: {timezone: UTC, open: {}}}\n", "d.yaml:9: hours.h: is used by no node."),
    ],
)
def test_what_leads_nowhere_is_told_with_its_line(nodes: str, line: str) -> None:
    assert any(each.startswith(line) for each in told(nodes)), told(nodes)


def test_a_circle_in_which_something_waits_is_right() -> None:
    assert told("  a: {say: A, then: b}\n  b: {say: B, needs: [n], then: a}\nslots: {n: {type: number, ask: How many?}}\n") == []


def test_all_ways_from_a_node_are_known() -> None:
    node = Node(
        choices=(Choice(go="a"),),
        when=(When(value="v", equals="1", go="b"),),
        then="c",
        outside="d",
        look_up=LookUp(handler="h", not_found="e", down="f"),
    )
    assert sorted(ways_from(node)) == list("abcdef")


CATALOGUE = """slots: {n: {type: number, ask: How many?}}
catalogues:
  shop: {products: [{id: first, name: One}, {id: second, name: Two}, {id: large, name: Many, fits: {n: {at_least: 5}}}]}
"""


def test_a_product_that_no_answers_lead_to_is_told() -> None:
    assert told("  a: {say: '{product}', recommend: {catalogue: shop, ask: [n]}}\n" + CATALOGUE) == [
        f"d.yaml:8: nodes.a.recommend: {name} is recommended for no answers. "
        "Give it points, or move it up: of equally good ones the first is recommended"
        for name in ("second", "large")
    ]


def test_a_catalogue_that_no_node_recommends_from_is_told() -> None:
    assert "d.yaml:11: catalogues.shop: is used by no node. Use it or take it out" in told(
        "  a: {say: A, needs: [n]}\n" + CATALOGUE
    )
