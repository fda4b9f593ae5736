"""HTTP to a CRM: which failure is which error, and that nothing of it is endless."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from support.certificates import Certificates
from support.crm import Answered, FreePace, ServedCrm, around, served

from crm_adapters._kit import http
from crm_adapters._kit.http import Answer, CrmHttp, pause_of, usual_reason
from gateway.ports.crm import CrmDeniedError, CrmError, CrmGoneError, CrmRefusedError, CrmUnavailableError


@pytest.fixture
async def crm() -> AsyncIterator[tuple[ServedCrm, list[Answered]]]:
    answers: list[Answered] = []
    async with served(lambda asked: answers.pop(0)) as server:
        yield server, answers


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, CrmRefusedError),
        (401, CrmDeniedError),
        (403, CrmDeniedError),
        (404, CrmGoneError),
        (408, CrmUnavailableError),
        (409, CrmRefusedError),
        (429, CrmUnavailableError),
        (500, CrmUnavailableError),
        (503, CrmUnavailableError),
        (302, CrmDeniedError),
    ],
)
async def test_each_status_is_one_error_that_names_the_crm(
    crm: tuple[ServedCrm, list[Answered]], status: int, kind: type[CrmError]
) -> None:
    server, answers = crm
    answers.append(Answered(body={"message": "so it is"}, status=status))
    client = CrmHttp(around("sales"), server.url)
    with pytest.raises(CrmError, match=f"^sales: status {status}: so it is") as raised:
        await client.call("GET", "/x")
    assert type(raised.value) is kind
    await client.close()


async def test_a_crm_that_limits_us_is_left_alone_by_all(crm: tuple[ServedCrm, list[Answered]]) -> None:
    server, answers = crm
    answers.append(Answered(status=429, headers={"Retry-After": "7"}))
    surroundings = around()
    client = CrmHttp(surroundings, server.url)
    with pytest.raises(CrmUnavailableError) as raised:
        await client.send("GET", "/x")
    assert raised.value.retry_after_s == 7.0
    assert isinstance(surroundings.pace, FreePace)
    assert surroundings.pace.pauses == [7.0]
    await client.close()


async def test_a_crm_that_is_silent_does_not_hold_us(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(asked: object) -> Answered:
        await asyncio.Event().wait()
        raise AssertionError

    async with served(silent) as server:
        client = CrmHttp(around(), server.url, timeout_s=0.05)
        with pytest.raises(CrmUnavailableError, match="did not answer within"):
            await client.call("GET", "/x?key=secret")
        await client.close()


async def test_a_crm_that_is_away_is_told_without_the_key_in_its_address() -> None:
    client = CrmHttp(around(), "http://user:secret@127.0.0.1:1")
    with pytest.raises(CrmUnavailableError) as raised:
        await client.call("GET", "/x?key=secret")
    assert "secret" not in str(raised.value)
    await client.close()


async def test_an_answer_without_end_is_none(monkeypatch: pytest.MonkeyPatch, crm: tuple[ServedCrm, list[Answered]]) -> None:
    server, answers = crm
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 10)
    answers.append(Answered(body=b"x" * 1000))
    client = CrmHttp(around(), server.url)
    with pytest.raises(CrmRefusedError, match="more than 10 bytes"):
        await client.call("GET", "/x")
    await client.close()


async def test_200_with_what_is_no_json_is_an_error(crm: tuple[ServedCrm, list[Answered]]) -> None:
    server, answers = crm
    answers.append(Answered(body=b"<html>sign in</html>"))
    client = CrmHttp(around(), server.url)
    with pytest.raises(CrmRefusedError, match="no JSON"):
        await client.call("GET", "/x")
    await client.close()


async def test_what_is_nested_without_end_is_no_json(crm: tuple[ServedCrm, list[Answered]]) -> None:
    server, answers = crm
    client = CrmHttp(around(), server.url)
    for status in (200, 400):
        answers.append(Answered(body=b"[" * 100_000, status=status))
        with pytest.raises(CrmRefusedError):
            await client.call("GET", "/x")
    await client.close()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "99999999"}, 3_600.0),
        ({"retry-after": "-4"}, None),
        ({"retry-after": "Sun, 22 Nov 2026 11:30:40 GMT", "date": "Sun, 22 Nov 2026 11:30:10 GMT"}, 30.0),
    ],
)
def test_how_long_it_wants_to_be_left_alone(headers: dict[str, str], seconds: float | None) -> None:
    assert pause_of(headers) == seconds


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"error": {"message": "no\\nsuch field"}}', "no such field"),
        (b'{"error_description": "expired"}', "expired"),
        (b"<html>502</html>", ""),
        (b"plain words", "plain words"),
        (b"", ""),
    ],
)
def test_what_an_answer_says_of_its_failure(body: bytes, reason: str) -> None:
    assert usual_reason(Answer(status=400, headers={}, body=body)) == reason


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (
            "http://127.0.0.1:9",
            "127.0.0.1:9 cannot be reached: Connection refused: is it on, is the url right, is a firewall",
        ),
        ("http://nobody.invalid", "nobody.invalid cannot be reached: nobody knows a host of that name: look at the url, and at"),
        ("http://user:secret@[::2", "[::2 cannot be reached: it is no address: look at the url"),
    ],
)
async def test_who_cannot_be_reached_is_told_with_what_to_look_at(url: str, why: str) -> None:
    client = CrmHttp(around("sales"), url)
    with pytest.raises(CrmUnavailableError) as caught:
        await client.send("GET", "/calls")
    await client.close()
    assert str(caught.value).startswith(f"sales: {why}")
    assert "secret" not in str(caught.value)


async def test_whoever_is_not_trusted_is_told_apart_from_who_speaks_no_tls(tmp_path: Path) -> None:
    runner = web.AppRunner(web.Application(), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=Certificates(tmp_path).server_context()).start()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        for place, why in enumerate(
            ("its certificate is not trusted (", "it does not speak TLS there: look at the url's https://")
        ):
            client = CrmHttp(around("sales"), f"https://127.0.0.1:{runner.addresses[place][1]}")
            with pytest.raises(CrmUnavailableError) as caught:
                await client.send("GET", "/calls")
            await client.close()
            assert f"cannot be reached: {why}" in str(caught.value)
    finally:
        await runner.cleanup()
