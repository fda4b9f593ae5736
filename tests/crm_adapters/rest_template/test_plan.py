"""From a template's file to what the adapter does."""

from pathlib import Path

import pytest

from crm_adapters.rest_template.plan import MAX_FILE_BYTES, built_in, load, plan_of
from gateway.model.errors import ConfigurationError

FILE = Path("crm/shop.yaml")
TOP = 'crm: Shop\nvalues: {url: where it is}\nbase: "{{values.url}}"\ncheck: {path: /, says: Shop}\n'


@pytest.mark.parametrize("name", built_in())
def test_what_comes_with_tieline_can_be_read(name: str) -> None:
    plan = load(None, name)
    assert plan.find
    assert plan.create
    assert plan.known is not None, "a lost answer is searched for"


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ("chekc: 1\n", "crm/shop.yaml: Object contains unknown field `chekc`"),
        ("find: [{path: /c, contact: {id: a, numbers: [b], nam: c}}]\n", "find[0].contact: Object contains unknown field `nam`"),
        ("find: [{path: /c, contact: {id: a, numbers: []}}]\n", "find[0].contact.numbers: Expected `array` of length >= 1"),
        (
            'find: [{path: "/c/{{call.id}}", contact: {id: a, numbers: [b]}}]\n',
            "find[0].path: {{call.id}}: there is no call here",
        ),
        ('find: [{path: /c, rows: "a b", contact: {id: a, numbers: [b]}}]\n', "find[0].rows: 'a b' is no path"),
        ('calls: {create: [{path: /c, json: {a: "{{call.x"}}]}\n', "calls.create[0].json: '{{call.x' has braces"),
        (
            'calls: {find: {path: /c, query: {q: "n={{call.note}}"}, keep: {}}, create: [{path: /c}]}\n',
            "calls.find.query: {{call.note}}",
        ),
        ("calls: {create: [{path: /c, json: {}, form: {a: b}}]}\n", "calls.create[0]: json does not go with form or file"),
        ("tickets: {steps: [{path: /t}]}\n", "tickets.steps: no step keeps an id"),
        ('failed: [{at: error, matches: "("}]\n', "failed[0].matches: missing )"),
        ('headers: {X-Key: "{{values.key}}"}\n', "values: there is no key, which the template asks for"),
        ("  bad: [\n", "crm/shop.yaml:5: is no YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(more: str, text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        plan_of(TOP + more, FILE)
    assert text in str(caught.value)


def test_too_much_is_no_template() -> None:
    with pytest.raises(ConfigurationError, match="bytes at most"):
        plan_of("#" * MAX_FILE_BYTES + "\n" + TOP, FILE)


@pytest.mark.parametrize(
    ("file", "template", "text"),
    [
        (None, None, "write one of file and template; there come: .*dolibarr16"),
        ("a", "b", "write one of file and template"),
        (None, "nothing", "there is no template nothing; there is: .*dolibarr16"),
        ("/no/such.yaml", None, "/no/such.yaml: cannot be read"),
    ],
)
def test_which_template_must_be_clear(file: str | None, template: str | None, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        load(file, template)
