"""What stands in a template."""

import msgspec
import pytest

from crm_adapters.rest_template.template import Ask, Failure, Find, Step


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (Ask, {"path": "/", "method": "TRACE"}),
        (Ask, {"path": "/", "empty_on": [4040]}),
        (Find, {"path": "/", "contact": {"id": "x", "numbers": ["y"]}, "each": "digit"}),
        (Step, {"path": "/", "keep": {"Id": "x"}}),
        (Step, {"path": "/", "since": "lunch"}),
        (Failure, {"at": "error", "means": "fine"}),
    ],
)
def test_only_what_there_is_is_taken(kind: type, raw: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(raw, kind)
