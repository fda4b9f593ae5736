"""Services of the PBX: voicemail, mailbox, listening in, paging, intercom, recording, conferences."""

import asyncio

from rig.leg import Answer, Reject, Ring
from rig.stage import CALLER, FROM_SECOND, SECOND_CALLER, Stage, scenario, talk


@scenario
async def voicemail_no_answer(s: Stage) -> None:
    """Voicemail after no answer: 581001 rings 1001 for 6 s, then VoiceMail(1001,u); the caller leaves a message and
    hangs up.
    """
    s["1001"].behaviour = Ring()
    caller = await s.inbound("581001")
    await s["1001"].next_leg()
    await caller.until_up()
    await asyncio.sleep(16)
    await caller.hang_up()
    await asyncio.sleep(0.5)
    s.evidence["message_files"] = sorted(p.name for p in (s.pbx.run / "spool/voicemail/default/1001").rglob("msg*.wav"))
    s.calls = [{
        "caller": CALLER, "called": "581001", "direction": "inbound", "rang": ["1001"], "answered_by": [],
        "transfers": [], "outcome": "voicemail", "talk_s": 0, "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def voicemail_busy(s: Stage) -> None:
    """Voicemail on busy: 1001 answers 486 at once, VoiceMail(1001,b); the caller leaves a message and ends it with
    #, the PBX hangs up; # is no IVR digit.
    """
    s["1001"].behaviour = Reject(486)
    caller = await (await s.inbound("581001")).until_up()
    await asyncio.sleep(16)
    await caller.press("#")
    await caller.until_ended()
    s.evidence["message_files"] = sorted(p.name for p in (s.pbx.run / "spool/voicemail/default/1001").rglob("msg*.wav"))
    s.calls = [{
        "caller": CALLER, "called": "581001", "direction": "inbound", "rang": [], "answered_by": [],
        "transfers": [], "outcome": "voicemail", "talk_s": 0, "ended_by": "pbx", "digits": "",
    }]  # fmt: skip


@scenario
async def voicemail_greeting(s: Stage) -> None:
    """Voicemail: 581001 does not answer, the caller hangs up during the mailbox's greeting: the mailbox answered all
    the same.
    """
    s["1001"].behaviour = Ring()
    caller = await (await s.inbound("581001")).until_up()
    await asyncio.sleep(3)
    await caller.hang_up()
    s.calls = [{
        "caller": CALLER, "called": "581001", "direction": "inbound", "rang": ["1001"], "answered_by": [],
        "transfers": [], "outcome": "voicemail", "talk_s": 0, "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def mailbox(s: Stage) -> None:
    """1001 calls its own mailbox with *97, presses 1 and hangs up: an internal call of its own. Its outcome is
    disputable: the truth does not name it.
    """
    agent = await (await s["1001"].dial("*97")).until_up()
    await asyncio.sleep(4)
    await agent.press("1")
    await asyncio.sleep(3)
    await agent.hang_up()
    s.calls = [{
        "caller": "1001", "called": "*97", "direction": "internal", "rang": [], "answered_by": [], "transfers": [],
        "talk_s": 0, "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def spy(s: Stage) -> None:
    """1001 talks with a caller; the supervisor 1003 listens in with *221001 for 3 s and hangs up; then the caller
    hangs up. Listening in is an internal call of its own; its outcome and `called` are disputable: the truth does
    not name them.
    """
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    supervisor = await (await s["1003"].dial("*221001")).until_up()
    await asyncio.sleep(3)
    await supervisor.hang_up()
    await asyncio.sleep(1)
    await caller.hang_up()
    await agent.until_ended()
    s.evidence["supervisor_heard_packets"] = supervisor.voice.heard
    s.calls = [
        {"caller": CALLER, "called": "551001", "direction": "inbound", "rang": ["1001"], "answered_by": ["1001"],
         "transfers": [], "outcome": "answered", "talk_s": talk(agent), "ended_by": "caller"},
        {"caller": "1003", "direction": "internal", "rang": [], "answered_by": [], "talk_s": 0},
    ]  # fmt: skip


@scenario
async def page(s: Stage) -> None:
    """Page: 1001 dials 6300, the loudspeakers of 1002 and, 1 s later, 1003 open, 1001 speaks and hangs up: one call."""
    s["1002"].behaviour, s["1003"].behaviour = Answer(0.0, rings=False), Answer(1.0, rings=False)
    agent = await s["1001"].dial("6300")
    second = await (await s["1002"].next_leg()).until_up()
    third = await (await s["1003"].next_leg()).until_up()
    await asyncio.sleep(3)
    await agent.hang_up()
    await second.until_ended()
    await third.until_ended()
    s.calls = [{
        "caller": "1001", "called": "6300", "direction": "internal", "rang": [], "answered_by": ["1002", "1003"],
        "transfers": [], "outcome": "answered", "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def page_one_busy(s: Stage) -> None:
    """Page: 1001 dials 6300, 1002 opens, 1003 is busy (486); 1001 hangs up: answered by 1002 alone."""
    s["1002"].behaviour, s["1003"].behaviour = Answer(0.0, rings=False), Reject(486)
    agent = await s["1001"].dial("6300")
    second = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(3)
    await agent.hang_up()
    await second.until_ended()
    s.calls = [{
        "caller": "1001", "called": "6300", "direction": "internal", "rang": [], "answered_by": ["1002"],
        "transfers": [], "outcome": "answered", "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def intercom(s: Stage) -> None:
    """Intercom: 1001 dials *801002, whose telephone opens by itself; 1001 hangs up."""
    s["1002"].behaviour = Answer(0.0, rings=False)
    agent = await s["1001"].dial("*801002")
    second = await (await s["1002"].next_leg()).until_up()
    await asyncio.sleep(2)
    await agent.hang_up()
    await second.until_ended()
    s.calls = [{
        "caller": "1001", "called": "1002", "direction": "internal", "rang": [], "answered_by": ["1002"],
        "transfers": [], "outcome": "answered", "talk_s": talk(second), "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def recording_dialplan(s: Stage) -> None:
    """Recording by the dial plan (MixMonitor, option b): 541001, answered by 1001; caller hangs up. The form in
    which `recording` says where is disputable: the file is in the evidence.
    """
    caller, agent = await s.answered_at("541001", "1001")
    await asyncio.sleep(2)
    await caller.hang_up()
    await agent.until_ended()
    await asyncio.sleep(0.3)
    s.evidence["recording_files"] = sorted(p.name for p in (s.pbx.run / "spool/monitor").glob("did-*.wav"))[-1:]
    s.calls = [{
        "caller": CALLER, "called": "541001", "direction": "inbound", "rang": ["1001"], "answered_by": ["1001"],
        "transfers": [], "outcome": "answered", "talk_s": talk(agent), "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def recording_feature(s: Stage) -> None:
    """Recording by feature code: 1001 presses *3 in mid-call; agent hangs up. `*3` is no IVR digit."""
    before = set((s.pbx.run / "spool/monitor").glob("*.wav"))
    caller, agent = await s.answered_at("571001", "1001")
    await asyncio.sleep(1)
    await agent.press("*3")
    await asyncio.sleep(3)
    await agent.hang_up()
    await caller.until_ended()
    await asyncio.sleep(0.3)
    s.evidence["recording_files"] = sorted(p.name for p in set((s.pbx.run / "spool/monitor").glob("*.wav")) - before)
    s.calls = [{
        "caller": CALLER, "called": "571001", "direction": "inbound", "rang": ["1001"], "answered_by": ["1001"],
        "digits": "", "transfers": [], "outcome": "answered", "talk_s": talk(agent), "ended_by": "called",
    }]  # fmt: skip


@scenario
async def conference_outside(s: Stage) -> None:
    """Conference with outsiders: a caller dials 5600, 1001 and a second caller join room 6000, they leave in turn,
    the first caller last. `caller` is the first in.
    """
    first = await (await s.inbound("5600")).until_up()
    await asyncio.sleep(1.5)
    agent = await (await s["1001"].dial("6000")).until_up()
    await asyncio.sleep(1.5)
    second = await (await s.inbound("5600", FROM_SECOND)).until_up()
    await asyncio.sleep(2)
    await agent.hang_up()
    await asyncio.sleep(1)
    await second.hang_up()
    await asyncio.sleep(1)
    await first.hang_up()
    s.calls = [{
        "caller": CALLER, "called": "5600", "direction": "inbound", "conference": "6000",
        "parties": sorted([CALLER, SECOND_CALLER, "1001"]), "answered_by": ["1001", SECOND_CALLER],
        "rang": [], "outcome": "answered", "transfers": [],
    }]  # fmt: skip


@scenario
async def conference_moved(s: Stage) -> None:
    """1001 talks with a caller and moves both into room 6002 by AMI Redirect, then 1002 dials the room; caller hangs
    up, then 1002, then 1001. CSTA Conferenced, no transfer.
    """
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1.5)
    first, second = await s.ami.leg_name("PJSIP/carrier"), await s.ami.leg_name("PJSIP/1001")
    await s.ami.action(
        "Redirect", ("Channel", first), ("ExtraChannel", second), ("Exten", "6002"), ("Context", "internal"), ("Priority", "1"),
    )  # fmt: skip
    await asyncio.sleep(2)
    third = await (await s["1002"].dial("6002")).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await asyncio.sleep(0.7)
    await third.hang_up()
    await asyncio.sleep(0.7)
    await agent.hang_up()
    s.calls = [{
        "caller": CALLER, "called": "551001", "direction": "inbound", "conference": "6002",
        "parties": sorted([CALLER, "1001", "1002"]), "answered_by": ["1001", "1002"], "outcome": "answered",
        "transfers": [], "rang": ["1001"],
    }]  # fmt: skip


@scenario
async def conference_two(s: Stage) -> None:
    """Conference of two: 1001 and 1002 dial 6000; 1001 leaves first."""
    first = await (await s["1001"].dial("6000")).until_up()
    await asyncio.sleep(1)
    second = await (await s["1002"].dial("6000")).until_up()
    await asyncio.sleep(2)
    await first.hang_up()
    await asyncio.sleep(0.5)
    await second.hang_up()
    s.calls = [{
        "caller": "1001", "called": "6000", "direction": "internal", "conference": "6000", "parties": ["1001", "1002"],
        "answered_by": ["1002"], "outcome": "answered", "transfers": [],
    }]  # fmt: skip
