"""What becomes of connections that were opened with an access token."""

import pytest
from aiohttp.test_utils import make_mocked_request
from support.kept_tokens import KeptTokens

from gateway.api.access_tokens import LIFE_S, AccessTokens
from gateway.api.problems import ApiError
from gateway.model.principals import NOBODY, Scope
from gateway.model.tokens import id_in


async def test_an_open_connection_ends_with_its_token_and_with_its_client() -> None:
    tokens, now = KeptTokens(), [0.0]
    text = tokens.give(Scope.EVENTS_READ)
    others = tokens.authenticator()
    request = make_mocked_request("GET", "/")
    client = await others.shown(request, text)
    kept = AccessTokens(others, now=lambda: now[0], random_bytes=lambda size: bytes(size))
    principal = await kept.shown(request, kept.give(client, client))
    await kept.still(principal)
    now[0] = LIFE_S
    with pytest.raises(ApiError, match="expired"):
        await kept.still(principal)


async def test_who_shows_an_api_token_or_nothing_is_the_matter_of_others() -> None:
    tokens = KeptTokens()
    text = tokens.give(Scope.EVENTS_READ)
    kept = AccessTokens(tokens.authenticator(), now=lambda: 0.0, random_bytes=lambda size: bytes(size))
    headers = {"Authorization": f"Bearer {text}"}
    assert (await kept.principal(make_mocked_request("GET", "/", headers=headers))).id == id_in(text)
    assert await kept.anybody(make_mocked_request("GET", "/")) is NOBODY
