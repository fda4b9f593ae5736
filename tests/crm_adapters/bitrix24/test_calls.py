"""A call from its first ring to what is written of it afterwards, in a portal that takes only what the vendor documents."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from support.crm import NOW, Answered, Sound, activity
from support.crm_bitrix24 import Portal, phone

from crm_adapters.bitrix24 import calls
from crm_adapters.bitrix24.adapter import Bitrix24Adapter
from gateway.model.crm import CallStage, CrmContact, CrmUser, RecordingLink
from gateway.ports.crm import CrmDeniedError, CrmGoneError, CrmRefusedError, CrmUnavailableError

ANNA = CrmUser(id="12", name="Anna", extension="1001")
WEI = {"ID": "651", "NAME": "Wei", "PHONE": phone("+8613800138000")}


Restart = Callable[[Bitrix24Adapter], Awaitable[Bitrix24Adapter]]


async def test_a_call_is_registered_once_and_finished_once(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    portal.rows["CONTACT"].append(WEI)
    memo = None
    for stage in (CallStage.RINGING, CallStage.ANSWERED, CallStage.ENDED, CallStage.ENDED):
        memo = await bitrix.put_call(activity(stage=stage, owner=ANNA), memo)
    assert portal.called("telephony.externalCall.register") == [
        {
            "USER_ID": 12,
            "USER_PHONE_INNER": "1001",
            "PHONE_NUMBER": "+8613800138000",
            "TYPE": 2,
            "CALL_START_DATE": "2026-11-22T11:26:02+00:00",
            "CRM_CREATE": 0,
            "SHOW": 0,
            "ADD_TO_CHAT": 1,
            "EXTERNAL_CALL_ID": "01KAW5EGX0ABCDEFGHJKMNPQRS",
            "LINE_NUMBER": "4008001234",
        }
    ]
    assert [(row["CALL_DURATION"], row["CALL_FAILED_CODE"], row["PORTAL_USER_ID"]) for row in portal.statistic] == [
        ("151", "200", "12")
    ]
    assert portal.requests == 2, "a call costs two requests"


async def test_a_call_of_nobody_is_that_of_the_user_for_such(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    await bitrix.put_call(activity(outcome="abandoned", talk_s=None), None)
    assert portal.called("telephony.externalCall.finish")[0] == {
        "USER_ID": 7,
        "USER_PHONE_INNER": "",
        "CALL_ID": portal.statistic[0]["CALL_ID"],
        "DURATION": 0,
        "STATUS_CODE": "304",
        "ADD_TO_CHAT": 1,
        "FAILED_REASON": "abandoned",
    }


@pytest.mark.parametrize("method", ["telephony.externalCall.register", "telephony.externalCall.finish", "crm.timeline.note.save"])
@pytest.mark.parametrize("restarted", [False, True])
async def test_a_lost_answer_makes_no_second_call(
    portal: Portal, bitrix: Bitrix24Adapter, restart: Restart, method: str, restarted: bool
) -> None:
    portal.rows["CONTACT"].append(WEI)
    portal.lost = [method]
    ended = activity(owner=ANNA, note="calls back")
    with pytest.raises(CrmUnavailableError):
        await bitrix.put_call(ended, None)
    bitrix = await restart(bitrix) if restarted else bitrix
    await bitrix.put_call(ended, None)
    assert len(portal.statistic) == 1
    assert list(portal.notes.values()) == ["Queue: sales\nNote: calls back"]
    assert not portal.open
    assert list(await bitrix.calls_of(ended.call_id)) == [portal.statistic[0]["CRM_ACTIVITY_ID"]]


@pytest.mark.parametrize("change", [{"owner": ANNA}, {}])
async def test_a_call_registered_twice_becomes_one_activity(
    portal: Portal, bitrix: Bitrix24Adapter, change: dict[str, Any]
) -> None:
    """Its agent is another, or half an hour has gone: the portal takes it for another call."""
    portal.lost = ["telephony.externalCall.register"]
    with pytest.raises(CrmUnavailableError):
        await bitrix.put_call(activity(stage=CallStage.RINGING), None)
    portal.now = NOW if change else NOW + 1_801.0
    memo = await bitrix.put_call(activity(stage=CallStage.ANSWERED, **change), None)
    assert len(portal.open) == 2
    await bitrix.put_call(activity(**change), memo)
    assert len(portal.statistic) == 1
    assert list(await bitrix.calls_of(activity().call_id)) == [portal.statistic[0]["ID"]]


async def test_a_finish_whose_answer_was_lost_is_found_by_its_memo(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    memo = await bitrix.put_call(activity(stage=CallStage.RINGING), None)
    portal.lost = ["telephony.externalCall.finish"]
    with pytest.raises(CrmUnavailableError):
        await bitrix.put_call(activity(), memo)
    await bitrix.put_call(activity(), memo)
    assert len(portal.statistic) == 1


async def test_a_call_that_the_portal_forgot_is_gone(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    memo = await bitrix.put_call(activity(stage=CallStage.RINGING), None)
    portal.open.clear()
    with pytest.raises(CrmGoneError, match=r"^sales: telephony.externalCall.finish: ERROR_CORE: Call is not found"):
        await bitrix.put_call(activity(), memo)
    await bitrix.put_call(activity(), None)
    assert len(portal.statistic) == 1


@pytest.mark.parametrize("method", ["crm.timeline.note.save", "telephony.call.attachTranscription"])
async def test_a_finished_call_that_somebody_deleted_is_not_made_anew(
    portal: Portal, bitrix: Bitrix24Adapter, method: str
) -> None:
    portal.rows["CONTACT"].append(WEI)
    memo = await bitrix.put_call(activity(), None)
    portal.failing[method] = Answered(status=400, body={"error": "NOT_FOUND", "error_description": "Элемент не найден"})
    with pytest.raises(CrmRefusedError, match="Somebody deleted the call in the portal") as raised:
        await bitrix.put_call(activity(note="late", transcript="> hello"), memo)
    assert not isinstance(raised.value, CrmGoneError)


async def test_what_comes_after_the_call_is_written_once_and_replaced(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    portal.rows["CONTACT"].append(WEI)
    memo = await bitrix.put_call(activity(), None)
    assert not portal.notes
    for note in ("first", "first", "first and second"):
        link = RecordingLink(url="https://cc.example.com/recordings/1")
        memo = await bitrix.put_call(
            activity(note=note, disposition="Sale", recording=link, transcript="> hello\n< good day"), memo
        )
    assert list(portal.notes.values()) == [
        "Queue: sales\nFiled as: Sale\nNote: first and second\nRecording: https://cc.example.com/recordings/1"
    ]
    assert len(portal.called("crm.timeline.note.save")) == 2
    assert portal.called("crm.timeline.note.save")[0]["ownerTypeId"] == 3
    assert len(portal.called("telephony.call.attachTranscription")) == 1
    assert portal.transcripts[portal.statistic[0]["CALL_ID"]] == [
        {"SIDE": "Client", "START_TIME": 0, "STOP_TIME": 1, "MESSAGE": "hello"},
        {"SIDE": "User", "START_TIME": 1, "STOP_TIME": 2, "MESSAGE": "good day"},
    ]
    assert len(memo) < 4_000


async def test_a_chosen_contact_is_told_and_else_the_portal_searches(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    await bitrix.put_call(activity(contact=CrmContact(id="COMPANY/5")), None)
    await bitrix.put_call(activity(call_id="other", contact=CrmContact(id="Account/../5")), None)
    asked = portal.called("telephony.externalCall.register")
    assert [each.get("CRM_ENTITY_TYPE") for each in asked] == ["COMPANY", None]
    assert asked[0]["CRM_ENTITY_ID"] == 5


async def test_a_withheld_number_is_refused_with_the_reason(bitrix: Bitrix24Adapter) -> None:
    with pytest.raises(CrmRefusedError, match="sales: Bitrix24 keeps no call without a number"):
        await bitrix.put_call(activity(number=None), None)


async def test_cards_are_shown_and_hidden_while_it_rings(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    ringing = activity(stage=CallStage.RINGING)
    boris = CrmUser(id="13", extension="1002")
    memo = await bitrix.pop(ringing, ANNA, None)
    assert memo is not None
    assert await bitrix.pop(ringing, boris, memo) is None
    assert [user for _, user in portal.shown] == [12, 13]
    await bitrix.unpop(ringing, boris, memo)
    assert [user for _, user in portal.shown] == [12]
    assert await bitrix.put_call(ringing, memo) == memo
    assert len(portal.called("telephony.externalCall.register")) == 1
    portal.open.clear()
    with pytest.raises(CrmGoneError, match="sales: the portal does not know call"):
        await bitrix.pop(ringing, boris, memo)


async def test_a_card_wanted_while_the_call_is_registered_registers_no_second_one(
    portal: Portal, bitrix: Bitrix24Adapter
) -> None:
    ringing = activity(stage=CallStage.RINGING)
    put, popped = await asyncio.gather(
        bitrix.put_call(ringing, None), bitrix.pop(msgspec.structs.replace(ringing, owner=ANNA), ANNA, None)
    )
    assert put == popped
    assert len(portal.open) == 1


async def test_a_call_that_was_part_of_another_is_taken_away(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    portal.rows["CONTACT"].append(WEI)
    live = await bitrix.put_call(activity(stage=CallStage.RINGING), None)
    await bitrix.withdraw_call(activity(), live)
    assert not portal.statistic
    memo = await bitrix.put_call(activity(), None)
    await bitrix.withdraw_call(activity(), memo)
    await bitrix.withdraw_call(activity(), memo)
    assert portal.deleted == [int(portal.statistic[0]["CRM_ACTIVITY_ID"])]


async def test_a_short_recording_goes_within_a_request(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    memo = await bitrix.put_call(activity(), None)
    for _ in range(2):
        memo = await bitrix.attach_recording(activity(), memo, Sound(b"RIFF" * 50))
    assert list(portal.records.values()) == [base64.b64encode(b"RIFF" * 50)]


async def test_a_long_recording_goes_piece_by_piece(
    portal: Portal, bitrix: Bitrix24Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "INLINE_BYTES", 100)
    memo = await bitrix.put_call(activity(), None)
    await bitrix.attach_recording(activity(), memo, Sound(b"RIFF" * 1000))
    (whole,) = portal.records.values()
    assert b"RIFF" * 1000 in whole
    assert b'name="file"; filename="call.wav"' in whole


async def test_a_recording_goes_to_no_other_host(
    portal: Portal, bitrix: Bitrix24Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "INLINE_BYTES", 1)
    portal.upload_url = "http://169.254.169.254/latest"
    memo = await bitrix.put_call(activity(), None)
    with pytest.raises(CrmRefusedError, match="which is not the portal"):
        await bitrix.attach_recording(activity(), memo, Sound(b"RIFF"))


async def test_a_recording_of_another_kind_is_refused(bitrix: Bitrix24Adapter) -> None:
    with pytest.raises(CrmRefusedError, match=r"wav and mp3, and not 'call.ogg'"):
        await bitrix.attach_recording(activity(), "{}", Sound(b"OggS", "call.ogg"))


async def test_statistics_that_may_not_be_read_say_what_to_change(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    portal.failing["voximplant.statistic.get"] = Answered(status=403, body={"error": "ACCESS_DENIED", "error_description": "No"})
    with pytest.raises(CrmDeniedError, match=r"^sales: voximplant.statistic.get: ACCESS_DENIED: No\. Give the webhook's user"):
        await bitrix.put_call(activity(), None)
    assert not portal.open, "who cannot see what he finished registers nothing"
