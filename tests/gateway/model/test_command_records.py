import msgspec

from gateway.model.command_records import CommandRecord, CommandState, fingerprint_of, key_of, masked
from gateway.model.commands import CommandId, Hold, SendDigits
from gateway.model.ids import DEFAULT_TENANT, PbxName
from gateway.model.principals import Role


def record(state: CommandState) -> CommandRecord:
    return CommandRecord(
        id=CommandId("01"),
        tenant=DEFAULT_TENANT,
        principal="t",
        principal_name="CRM",
        role=Role.PARTNER,
        pbx=PbxName("pbx1"),
        command=Hold(by="8001"),
        state=state,
        asked_at=1.0,
    )


def test_keys_of_others_and_of_other_routes_are_others() -> None:
    keys = {key_of("a", "POST /x", "k"), key_of("b", "POST /x", "k"), key_of("a", "POST /y", "k"), key_of("a", "POST /x", "l")}
    assert len(keys) == 4
    assert key_of("a", "POST /x", "k") in keys
    assert all("POST" not in key for key in keys)


def test_what_was_asked_cannot_be_guessed_without_the_key() -> None:
    assert fingerprint_of("k", b"1234") == fingerprint_of("k", b"1234")
    assert len({fingerprint_of("k", b"1234"), fingerprint_of("l", b"1234"), fingerprint_of("k", b"1235")}) == 3


def test_digits_are_not_kept() -> None:
    assert masked(SendDigits(by="8001", digits="4111#")) == SendDigits(by="8001", digits="xxxxx")
    assert masked(Hold(by="8001")) == Hold(by="8001")


def test_only_one_that_is_being_sent_is_open() -> None:
    assert [state for state in CommandState if not record(state).is_settled] == [CommandState.SENDING]


def test_a_record_is_read_as_it_was_written() -> None:
    written = record(CommandState.ACCEPTED)
    assert msgspec.json.decode(msgspec.json.encode(written), type=CommandRecord) == written
    assert (written.kind, written.event_id) == ("hold", "01:1")
