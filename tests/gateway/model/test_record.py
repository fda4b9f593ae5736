from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import pytest
from support.building import CALLER, DNIS, SITE, START, Story
from support.replaying import CAPTURES, asterisk_captures, name_of, records

from gateway.model.events import ConferenceJoined, DialAttempted, DialOutRequested, LegRenumbered, MenuEntered, ServiceStarted
from gateway.model.terms import LegRole, Service, TransferKind

FIELDS: Final = {
    *("call_id", "pbx", "pbx_ids", "tenant", "state", "version", "complete", "started_at", "answered_at", "ended_at"),
    *("direction", "caller", "caller_name", "caller_e164", "called", "called_e164", "digits", "ivr_path", "ivr_s"),
    *("queue", "queues", "wait_s", "rang", "answered_by", "agents", "transfers", "diversions", "talk_s", "hold_s"),
    *("conference", "parties", "recording", "legs"),
}


def at(seconds: float) -> str:
    return datetime.fromtimestamp(START + seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def outbound(number: str = "062551234") -> Story:
    return Story().phones("8001", number).later(1.0).rings("trunk", by="8001", device="PJSIP/carrier", number=number[1:])


# Its shape


def test_a_live_call_has_no_outcome_yet_and_an_ended_one_has() -> None:
    story = Story().comes_in()
    assert story.record().keys() == FIELDS
    assert story.clears("caller").record().keys() == FIELDS | {"outcome", "stage", "ended_by"}


def test_known_to_be_none_is_empty_and_unknown_is_null() -> None:
    record = Story().comes_in(number=None).clears("caller").record()
    empty = {key for key, value in record.items() if value in ([], "")}
    assert empty == {"digits", "ivr_path", "queues", "rang", "answered_by", "agents", "transfers", "diversions", "parties"}
    unknown = {key for key, value in record.items() if value is None}
    assert unknown == {
        *("answered_at", "caller", "caller_name", "caller_e164", "called_e164", "ivr_s", "queue", "wait_s"),
        *("conference", "recording"),
    }


@pytest.mark.parametrize("folder", asterisk_captures()[::3], ids=name_of)
def test_a_record_is_plain_json(folder: Path) -> None:
    for record in records(folder):
        assert msgspec.json.decode(msgspec.json.encode(record)) == record


def test_a_call_names_the_pbx_and_all_its_ids() -> None:
    record = Story().comes_in().rings("8001").helper("pipe", "caller").record()
    assert (record["pbx"], record["tenant"], record["version"]) == ("pbx1", "default", 1)
    assert record["pbx_ids"] == ["caller", "8001", "pipe"]


# Times


def test_times_are_utc_with_milliseconds() -> None:
    story = Story().comes_in().later(1.25).rings("8001").later(2.5).answers("8001").later(10.0625)
    record = story.hangs_up("caller", "8001").record()
    assert (record["started_at"], record["answered_at"], record["ended_at"]) == (at(0), at(3.75), at(13.8125))


def test_who_picks_up_no_phone_answers_nothing_even_if_the_pbx_did() -> None:
    story = Story().comes_in().connects("caller").says(MenuEntered, leg="caller", menu="main", since=START).later(5.0)
    assert story.hangs_up("caller").record()["answered_at"] is None


def test_a_leg_says_when_it_came_so_far() -> None:
    story = Story().comes_in(display="Chen").later(1.0).rings("8001").later(2.0).answers("8001").later(4.0)
    caller, agent = story.hangs_up("8001", "caller").record()["legs"]
    assert caller["state_times"] == {"initiated": at(0), "connected": at(3.0), "cleared": at(7.0)}
    assert agent["state_times"] == {"initiated": at(1.0), "alerting": at(1.0), "connected": at(3.0), "cleared": at(7.0)}
    assert (agent["id"], agent["name"], agent["device"], agent["cause"]) == ("8001", "PJSIP/8001-8001", "PJSIP/8001", 16)
    assert (caller["number"], agent["number"]) == (CALLER, None)


def test_helper_legs_are_never_parties() -> None:
    record = Story().comes_in().helper("pipe;1", "caller").helper("pipe;2", "caller").rings("8001", by="pipe;2").record()
    assert [leg["id"] for leg in record["legs"]] == ["caller", "8001"]


# direction


@pytest.mark.parametrize(
    ("story", "direction"),
    [
        (Story().comes_in(), "inbound"),
        (Story().comes_in(number="8001"), "inbound"),
        (Story().comes_in().rings("out", device="PJSIP/backup", number="13800138000"), "inbound"),
        (outbound(), "outbound"),
        (Story().phones("8001", "8002").rings("8002", by="8001"), "internal"),
        (Story().phones("8001", "8002").rings("out", by="8001", device="PJSIP/carrier", number="13800138000"), "internal"),
        (Story().phones("8001", "*97").says(ServiceStarted, leg="8001", service=Service.MAILBOX, detail=""), "internal"),
        (Story().phones("8001", "062551234").says(DialAttempted, leg="8001", device="PJSIP/carrier", number=None), "outbound"),
        (Story().phones("8001", "600").queues("support", leg="8001"), "internal"),
    ],
)
def test_direction_is_decided_by_extensions_and_trunks(story: Story, direction: str) -> None:
    assert story.record()["direction"] == direction


# caller, caller_name


def test_the_caller_is_who_began_it_as_first_seen() -> None:
    story = Story().comes_in(display="Chen Wei").says(LegRenumbered, leg="caller", number="8001", display="Wang Fang")
    record = story.record()
    assert (record["caller"], record["caller_name"]) == (CALLER, "Chen Wei")


@pytest.mark.parametrize("number", [None, "", "anonymous", "Anonymous", "Restricted", "unknown"])
def test_a_withheld_caller_is_null_and_the_raw_text_stays_in_the_leg(number: str | None) -> None:
    record = Story().comes_in(number=number, display="Anonymous").record()
    assert (record["caller"], record["caller_name"], record["caller_e164"]) == (None, None, None)
    assert record["legs"][0]["number"] == number


def test_numbers_stand_beside_their_e164() -> None:
    record = Story().comes_in(number="01062551234", to="+862160001000").record()
    assert (record["caller"], record["caller_e164"]) == ("01062551234", "+861062551234")
    assert (record["called"], record["called_e164"]) == ("+862160001000", "+862160001000")


def test_an_extension_has_no_e164() -> None:
    record = Story().phones("8001", "8002").rings("8002", by="8001").record()
    assert (record["caller_e164"], record["called_e164"]) == (None, None)


def test_for_click_to_dial_the_caller_is_the_agent() -> None:
    story = Story().rings("8001", by=None).says(DialOutRequested, leg="8001", target="062551234").connects("8001")
    record = story.rings("out", by="8001", device="PJSIP/carrier", number="62551234").answers("out", by="8001").record()
    assert (record["caller"], record["called"], record["direction"]) == ("8001", "62551234", "outbound")


# called


def test_inbound_the_number_that_arrived_is_never_rewritten() -> None:
    story = Story().comes_in(to=DNIS).connects("caller").says(MenuEntered, leg="caller", menu="main", since=START)
    story.queues("support").rings("8001").answers("8001").transfers(TransferKind.BLIND, by="8001", to="8002")
    story.leaves("8001", "caller").clears("8001").rings("8002").answers("8002", bridge="next")
    assert story.hangs_up("caller", "8002").record()["called"] == DNIS


def test_outbound_it_is_the_number_sent_to_the_trunk() -> None:
    assert outbound("062551234").record()["called"] == "62551234"


@pytest.mark.parametrize("direction", ["outbound", "internal"])
def test_when_no_far_leg_was_dialled_a_click_to_dial_called_nobody(direction: str) -> None:
    target = "062551234" if direction == "outbound" else "8002"
    story = Story().rings("8001", by=None).says(DialOutRequested, leg="8001", target=target).hangs_up("8001")
    assert (story.record()["called"], story.record()["direction"]) == (None, direction)


@pytest.mark.parametrize(
    ("dialled", "reached", "called"),
    [("8002", "8002", "8002"), ("*808002", "8002", "8002"), ("**8002", "8002", "8002"), ("8600", "8002", "8600")],
)
def test_internally_it_is_the_extension_reached_and_groups_keep_their_number(dialled: str, reached: str, called: str) -> None:
    assert Story().phones("8001", dialled).rings(reached, by="8001").record()["called"] == called


@pytest.mark.parametrize("number", ["8500", "8600"])
def test_queues_and_rooms_keep_their_number(number: str) -> None:
    assert Story().phones("8001", number).queues("support", leg="8001").record()["called"] == number
    assert Story().phones("8001", number).says(ConferenceJoined, leg="8001", room="600").record()["called"] == number


# From call to record


def test_the_record_of_a_live_call_changes_with_it() -> None:
    story = Story().comes_in()
    seen = [story.record()["state"]]
    story.creates("8001", "PJSIP/8001", LegRole.TERMINATING, "caller").clears("8001", "caller")
    assert [*seen, story.record()["state"]] == ["active", "ended"]


def test_the_same_call_has_the_same_record_on_another_board() -> None:
    story = outbound().answers("trunk", by="8001").hangs_up("trunk", "8001")
    again = Story(SITE)
    for event in story.events:
        again.hear(event)
    assert again.record() == story.record()


def test_a_flood_of_calls_has_one_record_each() -> None:
    found = records(CAPTURES / "asterisk" / "22" / "flood_ivr_50cps")
    assert len({record["call_id"] for record in found}) == len(found) > 100
