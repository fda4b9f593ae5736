"""The template of Tryton on a real Tryton 8: callers, calls, recordings, tickets, rights, conformance."""

from base64 import b64decode
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import pytest
from rig.tryton import ADMIN, KEY, LOGIN, Tryton, running_tryton
from support.crm import Sound, activity, around

from crm_adapters.rest_template.adapter import RestTemplateAdapter, create
from crm_adapters.rest_template.settings import RestTemplateSettings
from gateway.crm_conformance.bench import Bench
from gateway.crm_conformance.suite import Report, try_out
from gateway.model.crm import CallStage, CrmContact, NewContact, NewTicket
from gateway.model.ids import CallId
from gateway.model.numbers import query_of
from gateway.model.secret import Secret
from gateway.ports.crm import CrmDeniedError, CrmGoneError, CrmUnavailableError

pytestmark = pytest.mark.live
NAMES = ["name", "comment", "party", "status.name", "progress", "type", "parent", "company"]


@pytest.fixture(scope="module")
def tryton() -> Iterator[Tryton]:
    with running_tryton() as running:
        yield running


def settings(tryton: Tryton, user: str = LOGIN, key: str = KEY) -> RestTemplateSettings:
    values = {
        "url": tryton.url,
        "database": tryton.database,
        "user": user,
        "company": str(tryton.company),
        "project": str(tryton.project),
    }
    return RestTemplateSettings(template="tryton", values=values, secrets={"key": Secret(key)})


@pytest.fixture
async def adapter(tryton: Tryton) -> AsyncIterator[RestTemplateAdapter]:
    made = create(settings(tryton), around("tryton"))
    yield made
    await made.close()


def call_id(word: str) -> CallId:
    return CallId(f"01KAW5EGX0{word.upper():0<16}")


def party(tryton: Tryton, name: str, *numbers: str, kind: str = "phone") -> int:
    """Make somebody in China: there numbers may be national."""
    mechanisms = [["create", [{"type": kind, "value": number} for number in numbers]]]
    addresses = [["create", [{"country": tryton.country}]]]
    (made,) = tryton.call("party.party.create", [{"name": name, "addresses": addresses, "contact_mechanisms": mechanisms}])
    return int(made)


def works(tryton: Tryton, call: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tryton.call("project.work.search_read", [["comment", "like", f"%{call}%"]], 0, 9, None, NAMES)
    return found


async def found(adapter: RestTemplateAdapter, number: str) -> Sequence[CrmContact]:
    return await adapter.find(query_of(number, "CN"))


async def test_it_says_what_it_is(adapter: RestTemplateAdapter) -> None:
    assert await adapter.check() == "Tryton, calls are tasks of Telephone (Our company)"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Whole", "+86 137 0000 0001"),
        ("National", "137 0000 0002"),
        ("Local", "137-0000-0003"),
        ("With zeros", "0086 137 0000 0004"),
    ],
)
async def test_a_caller_is_found_however_his_number_was_written(
    tryton: Tryton, adapter: RestTemplateAdapter, name: str, written: str
) -> None:
    made = party(tryton, name, "+86 10 8567 0000", written)
    number = f"+8613700000{written[-3:]}"
    (contact,) = await found(adapter, number)
    assert (contact.id, contact.name) == (str(made), name)
    assert contact.url == f"{tryton.url}/#{tryton.database}/model/party.party/{made}"


async def test_somebody_with_several_numbers_has_all_of_them(tryton: Tryton, adapter: RestTemplateAdapter) -> None:
    # The search finds both, and the second alone would be another number.
    made = party(tryton, "Both", "+86 137 0000 5001", "+86 137 0000 5001 ext 7", kind="other")
    (contact,) = await found(adapter, "+8613700005001")
    assert contact.id == str(made)


async def test_who_only_looks_alike_is_not_found(tryton: Tryton, adapter: RestTemplateAdapter) -> None:
    party(tryton, "Longer", "+86 137 0000 1001 99", "370 000 1001", kind="other")
    assert await found(adapter, "+8613700001001") == []


async def test_a_call_is_one_task_that_goes_along_with_it(tryton: Tryton, adapter: RestTemplateAdapter) -> None:
    wei = CrmContact(id=str(party(tryton, "Wei <b>", "+86 137 0000 2001")))
    call = call_id("whole")
    ringing = activity(
        call_id=call, stage=CallStage.RINGING, answered_at=None, ended_at=None, talk_s=None, outcome=None, agents=()
    )
    memo = await adapter.put_call(ringing, None)
    (work,) = works(tryton, call)
    assert (work["party"], work["parent"], work["company"]) == (None, tryton.project, tryton.company)
    assert work["status."]["name"] == "Open"
    ended = activity(call_id=call, contact=wei, note='Wants "it" <script>', transcript="你好")
    memo = await adapter.put_call(ended, memo)
    # The answer was lost: what is there is found.
    again = await adapter.put_call(ended, None)
    assert again == memo
    (work,) = works(tryton, call)
    assert (str(work["party"]), work["status."]["name"], work["progress"]) == (wei.id, "Done", 1.0)
    assert 'Note: Wants "it" <script>' in work["comment"]
    assert "Transcript: 你好" in work["comment"]
    assert await adapter.calls_of(call) == [str(work["id"])]
    await adapter.withdraw_call(ended, memo)
    await adapter.withdraw_call(ended, memo)
    assert works(tryton, call) == []
    with pytest.raises(CrmGoneError):
        await adapter.put_call(ended, memo)


async def test_a_recording_is_attached_once_and_is_what_it_was(tryton: Tryton, adapter: RestTemplateAdapter) -> None:
    ended = activity(call_id=call_id("sound"))
    memo = await adapter.put_call(ended, None)
    sound = Sound()
    for _ in range(2):
        memo = await adapter.attach_recording(ended, memo, sound)
    (work,) = works(tryton, ended.call_id)
    fields = ["name", "data", "data_size"]
    (kept,) = tryton.call("ir.attachment.search_read", [["resource", "=", f"project.work,{work['id']}"]], 0, 9, None, fields)
    assert (kept["name"], kept["data_size"]) == (sound.file_name, sound.size)
    assert b64decode(kept["data"]["base64"]) == b"".join([piece async for piece in sound.read()])


async def test_a_ticket_is_made_once_a_call(tryton: Tryton, adapter: RestTemplateAdapter) -> None:
    wei = CrmContact(id=str(party(tryton, "Ticket", "+86 137 0000 3001")))
    call = call_id("ticket")
    await adapter.put_call(activity(call_id=call), None)
    new = NewTicket(title="Broken <b>", text="It is\nbroken", contact=wei, call_id=call, number="+8613700003001")
    first, again = await adapter.make_ticket(new), await adapter.make_ticket(new)
    assert first == again
    (work,) = works(tryton, f"Ticket of call {call}")
    assert (work["id"], work["name"], str(work["party"])) == (int(first.id), "Broken <b>", wei.id)
    assert work["status."]["name"] == "Open"
    assert len(await adapter.calls_of(call)) == 1


async def test_contacts_are_made_once_a_number(adapter: RestTemplateAdapter) -> None:
    made = await adapter.make_contact(NewContact(name="New", number="+8613700004001", email="new@example.com"))
    assert (await adapter.make_contact(NewContact(name="Again", number="+8613700004001"))).id == made.id
    (contact,) = await found(adapter, "+8613700004001")
    assert (contact.name, contact.email) == ("New", "new@example.com")
    assert {ADMIN, LOGIN} <= {user.login for user in await adapter.users()}


async def test_who_is_not_let_in_or_has_no_right_is_told_so(tryton: Tryton) -> None:
    wrong = create(settings(tryton, key="wrong"), around("tryton"))
    with pytest.raises(CrmDeniedError, match="tryton: status 401"):
        await wrong.check()
    await wrong.close()
    tryton.call("res.user.create", [{"login": "guest", "name": "Guest", "password": "guest-made-up"}])
    guest = create(settings(tryton, "guest", "guest-made-up"), around("tryton"))
    with pytest.raises(CrmDeniedError, match="Put its user into the groups"):
        await guest.put_call(activity(call_id=call_id("guest")), None)
    await guest.close()


async def test_a_tryton_that_is_stopped_is_away_and_back_again(tryton: Tryton, adapter: RestTemplateAdapter) -> None:
    tryton.stop()
    try:
        with pytest.raises(CrmUnavailableError, match="cannot be reached"):
            await adapter.check()
    finally:
        tryton.start()
    await adapter.check()


async def test_it_keeps_the_rules_that_vendors_try_adapters_by(tryton: Tryton, adapter: RestTemplateAdapter) -> None:
    others: list[RestTemplateAdapter] = []

    def make(how: str) -> RestTemplateAdapter:
        wanted = settings(tryton, key="wrong" if how == "wrong key" else KEY)
        if how == "unreachable":
            wanted = RestTemplateSettings(
                template="tryton", values=wanted.values | {"url": "http://127.0.0.1:9"}, secrets=wanted.secrets
            )
        others.append(create(wanted, around("tryton")))
        return others[-1]

    numbers = ("139 0013 9002", "0086-13900139005")
    for number in numbers:
        party(tryton, f"Of {number}", number)
    bench = Bench(
        adapter=adapter,
        abilities=adapter.abilities,
        make=make,
        region="CN",
        now=activity().started_at,
        numbers=numbers,
        keep=False,
    )
    report: Report = await try_out("rest_template", bench, lambda _verdict: None)
    for other in others:
        await other.close()
    assert report.conforms, [each for each in report.verdicts if each.state == "failed"]
