from support.crm import QUERY, activity

from crm_adapters._kit.texts import marker_of
from crm_adapters.vtiger.mapping import (
    WITHHELD,
    call_of,
    comment_of,
    contact_of,
    name_fields,
    place_of,
    quoted,
    search_of,
    select,
    status_of,
    user_of,
)
from gateway.model.crm import CallStage, ContactKind, CrmContact, CrmUser


def test_nothing_in_a_value_ends_it() -> None:
    assert quoted("O'Neil") == "'O''Neil'"
    assert quoted("x\\'; DELETE") == "'x''; DELETE'"


def test_a_number_is_looked_for_however_it_was_written() -> None:
    # A site took one field away, and added another.
    fields = {"lastname": "string", "mobile": "phone", "cf_852": "phone", "fax": "phone", "email": "email"}
    text = search_of("Leads", fields, QUERY, 20)
    pattern = "'%1%3%8%0%0%1%3%8%0%0%0%'"
    found = f"WHERE mobile LIKE {pattern} OR cf_852 LIKE {pattern} LIMIT 0, 20"
    assert text == f"SELECT id,lastname,email,mobile,cf_852 FROM Leads {found}"
    assert select(["id"], "Users", None, 5, after=10) == "SELECT id FROM Users LIMIT 10, 5"


def test_an_empty_text_is_nothing() -> None:
    record = {"id": "12x4", "firstname": "Wei", "lastname": "Zhang", "phone": "", "mobile": "+861", "assigned_user_id": "19x1"}
    assert contact_of("Contacts", record, ("mobile", "phone"), "u") == CrmContact(
        id="Contacts/12x4", name="Wei Zhang", numbers=("+861",), owner="19x1", url="u"
    )
    assert contact_of("Accounts", {"id": "11x1", "accountname": "Acme"}, (), "u").kind is ContactKind.COMPANY
    assert user_of({"id": "19x1", "user_name": "anna", "phone_crm_extension": "1001"}) == CrmUser(
        id="19x1", login="anna", extension="1001"
    )
    assert place_of(CrmContact(id="Contacts/12x4")) == ("Contacts", "12x4")
    assert place_of(CrmContact(id="Contacts/12x4' OR")) is None
    assert place_of(CrmContact(id="Users/19x1")) is None


def test_a_call_has_vtigers_words_and_times() -> None:
    values = call_of(activity(contact=CrmContact(id="Contacts/12x4")), "19x1")
    assert (values["direction"], values["callstatus"], values["customer"]) == ("inbound", "completed", "12x4")
    assert (values["starttime"], values["endtime"]) == ("2026-11-22 11:26:02", "2026-11-22 11:28:42")
    assert (values["totalduration"], values["billduration"]) == ("160", "151")
    assert call_of(activity(number=None), "19x1")["customernumber"] == WITHHELD
    assert "endtime" not in call_of(activity(stage=CallStage.RINGING, ended_at=None), "19x1")


def test_each_outcome_has_a_status() -> None:
    assert [status_of(activity(outcome=each)) for each in ("answered", "busy", "abandoned")] == ["completed", "busy", "no-answer"]
    assert [status_of(activity(stage=each)) for each in (CallStage.RINGING, CallStage.ANSWERED)] == ["ringing", "in-progress"]


def test_what_was_written_is_a_comment_that_can_be_found() -> None:
    assert comment_of(activity()) is None
    text = comment_of(activity(note="x" * 100_000, disposition="Solved"))
    assert text is not None
    assert text.endswith(marker_of(activity().call_id))
    assert "Filed as: Solved" in text
    assert name_fields("张伟") == {"firstname": "", "lastname": "张伟"}
