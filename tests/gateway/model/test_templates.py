import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.errors import TemplateError
from gateway.model.templates import MAX_DEPTH, MAX_TEMPLATE_BYTES, template_of

EVENT = {
    "id": "c:1",
    "type": "call.ended",
    "position": 7,
    "data": {"caller": "+49 30", "agents": [{"name": "王"}, {"name": 'B"o'}], "talk_s": 1.5, "digits": None, "vip": True},
}


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ('{"a": "{{data.talk_s}}"}', {"a": 1.5}),
        ('{"a": "{{ data.agents.1.name }}"}', {"a": 'B"o'}),
        ('{"a": "{{data.agents}}"}', {"a": EVENT["data"]["agents"]}),  # type: ignore[index]  # it is a dictionary
        (
            '"Call {{id}} of {{data.caller}} for {{data.talk_s}} s, {{data.digits}}{{data.none}}{{data.vip}}"',
            "Call c:1 of +49 30 for 1.5 s, true",
        ),
        ('["{{position}}", 5, null, true, "plain", {"x": "{{type}}"}]', [7, 5, None, True, "plain", {"x": "call.ended"}]),
        ('"{{data.agents.9.name}}"', None),
        ('"{{data.caller.more}}"', None),
        ('"{{call_id}}"', None),
        ('{"{{id}}": 1}', {"{{id}}": 1}),
        ('"{one} }"', "{one} }"),
    ],
)
def test_placeholders_become_what_the_event_says(template: str, made: Any) -> None:
    assert template_of(template)(EVENT) == made


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{", "the template is no JSON"),
        ('{"a": "{{data.caller"}', "'{{data.caller' has braces that are no placeholder: write {{data.caller}}"),
        ('"{{}}"', "braces"),
        ('"{{data[0]}}"', "braces"),
        ('"{{__class__.x}}"', "an event has call_id, data, id,"),
        ('"{{caller}}"', "{{caller}}: an event has"),
        ('"' + "x" * MAX_TEMPLATE_BYTES + '"', "16384 bytes at most"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "more than 32 levels"),
        ("[" * 8_000 + "]" * 8_000, "the template"),
    ],
)
def test_what_cannot_be_read_is_told(template: str, said: str) -> None:
    with pytest.raises(TemplateError, match=said.replace("{", r"\{").replace("[", r"\[")):
        template_of(template)


@given(text=st.text(max_size=200), value=st.text(max_size=50))
def test_what_an_event_says_never_changes_the_shape(text: str, value: str) -> None:
    template = json.dumps({"said": "{{data.caller}}", "in": "<{{data.caller}}>"})

    made = msgspec.json.decode(msgspec.json.encode(template_of(template)({"data": {"caller": value}})))

    assert made == {"said": value, "in": f"<{value}>"}
    with suppress(TemplateError):
        template_of(json.dumps(text))
