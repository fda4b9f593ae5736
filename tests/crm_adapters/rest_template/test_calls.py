"""One record of each call, by the steps that a template names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.crm import Answered, Asked, ServedCrm, activity, around, served

from crm_adapters.rest_template.calls import Calls
from crm_adapters.rest_template.client import Client
from crm_adapters.rest_template.plan import plan_of
from gateway.model.crm import CallStage
from gateway.ports.crm import CrmRefusedError, CrmUnavailableError

STEPS = """
crm: Desk
base: "{{values.url}}"
values: {url: where it is}
check: {path: /, says: Desk}
calls:
  create:
    - {method: POST, path: /tickets, json: {subject: "{{call.subject}}"}, keep: {id: "{{answer.id}}"}}
  then:
    - {method: POST, path: "/tickets/{{made.id}}/opened", once: opened}
    - {method: POST, path: "/tickets/{{made.id}}/note", json: {note: "{{call.note}}"}, since: ended, only_if: "{{call.note}}"}
    - {method: POST, path: "/tickets/{{made.id}}/closed", once: closed, since: ended}
  recording:
    - {method: POST, path: "/tickets/{{made.id}}/files", file: {field: upload}, form: {title: "{{call.subject}}"}}
"""


@asynccontextmanager
async def desk(fails: list[str] | None = None, answer: object = None) -> AsyncIterator[tuple[Calls, ServedCrm]]:
    failing = fails or []

    def answered(asked: Asked) -> Answered:
        if asked.path in failing:
            failing.remove(asked.path)
            return Answered(status=502)
        return Answered(body={"id": 7} if answer is None else answer)

    async with served(answered) as crm:
        plan = plan_of(STEPS, Path("desk.yaml"))
        client = Client(plan, {"url": crm.url}, around("desk"))
        yield Calls(plan, client), crm
        await client.close()


def paths(crm: ServedCrm) -> list[str]:
    return [asked.path.removeprefix("/tickets") for asked in crm.asked]


async def test_steps_are_done_when_the_call_has_come_so_far() -> None:
    async with desk() as (calls, crm):
        memo = await calls.put(activity(stage=CallStage.RINGING, note="n"), None)
        assert paths(crm) == ["", "/7/opened"]
        memo = await calls.put(activity(), memo)
        assert paths(crm)[2:] == ["/7/closed"]
        await calls.put(activity(note="later"), memo)
        assert paths(crm)[3:] == ["/7/note"]


async def test_a_try_that_failed_is_gone_on_with() -> None:
    async with desk(["/tickets/7/closed"]) as (calls, crm):
        with pytest.raises(CrmUnavailableError):
            await calls.put(activity(), None)
        await calls.put(activity(), None)
        assert paths(crm) == ["", "/7/opened", "/7/closed", "/7/closed"]


@pytest.mark.parametrize("answer", [{}, {"id": None}, {"id": {}}, {"id": "x" * 600}, []])
async def test_an_answer_without_an_id_does_not_fit(answer: object) -> None:
    async with desk(answer=answer) as (calls, _crm):
        with pytest.raises(CrmRefusedError, match="desk: POST answered no id: its template does not fit this CRM"):
            await calls.put(activity(), None)


class _Sound:
    file_name = "a\r\nb.wav"
    content_type = "audio/wav"
    size = 4

    async def read(self) -> AsyncIterator[bytes]:
        yield b"RIFF"


async def test_a_recording_is_sent_as_a_file_once() -> None:
    async with desk() as (calls, crm):
        memo = await calls.put(activity(), None)
        memo = await calls.record(activity(), memo, _Sound())
        assert await calls.record(activity(), memo, _Sound()) == memo
        (asked,) = [each for each in crm.asked if each.path.endswith("/files")]
        assert asked.headers["content-type"].startswith("multipart/form-data")
        assert b'filename="ab.wav"' in asked.body
        assert b"Inbound call +8613800138000" in asked.body
