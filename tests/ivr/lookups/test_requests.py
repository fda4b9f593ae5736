import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from ivr.definition.values import Handler
from ivr.lookups.requests import MAX_VALUE_CHARACTERS, UnfitError, moved, request_of

TRACK = Handler(url="https://erp.example/parcels/{order}?by={phone}", headers={"X-Asked-For": "{order}"})


def test_values_are_escaped_where_they_stand() -> None:
    request = request_of(TRACK, {"order": "SF 1/2?x=#单", "phone": "+86&admin=1"})

    assert request.url == "https://erp.example/parcels/SF%201%2F2%3Fx%3D%23%E5%8D%95?by=%2B86%26admin%3D1"
    assert request.headers == {"X-Asked-For": "SF 1/2?x=#单"}
    assert request.body is None


@given(st.text(max_size=30))
def test_no_value_changes_where_a_request_goes(value: str) -> None:
    try:
        url = URL(request_of(TRACK, {"order": value, "phone": value}).url, encoded=True)
    except (UnfitError, UnicodeEncodeError):
        return
    assert (url.scheme, url.host, len(url.raw_parts), list(url.query)) == ("https", "erp.example", 3, ["by"])


def test_a_body_is_json_whatever_is_said() -> None:
    handler = Handler(url="https://erp.example/plans", method="POST", body={"plan": "{plan}", "by": "tieline"})

    assert request_of(handler, {"plan": '","admin":"1'}).body == b'{"plan":"\\",\\"admin\\":\\"1","by":"tieline"}'


@pytest.mark.parametrize("value", [".", "..", "a\r\nX-Admin: 1", "1" * (MAX_VALUE_CHARACTERS + 1)])
def test_a_value_that_would_lead_elsewhere_is_refused(value: str) -> None:
    with pytest.raises(UnfitError):
        request_of(TRACK, {"order": value, "phone": "1"})


@pytest.mark.parametrize("url", ["https://{order}.example/", "file:///etc/passwd", "//erp.example/", "https://erp{order}/", ""])
def test_an_address_without_a_fixed_host_is_refused(url: str) -> None:
    with pytest.raises(UnfitError, match="url:"):
        request_of(Handler(url=url), {"order": "evil.example/"})


def test_a_host_may_be_elsewhere_and_only_the_host() -> None:
    request = request_of(TRACK, {"order": "SF1/2", "phone": "+86"})

    assert moved(request, {"erp.example": "http://127.0.0.1:8099"}).url == "http://127.0.0.1:8099/parcels/SF1%2F2?by=%2B86"
    assert moved(request, {"example": "http://127.0.0.1:8099"}) == request
