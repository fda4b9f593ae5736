from contextlib import suppress

from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict
from support.kept_tokens import KeptTokens, bearer

from gateway.api.access_figures import AccessFigures
from gateway.api.auth import TokenAuthenticator
from gateway.api.problems import ApiError
from gateway.model.limits import Buckets, Rate


def told(figures: AccessFigures) -> dict[str, float]:
    samples = [sample for family in figures.collect() for sample in family.samples]
    return {sample.name + "".join(sample.labels.values()): sample.value for sample in samples}


async def test_what_was_refused_is_counted_by_why() -> None:
    one = Rate(per_second=0.001, burst=1)
    per_address, per_token, failures = Buckets(one), Buckets(one), Buckets(one)
    kept = KeptTokens()
    text = kept.give()
    authenticator = TokenAuthenticator(kept, per_token=per_token, failures=failures, now=lambda: 0.0, clock=lambda: 0.0)
    for _ in range(3):
        per_address.take("192.0.2.1", 0.0)
    for shown in (text, text, "tl_wrong", "tl_wrong", text[:-1] + "7"):
        request = make_mocked_request("GET", "/", headers=CIMultiDict(bearer(shown)), app=web.Application())
        with suppress(ApiError):
            await authenticator.principal(request)

    assert told(AccessFigures({"address": per_address, "token": per_token, "wrong_token": failures}, authenticator)) == {
        "tieline_requests_limited_totaladdress": 2,
        "tieline_requests_limited_totaltoken": 1,
        "tieline_requests_limited_totalwrong_token": 2,
        "tieline_tokens_refused_total": 3,
    }


def test_where_nobody_needs_a_token_none_is_refused() -> None:
    assert told(AccessFigures({}, None)) == {"tieline_tokens_refused_total": 0}
