import pytest
from support.crm import activity


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({}, "Inbound call +8613800138000"),
        ({"direction": "outbound"}, "Outbound call +8613800138000"),
        ({"number": None}, "Inbound call number withheld"),
    ],
)
def test_an_activity_says_in_a_line_what_it_is(changes: dict[str, str | None], subject: str) -> None:
    assert activity(**changes).subject == subject
