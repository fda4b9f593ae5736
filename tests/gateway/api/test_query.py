from collections.abc import Callable

import pytest
from aiohttp.test_utils import make_mocked_request

from gateway.api import query
from gateway.api.problems import ApiError


def test_parameters_are_read() -> None:
    request = make_mocked_request("GET", "/?state=ended&limit=7&ids=a,b,,c")

    query.known(request, ("state", "limit", "ids"))
    assert query.choice(request, "state", ("active", "ended"), "active") == "ended"
    assert query.number(request, "limit", least=1, most=10, default=5) == 7
    assert query.words(request, "ids", most=3) == ["a", "b", "c"]


def test_missing_parameters_have_their_defaults() -> None:
    request = make_mocked_request("GET", "/")

    assert query.choice(request, "state", ("active", "ended"), "active") == "active"
    assert query.number(request, "limit", least=1, most=10, default=5) == 5
    assert query.words(request, "ids", most=3) is None


@pytest.mark.parametrize(
    ("path", "read", "detail"),
    [
        ("/?stat=x", lambda request: query.known(request, ("state",)), "stat: there is no such parameter"),
        ("/?s=x", lambda request: query.choice(request, "s", ("a", "b"), "a"), "s: 'x' is none of a, b"),
        (
            "/?n=0",
            lambda request: query.number(request, "n", least=1, most=9, default=1),
            "n: '0' is no whole number from 1 to 9",
        ),
        ("/?n=-1", lambda request: query.number(request, "n", least=1, most=9, default=1), "n: '-1' is no"),
        ("/?n=%D9%A1", lambda request: query.number(request, "n", least=1, most=9, default=1), "n: '١' is no"),
        ("/?n=1e3", lambda request: query.number(request, "n", least=1, most=9, default=1), "n: '1e3' is no"),
        (f"/?n={'9' * 5000}", lambda request: query.number(request, "n", least=1, most=9, default=1), "n: '999"),
        ("/?ids=a,b", lambda request: query.words(request, "ids", most=1), "ids: 2 are too many: 1 at once"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(path: str, read: Callable[[object], object], detail: str) -> None:
    with pytest.raises(ApiError) as refused:
        read(make_mocked_request("GET", path))

    assert refused.value.status == 400
    assert refused.value.detail.startswith(detail)
