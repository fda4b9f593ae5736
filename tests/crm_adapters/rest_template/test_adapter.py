"""A CRM that a template describes, as a CRM of the gateway's."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from support.crm import Answered, Asked, activity, around, served
from support.crm_rest import KEY, Dolibarr, dolibarr

import crm_adapters.rest_template
from crm_adapters.rest_template.adapter import RestTemplateAdapter, create
from crm_adapters.rest_template.settings import RestTemplateSettings
from gateway.model.crm import CallStage, CrmAbility, NewContact, NewTicket
from gateway.model.errors import ConfigurationError
from gateway.model.ids import CallId
from gateway.model.numbers import query_of
from gateway.model.secret import Secret
from gateway.plugins.manifest import MANIFEST_FILE, read_manifest
from gateway.ports.crm import (
    CrmDeniedError,
    CrmGoneError,
    CrmRefusedError,
    CrmUnavailableError,
)

QUERY = query_of("+8613800138000", "CN")
CALL = activity().call_id


@pytest.fixture
async def erp() -> AsyncIterator[tuple[Dolibarr, RestTemplateAdapter]]:
    async with dolibarr() as (there, crm):
        adapter = create(settings(crm.url), around("erp"))
        yield there, adapter
        await adapter.close()


def settings(url: str, key: str = KEY) -> RestTemplateSettings:
    return RestTemplateSettings(template="dolibarr16", values={"url": url, "owner": "1"}, secrets={"key": Secret(key)})


def test_the_manifest_promises_all_that_a_template_can() -> None:
    manifest = read_manifest(Path(crm_adapters.rest_template.__path__[0]) / MANIFEST_FILE)
    assert set(manifest.abilities) == set(CrmAbility) - {CrmAbility.POP, CrmAbility.CALLBACKS}


async def test_it_says_what_it_is_and_what_this_template_can(erp: tuple[Dolibarr, RestTemplateAdapter]) -> None:
    assert await erp[1].check() == "Dolibarr 16.0.3"
    assert erp[1].abilities == frozenset(CrmAbility) - {CrmAbility.POP, CrmAbility.CALLBACKS}


@pytest.mark.parametrize("written", ["+8613800138000", "138 0013 8000", "13800138000", "+86 138-0013-8000"])
async def test_a_caller_is_found_however_his_number_is_written(erp: tuple[Dolibarr, RestTemplateAdapter], written: str) -> None:
    there, adapter = erp
    there.add("contacts", {"firstname": "Wei", "lastname": "Zhang", "phone_mobile": written, "socname": "ACME"})
    there.add("contacts", {"lastname": "Li", "phone_mobile": "+8613800138001"})
    (found,) = await adapter.find(QUERY)
    assert (found.id, found.name, found.company, found.numbers) == ("contact/1", "Wei Zhang", "ACME", (written,))
    assert found.url is not None
    assert found.url.endswith("/contact/card.php?id=1")


async def test_nobody_is_no_error_though_it_answers_404(erp: tuple[Dolibarr, RestTemplateAdapter]) -> None:
    assert await erp[1].find(QUERY) == []


async def test_a_call_is_one_activity_from_its_first_ring_to_its_note(erp: tuple[Dolibarr, RestTemplateAdapter]) -> None:
    there, adapter = erp
    memo = None
    for stage in CallStage:
        memo = await adapter.put_call(activity(stage=stage), memo)
    memo = await adapter.put_call(activity(note="<b>rings back</b>\nmore"), memo)
    (event,) = there.tables["agendaevents"].values()
    assert event["label"] == "Inbound call +8613800138000"
    assert "Note: &lt;b&gt;rings back&lt;/b&gt;<br>more" in event["note"]
    assert await adapter.calls_of(CALL) == [event["id"]]


async def test_a_lost_answer_makes_no_second_activity(erp: tuple[Dolibarr, RestTemplateAdapter]) -> None:
    there, adapter = erp
    there.lost = ["agendaevents"]
    with pytest.raises(CrmUnavailableError, match="erp: status 502"):
        await adapter.put_call(activity(), None)
    await adapter.put_call(activity(note="later"), None)
    (event,) = there.tables["agendaevents"].values()
    assert "Note: later" in event["note"]


async def test_what_somebody_deleted_is_gone(erp: tuple[Dolibarr, RestTemplateAdapter]) -> None:
    there, adapter = erp
    memo = await adapter.put_call(activity(), None)
    there.tables["agendaevents"].clear()
    with pytest.raises(CrmGoneError):
        await adapter.put_call(activity(), memo)
    await adapter.put_call(activity(), None)
    assert len(there.tables["agendaevents"]) == 1


async def test_an_activity_is_withdrawn_once_or_twice(erp: tuple[Dolibarr, RestTemplateAdapter]) -> None:
    there, adapter = erp
    memo = await adapter.put_call(activity(), None)
    await adapter.withdraw_call(activity(), memo)
    await adapter.withdraw_call(activity(), memo)
    assert there.tables["agendaevents"] == {}


async def test_calls_at_once_are_kept_apart(erp: tuple[Dolibarr, RestTemplateAdapter]) -> None:
    ids = [CallId(f"01KAW5EGX0ABCDEFGHJKMNPQR{index}") for index in range(5)]
    await asyncio.gather(*(erp[1].put_call(activity(call_id=each), None) for each in ids))
    assert [len(await erp[1].calls_of(each)) for each in ids] == [1] * 5


async def test_a_contact_is_made_once(erp: tuple[Dolibarr, RestTemplateAdapter]) -> None:
    there, adapter = erp
    made = await adapter.make_contact(NewContact(name="Zhang Wei", number="+8613800138000"))
    again = await adapter.make_contact(NewContact(name="Zhang Wei", number="+8613800138000"))
    assert made.id == again.id == "contact/1"
    assert there.tables["contacts"][1] == {
        "id": "1", "lastname": "Wei", "firstname": "Zhang", "phone_mobile": "+8613800138000",
    }  # fmt: skip


async def test_a_ticket_is_made_once_a_call_and_its_text_is_no_page(erp: tuple[Dolibarr, RestTemplateAdapter]) -> None:
    there, adapter = erp
    new = NewTicket(title="<i>broken</i>", text="<script>alert(1)</script>", call_id=CALL, number="+8613800138000")
    made = await adapter.make_ticket(new)
    assert await adapter.make_ticket(new) == made
    (ticket,) = there.tables["tickets"].values()
    assert ticket["subject"] == "<i>broken</i>"
    assert ticket["message"].startswith("<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>")


async def test_users_have_their_extensions(erp: tuple[Dolibarr, RestTemplateAdapter]) -> None:
    erp[0].add("users", {"login": "agent1", "lastname": "Agent1", "office_phone": "1001"})
    (user,) = await erp[1].users()
    assert (user.id, user.login, user.extension) == ("1", "agent1", "1001")


class _Sound:
    file_name = "a.wav"
    content_type = "audio/wav"
    size = 4

    async def read(self) -> AsyncIterator[bytes]:
        yield b"RI"
        yield b"FF"


async def test_the_sound_is_put_there_once(erp: tuple[Dolibarr, RestTemplateAdapter]) -> None:
    there, adapter = erp
    memo = await adapter.put_call(activity(), None)
    memo = await adapter.attach_recording(activity(), memo, _Sound())
    await adapter.attach_recording(activity(), memo, _Sound())
    (document,) = there.tables["documents"].values()
    assert document["filecontent"] == "UklGRg=="
    assert document["filename"] == "a.wav"


async def test_a_wrong_key_is_told_as_one() -> None:
    async with dolibarr() as (_there, crm):
        adapter = create(settings(crm.url, "no"), around("erp"))
        with pytest.raises(CrmDeniedError, match=r"erp: status 401: Unauthorized\. It does not know us"):
            await adapter.check()
        await adapter.close()


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({}, "crm erp: add url to its values or secrets: where Dolibarr is"),
        ({"url": "http://127.0.0.1", "owner": "1", "ur": "x"}, "its template has no value ur"),
    ],
)
def test_a_value_is_missing_or_none_of_the_template(wrong: dict[str, str], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        create(RestTemplateSettings(template="dolibarr16", values=wrong, secrets={"key": Secret("k")}), around("erp"))


async def test_what_a_template_lacks_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text('crm: Small\nbase: "http://127.0.0.1:1"\ncheck: {path: /, says: Small}\n')
    adapter = create(RestTemplateSettings(file=str(file)), around("small"))
    assert adapter.abilities == frozenset()
    with pytest.raises(CrmRefusedError, match="small: its template says nothing of find: it can nothing"):
        await adapter.find(QUERY)
    with pytest.raises(CrmRefusedError, match="nothing of calls"):
        await adapter.put_call(activity(), None)
    with pytest.raises(CrmUnavailableError):
        await adapter.check()
    await adapter.close()


async def test_a_memo_of_another_template_is_searched_for(erp: tuple[Dolibarr, RestTemplateAdapter]) -> None:
    memo = await erp[1].put_call(activity(), None)
    assert msgspec.json.decode(await erp[1].put_call(activity(), "12")) == msgspec.json.decode(memo)


FORMS = """
crm: Small
values: {url: where it is}
base: "{{values.url}}"
check: {path: /, says: Small}
find:
  - each: form
    forms: 3
    path: /people/{{number.form}}
    rows: data
    contact: {id: "{{row.id}}", kind: lead, name: "{{row.name}}", numbers: ["{{row.tel}}", "{{row.no}}"]}
contacts:
  steps:
    - {method: POST, path: /people, json: {tel: "{{new.number}}"}, only_if: "{{new.number}}", keep: {id: "{{answer.id}}"}}
"""


async def test_forms_are_asked_for_one_after_another_and_rows_without_an_id_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(FORMS)
    row = {"id": 7, "name": "Wei", "tel": "138 0013 8000", "no": None}
    # The same one by another of his numbers.
    again = row | {"tel": "010 8567 1234"}

    def answer(asked: Asked) -> Answered:
        return Answered(body={"data": [row, again, {"tel": "+8613800138000"}, "odd", None] if "%20" in asked.path else None})

    async with served(answer) as crm:
        adapter = create(RestTemplateSettings(file=str(file), values={"url": crm.url}), around("small"))
        (found,) = await adapter.find(QUERY)
        assert (found.id, found.kind, found.numbers) == ("7", "lead", ("138 0013 8000", "010 8567 1234"))
        assert [asked.path for asked in crm.asked] == [
            "/people/%2B8613800138000",
            "/people/138%200013%208000",
            "/people/13800138000",
        ]
        with pytest.raises(CrmRefusedError, match="small: no step of its template brought an id"):
            await adapter.make_contact(NewContact(name="Nobody"))
        await adapter.close()
