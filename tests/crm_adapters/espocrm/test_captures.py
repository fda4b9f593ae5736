"""EspoCRM's adapter on what a real 8.4 answered, and its requests beside those that it took."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from support.crm import QUERY, Answered, Asked, activity, around, served
from support.crm_captures import answered, captured
from support.crm_espocrm import FakeEspo, served_espo

from crm_adapters.espocrm.adapter import create
from crm_adapters.espocrm.settings import EspoSettings
from gateway.model.crm import ContactKind, CrmContact, NewContact, NewTicket
from gateway.model.numbers import query_of
from gateway.model.secret import Secret
from gateway.ports.crm import CrmDeniedError, CrmError, CrmGoneError, CrmRefusedError, CrmUnavailableError

ERRORS = {
    "auth-none": (CrmDeniedError, ""),
    "auth-bad": (CrmDeniedError, ""),
    "create-contact-national": (CrmRefusedError, "field: phoneNumber, type: valid"),
    "create-contact-missing": (CrmRefusedError, "field: lastName, type: required"),
    "create-call": (CrmRefusedError, "field: assignedUser, type: required"),
    "create-call-bad-status": (CrmRefusedError, "field: status, type: valid"),
    "find-bad-attr": (CrmRefusedError, "Not existing attribute"),
    "err-404": (CrmGoneError, "does not exist"),
    "err-403-delete": (CrmDeniedError, "No delete access"),
    "err-400-json": (CrmUnavailableError, ""),
}


@pytest.mark.parametrize(("name", "kind", "reason"), [(name, *rest) for name, rest in ERRORS.items()], ids=ERRORS)
async def test_its_errors(name: str, kind: type[CrmError], reason: str) -> None:
    async with served(lambda asked: answered(captured("espocrm842", name)[0])) as server:
        adapter = create(EspoSettings(url=server.url, key=Secret("key")), around("espo"))
        with pytest.raises(CrmError, match=f"espo: status .*{re.escape(reason)}") as raised:
            await adapter.make_contact(NewContact(name="x"))
        assert type(raised.value) is kind
        await adapter.close()


async def test_who_has_a_number_as_second_one_is_found() -> None:
    found = answered(captured("espocrm842", "find-secondary")[0])
    whole = {"id": "6b02d242292571655", "name": "Fang Wang", "phoneNumberData": [{"phoneNumber": "+8613800138002"}]}

    def answer(asked: Asked) -> Answered:
        if re.search(r"/Contact/\w+$", asked.path):
            return Answered(body=whole)
        return found if "/Contact?" in asked.path else Answered(body={"total": 0, "list": []})

    async with served(answer) as server:
        adapter = create(EspoSettings(url=server.url, key=Secret("key")), around("espo"))
        (contact,) = await adapter.find(query_of("+8613800138002", "CN"))
        assert (contact.name, "+8613800138002" in contact.numbers) == ("Fang Wang", True)
        await adapter.close()


async def test_its_requests_are_those_that_were_taken() -> None:
    taken: dict[tuple[str, str], set[str]] = {}
    for exchange in captured("espocrm842"):
        request = exchange["request"]
        if exchange["response"]["status"] == 200:
            body = request["body"] if isinstance(request["body"], dict) else {}
            taken.setdefault(place_of(request["method"], request["url"]), set()).update(body, query_names(request["url"]))
    espo = FakeEspo()
    wei = CrmContact(id=f"Contact/{espo.add('Contact', name='Wei', phoneNumber='+8613800138000')}")
    async with served_espo(espo) as server:
        adapter = create(EspoSettings(url=server.url, key=Secret("key")), around("espo"))
        await adapter.find(QUERY)
        memo = await adapter.put_call(activity(contact=wei), None)
        await adapter.put_call(activity(contact=wei, note="x"), memo)
        await adapter.make_contact(NewContact(name="Wei Li", email="w@example.com", number="+8613700137000"))
        await adapter.make_contact(NewContact(kind=ContactKind.LEAD, name="New Caller", number="+8613600136000"))
        await adapter.make_ticket(NewTicket(title="Broken", contact=wei))
        await adapter.users()
        await adapter.close()
    known = {
        "name",
        "dateEnd",
        "dateStart",
        "status",
        "direction",
        "assignedUserId",
        "contactsIds",
        "offset",
        "maxSize",
        "emailAddress",
    }
    for asked in server.asked:
        place = place_of(asked.method, asked.path)
        if place in taken:
            body = asked.json() if asked.body else {}
            assert {*body, *query_names(asked.path)} <= taken[place] | known, place
    wanted = {("GET", "Contact"), ("POST", "Call"), ("PUT", "Call/ID"), ("POST", "Contact"), ("POST", "Lead"), ("POST", "Case")}
    assert wanted <= {place_of(asked.method, asked.path) for asked in server.asked} & taken.keys()


def place_of(method: str, url: str) -> tuple[str, str]:
    """Return a request's method and entity, with ``ID`` for which one."""
    path = urlsplit(url).path.rpartition("/api/v1/")[2]
    return method, re.sub(r"/[0-9a-f]{17}", "/ID", path)


def query_names(url: str) -> set[str]:
    return {name for name, _ in parse_qsl(urlsplit(url).query)}
