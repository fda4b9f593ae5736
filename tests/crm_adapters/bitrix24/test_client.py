"""The portal's REST API: what its errors mean, and what is in no error's text."""

from collections.abc import AsyncIterator

import pytest
from support.crm import Answered, FreePace, ServedCrm, around, served
from support.crm_bitrix24 import WEBHOOK, command_of

from crm_adapters.bitrix24.client import LIMITED_S, Bitrix24
from gateway.model.errors import ConfigurationError
from gateway.model.secret import Secret
from gateway.ports.crm import CrmDeniedError, CrmError, CrmGoneError, CrmRefusedError, CrmUnavailableError


@pytest.fixture
async def answers() -> list[Answered]:
    return []


@pytest.fixture
async def crm(answers: list[Answered]) -> AsyncIterator[ServedCrm]:
    async with served(lambda asked: answers.pop(0)) as server:
        yield server


@pytest.fixture
async def bitrix(crm: ServedCrm) -> AsyncIterator[Bitrix24]:
    client = Bitrix24(around("sales"), Secret(crm.url + WEBHOOK))
    yield client
    await client.close()


@pytest.mark.parametrize(
    ("status", "code", "kind", "cure"),
    [
        (503, "QUERY_LIMIT_EXCEEDED", CrmUnavailableError, ""),
        (429, "OPERATION_TIME_LIMIT", CrmUnavailableError, ""),
        (200, "OPERATION_TIME_LIMIT", CrmUnavailableError, ""),
        (500, "INTERNAL_SERVER_ERROR", CrmUnavailableError, ""),
        (500, "SOMETHING_NEW", CrmUnavailableError, ""),
        (401, "expired_token", CrmDeniedError, "write that of an inbound webhook"),
        (401, "INVALID_CREDENTIALS", CrmDeniedError, "copy it anew"),
        (401, "NO_AUTH_FOUND", CrmDeniedError, "whole address"),
        (403, "insufficient_scope", CrmDeniedError, "Tick telephony, crm and user"),
        (200, "insufficient_scope", CrmDeniedError, "Tick telephony, crm and user"),
        (404, "ERROR_METHOD_NOT_FOUND", CrmDeniedError, "Tick telephony, crm and user"),
        (403, "WRONG_AUTH_TYPE", CrmDeniedError, "lets only an application"),
        (401, "ACCESS_DENIED", CrmDeniedError, "the right to it"),
        (403, "SOMETHING_NEW", CrmDeniedError, "the right to it"),
        (400, "ERROR_CORE", CrmRefusedError, ""),
        (200, "ERROR_CORE", CrmRefusedError, ""),
        (400, "SIMULATOR_VALIDATION", CrmRefusedError, ""),
    ],
)
async def test_each_code_is_one_error_whatever_the_status(
    bitrix: Bitrix24, answers: list[Answered], status: int, code: str, kind: type[CrmError], cure: str
) -> None:
    answers.append(Answered(status=status, body={"error": code, "error_description": "so it is"}))
    with pytest.raises(CrmError, match=r"^sales: ") as raised:
        await bitrix.call("user.get", {})
    assert type(raised.value) is kind
    assert "so it is" in str(raised.value)
    assert cure in str(raised.value)
    assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"error": "", "error_description": "Not found"}, CrmGoneError),
        (
            {"error": "ERROR_CORE", "error_description": "Call is not found (call should be registered"},
            CrmGoneError,
        ),
        ({"error": "ERROR_CORE", "error_description": "User is not found or is not active"}, CrmRefusedError),
        ({"error": "ERROR_CORE", "error_description": "Unknown TYPE"}, CrmRefusedError),
    ],
)
async def test_a_row_that_is_gone_is_told_from_a_user_who_left(
    bitrix: Bitrix24, answers: list[Answered], said: dict[str, str], kind: type[CrmError]
) -> None:
    answers.append(Answered(status=400, body=said))
    with pytest.raises(CrmRefusedError) as raised:
        await bitrix.call("telephony.externalCall.finish", {})
    assert type(raised.value) is kind


async def test_a_portal_that_limits_us_is_left_alone_by_all(crm: ServedCrm, answers: list[Answered]) -> None:
    surroundings = around()
    client = Bitrix24(surroundings, Secret(crm.url + WEBHOOK))
    answers.append(Answered(status=503, body={"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}))
    with pytest.raises(CrmUnavailableError):
        await client.call("user.get", {})
    assert isinstance(surroundings.pace, FreePace)
    assert surroundings.pace.pauses == [LIMITED_S]
    await client.close()


async def test_a_new_address_is_told_without_the_token_in_it(bitrix: Bitrix24, answers: list[Answered]) -> None:
    answers.append(Answered(status=301, headers={"Location": "https://new.example.com/rest/1/s3cr3t/user.get.json"}))
    with pytest.raises(CrmDeniedError, match=r"the portal is at https://new\.example\.com: write that") as raised:
        await bitrix.call("user.get", {})
    assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answered(body=b"<html>sign in</html>"), CrmRefusedError),
        (Answered(body=["x"]), CrmRefusedError),
        (Answered(body={"time": {}}), CrmRefusedError),
        (Answered(status=502, body=b"<html>502</html>"), CrmUnavailableError),
        (Answered(status=502, body={}), CrmUnavailableError),
    ],
)
async def test_what_is_no_answer_is_an_error(
    bitrix: Bitrix24, answers: list[Answered], answer: Answered, kind: type[CrmError]
) -> None:
    answers.append(answer)
    with pytest.raises(CrmError) as raised:
        await bitrix.call("user.get", {})
    assert type(raised.value) is kind


async def test_a_batch_fails_with_its_command(bitrix: Bitrix24, answers: list[Answered]) -> None:
    failed = {"b": {"error": "insufficient_scope", "error_description": ""}}
    answers.append(Answered(body={"result": {"result": {"a": []}, "result_error": failed}}))
    with pytest.raises(CrmDeniedError, match=r"^sales: user.search: insufficient_scope"):
        await bitrix.batch({"a": ("user.get", {}), "b": ("user.search", {})})


async def test_a_batch_is_one_request_that_php_reads(crm: ServedCrm, bitrix: Bitrix24, answers: list[Answered]) -> None:
    empty: list[object] = []
    answers.append(Answered(body={"result": {"result": empty, "result_error": empty, "result_total": empty}}))
    params = {"type": "PHONE", "values": ["+86 138", "00 & 1=2"], "filter": {"@ID": [7]}}
    said = await bitrix.batch({"a": ("crm.duplicate.findbycomm", params)})
    assert (said.rows("a"), said.named("a"), said.total("a")) == ([], {}, 0)
    (asked,) = crm.asked
    assert command_of(asked.json()["cmd"]["a"]) == (
        "crm.duplicate.findbycomm",
        {"type": "PHONE", "values": ["+86 138", "00 & 1=2"], "filter": {"@ID": ["7"]}},
    )


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "https://example.bitrix24.com/",
        "https://example.bitrix24.com/rest/s3cr3t/",
        "https://example.bitrix24.com/rest/0/s3cr3t/",
        "https://user:pw@example.bitrix24.com/rest/1/s3cr3t/",
        "ftp://example.bitrix24.com/rest/1/s3cr3t/",
        "https://example.bitrix24.com/rest/1/s3cr3t/profile.json",
    ],
)
def test_an_address_of_another_kind_is_refused_with_the_cure_and_not_shown(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="crm sales: url is not the address of an inbound webhook") as raised:
        Bitrix24(around("sales"), Secret(wrong))
    assert "s3cr3t" not in str(raised.value)


def test_the_address_says_the_portal_and_the_user() -> None:
    client = Bitrix24(around(), Secret("https://example.bitrix24.com/rest/12/s3cr3t"))
    assert (client.portal, client.user) == ("https://example.bitrix24.com", 12)
