from support.crm import NOW, activity

from crm_adapters._kit.texts import marker_of
from crm_adapters.espocrm.mapping import call_of, contact_of, description_of, name_fields, place_of, user_of, where
from gateway.model.crm import CallStage, ContactKind, CrmContact, CrmUser


def test_a_search_is_written_as_espocrm_reads_it() -> None:
    assert where({"type": "equals", "attribute": "phoneNumber", "value": "+86&x=1"}) == {
        "where[0][type]": "equals",
        "where[0][attribute]": "phoneNumber",
        "where[0][value]": "+86&x=1",
    }


def test_a_record_is_a_person_with_all_his_numbers() -> None:
    record = {
        "id": "a1",
        "name": "Wei",
        "phoneNumber": "+861",
        "phoneNumberData": [{"phoneNumber": "+861"}, {"phoneNumber": "+862"}, "odd"],
        "accountName": None,
        "assignedUserId": "u1",
    }
    assert contact_of("Contact", record, "u") == CrmContact(
        id="Contact/a1", name="Wei", numbers=("+861", "+862"), owner="u1", url="u"
    )
    assert contact_of("Account", {"id": "b"}, "u").kind is ContactKind.COMPANY
    assert user_of({"id": "u", "cExtension": 1001}, "cExtension") == CrmUser(id="u", extension="1001")


def test_a_call_has_espocrms_words_and_times() -> None:
    values = call_of(activity(contact=CrmContact(id="Contact/a1")), "u1")
    assert (values["status"], values["direction"]) == ("Held", "Inbound")
    assert (values["dateStart"], values["dateEnd"]) == ("2026-11-22 11:26:02", "2026-11-22 11:28:42")
    assert (values["contactsIds"], values["assignedUserId"]) == (["a1"], "u1")
    missed = call_of(activity(outcome="abandoned", direction="outbound", contact=CrmContact(id="Account/b2")), "u1")
    assert (missed["status"], missed["direction"], missed["parentType"], missed["parentId"]) == (
        "Not Held",
        "Outbound",
        "Account",
        "b2",
    )
    live = call_of(activity(stage=CallStage.RINGING, answered_at=None, ended_at=None), "u1")
    assert (live["status"], live["dateEnd"]) == ("Planned", "2026-11-22 11:27:02")
    assert call_of(activity(ended_at=NOW - 5.0), "u")["dateEnd"] == live["dateStart"]


def test_a_description_can_be_found_however_long_the_note_is() -> None:
    text = description_of(activity(note="x" * 100_000, disposition="Solved"))
    assert text.endswith(marker_of(activity().call_id))
    assert "Filed as: Solved" in text
    assert len(text) < 21_000


def test_names_and_places() -> None:
    assert name_fields("Zhang Wei Min") == {"firstName": "Zhang Wei", "lastName": "Min"}
    assert name_fields("张伟") == {"lastName": "张伟"}
    assert place_of(CrmContact(id="Contact/a1")) == ("Contact", "a1")
    assert place_of(CrmContact(id="User/a1")) is None
    assert place_of(CrmContact(id="Contact/a1/../b")) is None
