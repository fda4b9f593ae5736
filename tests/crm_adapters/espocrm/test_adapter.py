"""An EspoCRM that has contacts, calls, recordings and cases."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from support.crm import NUMBER, QUERY, Answered, Sound, activity, around, served
from support.crm_espocrm import FakeEspo, served_espo

from crm_adapters.espocrm.adapter import EspoCrm, create
from crm_adapters.espocrm.settings import EspoSettings
from gateway.model.crm import CallStage, ContactKind, CrmContact, CrmUser, NewContact, NewTicket
from gateway.model.secret import Secret
from gateway.ports.crm import CrmDeniedError, CrmGoneError, CrmRefusedError, CrmUnavailableError


class Bench:
    def __init__(self, espo: FakeEspo, adapter: EspoCrm, asked: list[object]) -> None:
        self.espo = espo
        self.adapter = adapter
        self.asked = asked
        self.wei = CrmContact(id=f"Contact/{espo.add('Contact', name='Wei', phoneNumber=NUMBER)}")
        self.anna = CrmUser(id=espo.anna)

    @property
    def calls(self) -> list[dict[str, object]]:
        return list(self.espo.records["Call"].values())


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    espo = FakeEspo()
    async with served_espo(espo) as server:
        settings = EspoSettings(url=server.url, key=Secret("key"), extension_field="cExtension")
        adapter = create(settings, around("espo"))
        yield Bench(espo, adapter, server.asked)  # type: ignore[arg-type]
        await adapter.close()


async def test_it_says_who_we_are_and_what_we_may_not(bench: Bench) -> None:
    assert await bench.adapter.check() == "EspoCRM as cti-api"
    bench.espo.sees_users = False
    assert "User: read: all" in await bench.adapter.check()
    assert [user.login for user in await bench.adapter.users()] == ["cti-api"]


async def test_people_are_found_by_each_of_their_numbers(bench: Bench) -> None:
    data = [{"phoneNumber": "+8675586001234"}, {"phoneNumber": NUMBER}]
    second = bench.espo.add("Lead", name="Li", phoneNumber="+8675586001234", phoneNumberData=data)
    bench.espo.add("Account", name="Acme", phoneNumber="+8613900139000")
    found = await bench.adapter.find(QUERY)
    assert [(each.id, each.kind.value) for each in found] == [(bench.wei.id, "contact"), (f"Lead/{second}", "lead")]
    assert all(NUMBER in each.numbers for each in found)
    assert str(found[0].url).endswith(f"/#{bench.wei.id.replace('/', '/view/')}")


async def test_a_call_is_one_record_from_its_first_ring_to_its_last_note(bench: Bench) -> None:
    ringing = activity(stage=CallStage.RINGING, answered_at=None, ended_at=None, talk_s=None, outcome=None, contact=bench.wei)
    memo = await bench.adapter.put_call(ringing, None)
    assert [(each["status"], each["assignedUserId"]) for each in bench.calls] == [("Planned", bench.espo.me)]
    memo = await bench.adapter.put_call(activity(contact=bench.wei, owner=bench.anna), memo)
    memo = await bench.adapter.put_call(activity(contact=bench.wei, owner=bench.anna, note="Wants two"), memo)
    (call,) = bench.calls
    assert (call["status"], call["assignedUserId"], call["dateEnd"]) == ("Held", bench.espo.anna, "2026-11-22 11:28:42")
    assert "Note: Wants two" in str(call["description"])
    assert await bench.adapter.calls_of(ringing.call_id) == [call["id"]]


async def test_an_answer_that_was_lost_makes_no_second_record(bench: Bench) -> None:
    for _ in range(3):
        await bench.adapter.put_call(activity(contact=bench.wei), None)
    assert len(bench.calls) == 1


async def test_a_record_that_was_deleted_is_gone(bench: Bench) -> None:
    memo = await bench.adapter.put_call(activity(), None)
    bench.espo.records["Call"].clear()
    with pytest.raises(CrmGoneError, match="does not exist"):
        await bench.adapter.put_call(activity(), memo)


async def test_a_call_is_taken_away_or_where_that_is_forbidden_said_to_be_none(bench: Bench) -> None:
    memo = await bench.adapter.put_call(activity(), None)
    bench.espo.may_delete = False
    await bench.adapter.withdraw_call(activity(), memo)
    assert [each["status"] for each in bench.calls] == ["Not Held"]
    bench.espo.may_delete = True
    await bench.adapter.withdraw_call(activity(), memo)
    await bench.adapter.withdraw_call(activity(), memo)
    assert bench.calls == []


async def test_a_recording_is_attached_once(bench: Bench) -> None:
    call = activity(contact=bench.wei)
    first = await bench.adapter.put_call(call, None)
    memo = await bench.adapter.attach_recording(call, first, Sound())
    assert await bench.adapter.attach_recording(call, memo, Sound()) == memo
    assert await bench.adapter.attach_recording(call, first, Sound()) == memo
    (attachment,) = bench.espo.records["Attachment"].values()
    assert (attachment["file"], attachment["name"]) == ("data:audio/wav;base64,UklGRg==", "call.wav")
    (note,) = bench.espo.records["Note"].values()
    assert note["attachmentsIds"] == [attachment["id"]]
    assert f"{note['parentType']}/{note['parentId']}" == bench.wei.id


async def test_a_recording_of_nobody_in_particular_stays_a_link(bench: Bench) -> None:
    memo = await bench.adapter.put_call(activity(), None)
    assert await bench.adapter.attach_recording(activity(), memo, Sound()) == memo
    assert bench.espo.records["Attachment"] == {}


async def test_names_have_no_marks_that_espocrm_refuses(bench: Bench) -> None:
    await bench.adapter.make_ticket(NewTicket(title="Broken <b>: a=b", text="x <i>", number=NUMBER))
    (case,) = bench.espo.records["Case"].values()
    assert case["name"] == "Broken b : a b"
    made = await bench.adapter.make_contact(NewContact(name="<=>", number="+8613600136009", kind=ContactKind.LEAD, company="A>B"))
    assert made.name == "-"


async def test_contacts_leads_and_cases_are_made_once(bench: Bench) -> None:
    again = await bench.adapter.make_contact(NewContact(name="Somebody", number=NUMBER))
    assert again.id == bench.wei.id
    bench.espo.add("Contact", name="Na Li", phoneNumber="+8613900139000")
    other = await bench.adapter.make_contact(NewContact(name="Na Li", number="+8613700137000", owner=bench.anna))
    assert (other.name, other.owner) == ("Na Li", bench.espo.anna)
    lead = await bench.adapter.make_contact(NewContact(kind=ContactKind.LEAD, name="New Caller", number="+8613600136000"))
    assert lead.id.startswith("Lead/")
    new = NewTicket(title="Broken", text="It is", contact=bench.wei, call_id=activity().call_id, owner=bench.anna)
    assert await bench.adapter.make_ticket(new) == await bench.adapter.make_ticket(new)
    (case,) = bench.espo.records["Case"].values()
    assert case["contactsIds"] == [bench.wei.id.partition("/")[2]]


async def test_who_owns_calls_that_nobody_answered_is_configured(bench: Bench) -> None:
    bench.adapter._settings = msgspec.structs.replace(bench.adapter._settings, owner="anna")
    await bench.adapter.put_call(activity(), None)
    assert [each["assignedUserId"] for each in bench.calls] == [bench.espo.anna]
    bench.adapter._owner = None
    bench.adapter._settings = msgspec.structs.replace(bench.adapter._settings, owner="nobody")
    with pytest.raises(CrmDeniedError, match="change owner of espo"):
        await bench.adapter.put_call(activity(), None)


async def test_users_have_the_extensions_of_the_field_that_is_configured(bench: Bench) -> None:
    assert [(user.login, user.extension) for user in await bench.adapter.users()] == [("cti-api", None), ("anna", "1001")]


async def test_what_goes_wrong_says_why() -> None:
    espo = FakeEspo()
    async with served_espo(espo) as server:
        adapter = create(EspoSettings(url=server.url, key=Secret("wrong")), around("espo"))
        with pytest.raises(CrmDeniedError, match="key or password of espo"):
            await adapter.check()
        await adapter.close()
        adapter = create(EspoSettings(url=server.url, key=Secret("key")), around("espo"))
        with pytest.raises(CrmRefusedError, match="field: phoneNumber, type: valid"):
            await adapter._http.call("POST", "/Contact", json={"lastName": "x", "phoneNumber": "13800138001"})
        await adapter.close()


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"list": 7}', b'{"list": [7]}', b"<html>"])
async def test_garbage_is_one_of_the_errors(body: bytes) -> None:
    async with served(lambda asked: Answered(body=body)) as server:
        adapter = create(EspoSettings(url=server.url, key=Secret("key")), around("espo"))
        for asking in (adapter.find(QUERY), adapter.put_call(activity(), None), adapter.users()):
            with pytest.raises((CrmRefusedError, CrmUnavailableError)):
                await asking
        await adapter.close()
