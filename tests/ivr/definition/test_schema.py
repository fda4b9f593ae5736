from pathlib import Path

import jsonschema
import yaml

from ivr.definition.schema import schema, schema_text

TOP = Path(__file__).parents[3]


def test_the_schema_beside_the_example_is_the_one_of_the_types() -> None:
    text = (TOP / "config" / "itr.schema.json").read_text("utf-8")
    assert text == schema_text(), "write it anew: tieline itr schema > config/itr.schema.json"


def test_an_editor_accepts_what_is_right_and_marks_a_misspelt_key() -> None:
    right = yaml.safe_load("{itr: 1, name: a, languages: [en], start: m, human: {queue: q}, nodes: {m: {say: hello}}}")
    validator = jsonschema.Draft202012Validator(schema())

    assert list(validator.iter_errors(right)) == []
    assert list(validator.iter_errors({**right, "nodes": {"m": {"sey": "hello"}}}))
