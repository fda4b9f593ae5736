"""Calls that nobody answers: busy, rejected, unreachable, failed, given up, and the second trunk."""

import asyncio

from rig.leg import Answer, Behaviour, Reject, Ring, Silent
from rig.sip import Headers
from rig.stage import CALLER, Stage, scenario, talk

NUMBER = "8885551"


async def _outbound(s: Stage, behaviour: Behaviour, outcome: str, **more: object) -> None:
    """1001 dials outside and the far end does what the behaviour says."""
    s.carrier.numbers[NUMBER] = behaviour
    agent = await s["1001"].dial("9" + NUMBER)
    await agent.until_ended(40)
    s.evidence["sip_code_to_agent"] = agent.code
    s.calls = [{
        "caller": "1001", "called": NUMBER, "direction": "outbound", "rang": [], "answered_by": [], "transfers": [],
        "outcome": outcome, "talk_s": 0, **more,
    }]  # fmt: skip


@scenario
async def outbound_busy(s: Stage) -> None:
    """1001 dials 98885551: busy (486 after ringing 1 s)."""
    await _outbound(s, Reject(486, after_s=1), "busy", ended_by="called")


@scenario
async def outbound_busy_at_once(s: Stage) -> None:
    """1001 dials 98885551: busy at once (486 without ringing)."""
    await _outbound(s, Reject(486), "busy", ended_by="called")


@scenario
async def outbound_busy_everywhere(s: Stage) -> None:
    """1001 dials 98885551: busy everywhere (600)."""
    await _outbound(s, Reject(600, after_s=0.5), "busy", ended_by="called")


@scenario
async def outbound_no_answer(s: Stage) -> None:
    """1001 dials 98885551: rings 20 s, Dial() gives up."""
    await _outbound(s, Ring(), "no_answer", stage="ringing", ended_by="pbx")


@scenario
async def outbound_rejected(s: Stage) -> None:
    """1001 dials 98885551: rejected (603 after ringing)."""
    await _outbound(s, Reject(603, after_s=1), "rejected", ended_by="called")


@scenario
async def outbound_forbidden(s: Stage) -> None:
    """1001 dials 98885551: forbidden (403)."""
    await _outbound(s, Reject(403), "rejected")


@scenario
async def outbound_not_found(s: Stage) -> None:
    """1001 dials 98885551: not found (404)."""
    await _outbound(s, Reject(404), "unreachable", ended_by="pbx")


@scenario
async def outbound_timeout(s: Stage) -> None:
    """1001 dials 98885551: request time-out (408)."""
    await _outbound(s, Reject(408), "unreachable", ended_by="pbx")


@scenario
async def outbound_unavailable(s: Stage) -> None:
    """1001 dials 98885551: temporarily unavailable (480). No definition names 480: the truth does not name the
    outcome.
    """
    await _outbound(s, Reject(480), "")
    del s.calls[0]["outcome"]


@scenario
async def outbound_failed(s: Stage) -> None:
    """1001 dials 98885551: service unavailable (503)."""
    await _outbound(s, Reject(503), "failed", ended_by="pbx")


@scenario
async def outbound_server_error(s: Stage) -> None:
    """1001 dials 98885551: server error (500)."""
    await _outbound(s, Reject(500), "failed", ended_by="pbx")


@scenario
async def outbound_cancelled(s: Stage) -> None:
    """1001 dials 98885551 and hangs up while it rings."""
    s.carrier.numbers[NUMBER] = Ring()
    agent = await s["1001"].dial("9" + NUMBER)
    await agent.until_ringing()
    await asyncio.sleep(2)
    await agent.hang_up()
    s.calls = [{
        "caller": "1001", "called": NUMBER, "direction": "outbound", "rang": [], "answered_by": [], "transfers": [],
        "outcome": "abandoned", "stage": "ringing", "talk_s": 0, "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def failover_answered(s: Stage) -> None:
    """1001 dials 97770001: the first trunk answers 503, the second trunk's far end answers; 1001 hangs up."""
    s.carrier.behaviour, s.backup.behaviour = Reject(503), Answer(0.8)
    agent = await s["1001"].dial("97770001")
    far = await (await s.backup.next_leg()).until_up()
    await agent.until_up()
    await asyncio.sleep(2)
    await agent.hang_up()
    await far.until_ended()
    s.calls = [{
        "caller": "1001", "called": "7770001", "direction": "outbound", "rang": [], "answered_by": ["7770001"],
        "transfers": [], "diversions": [], "outcome": "answered", "talk_s": talk(far), "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def failover_busy(s: Stage) -> None:
    """1001 dials 97770001: the first trunk answers 503, the second is busy (486): the last one's outcome counts."""
    s.carrier.behaviour, s.backup.behaviour = Reject(503), Reject(486, after_s=0.8)
    agent = await s["1001"].dial("97770001")
    await agent.until_ended()
    s.calls = [{
        "caller": "1001", "called": "7770001", "direction": "outbound", "rang": [], "answered_by": [], "transfers": [],
        "diversions": [], "outcome": "busy", "talk_s": 0, "ended_by": "called",
    }]  # fmt: skip


@scenario
async def failover_failed(s: Stage) -> None:
    """1001 dials 97770001: both trunks answer 503."""
    s.carrier.behaviour, s.backup.behaviour = Reject(503), Reject(503)
    agent = await s["1001"].dial("97770001")
    await agent.until_ended()
    s.calls = [{
        "caller": "1001", "called": "7770001", "direction": "outbound", "rang": [], "answered_by": [], "transfers": [],
        "outcome": "failed", "talk_s": 0, "ended_by": "pbx",
    }]  # fmt: skip


@scenario
async def unreachable_unregistered(s: Stage) -> None:
    """Inbound 551006: the extension is not registered."""
    caller = await s.inbound("551006")
    await caller.until_ended()
    s.evidence["sip_code_to_caller"] = caller.code
    s.calls = [{
        "caller": CALLER, "called": "551006", "direction": "inbound", "rang": [], "answered_by": [], "transfers": [],
        "outcome": "unreachable", "talk_s": 0, "ended_by": "pbx",
    }]  # fmt: skip


@scenario
async def silent_phone(s: Stage) -> None:
    """Inbound 551001: the telephone has lost its power and never answers the INVITE; Dial() gives up after 15 s. The
    outcome (no_answer or unreachable) is disputable: the truth does not name it.
    """
    s["1001"].behaviour = Silent()
    caller = await s.inbound("551001")
    await caller.until_ended(40)
    s.calls = [{
        "caller": CALLER, "called": "551001", "direction": "inbound", "rang": [], "answered_by": [], "transfers": [],
        "talk_s": 0, "ended_by": "pbx",
    }]  # fmt: skip


@scenario
async def inbound_rejected(s: Stage) -> None:
    """Inbound 551001: the agent rejects with 603."""
    s["1001"].behaviour = Reject(603, after_s=1)
    caller = await s.inbound("551001")
    await caller.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "551001", "direction": "inbound", "rang": ["1001"], "answered_by": [], "transfers": [],
        "outcome": "rejected", "stage": "ringing", "talk_s": 0, "ended_by": "called",
    }]  # fmt: skip


@scenario
async def inbound_failed(s: Stage) -> None:
    """Inbound 551001: the telephone answers 503."""
    s["1001"].behaviour = Reject(503)
    caller = await s.inbound("551001")
    await caller.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "551001", "direction": "inbound", "rang": [], "answered_by": [], "transfers": [],
        "outcome": "failed", "talk_s": 0, "ended_by": "pbx",
    }]  # fmt: skip


@scenario
async def inbound_cancelled(s: Stage) -> None:
    """Inbound 551001: the caller hangs up while 1001 rings."""
    s["1001"].behaviour = Ring()
    caller = await s.inbound("551001")
    agent = await (await s["1001"].next_leg()).until_ringing()
    await asyncio.sleep(2)
    await caller.hang_up()
    await agent.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "551001", "direction": "inbound", "rang": ["1001"], "answered_by": [], "transfers": [],
        "outcome": "abandoned", "stage": "ringing", "talk_s": 0, "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def ring_group_cancelled(s: Stage) -> None:
    """Inbound 5200 rings 1001, 1002, 1003: 1001 is busy, the others ring; the caller hangs up."""
    s["1001"].behaviour, s["1002"].behaviour, s["1003"].behaviour = Reject(486), Ring(), Ring()
    caller = await s.inbound("5200")
    ringing = [await (await s[n].next_leg()).until_ringing() for n in ("1002", "1003")]
    await asyncio.sleep(2)
    await caller.hang_up()
    for leg in ringing:
        await leg.until_ended()
    s.calls = [{
        "caller": CALLER, "called": "5200", "direction": "inbound", "rang": ["1002", "1003"], "answered_by": [],
        "transfers": [], "outcome": "abandoned", "stage": "ringing", "talk_s": 0, "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def inbound_unknown_number(s: Stage) -> None:
    """Inbound number 4444 that the dial plan does not know: refused before anything is dialled, perhaps without any
    leg; then an ordinary call. The refused one is optional.
    """
    refused = await s.inbound("4444")
    await refused.until_ended()
    s.evidence["sip_code_to_caller"] = refused.code
    caller, agent = await s.answered_at("551001", "1001")
    await asyncio.sleep(1)
    await caller.hang_up()
    await agent.until_ended()
    s.calls = [
        {"caller": CALLER, "called": "551001", "direction": "inbound", "outcome": "answered", "talk_s": talk(agent)},
        {"caller": CALLER, "called": "4444", "direction": "inbound", "answered_by": [], "stage": "route"},
    ]
    s.optional_calls = [1]


@scenario
async def anonymous(s: Stage) -> None:
    """Withheld caller id: From is anonymous; 1001 answers; caller hangs up."""
    caller, agent = await s.answered_at(
        "551001", "1001", '"Anonymous" <sip:anonymous@anonymous.invalid>'
    )  # fmt: skip
    await asyncio.sleep(2)
    await caller.hang_up()
    await agent.until_ended()
    s.calls = [{
        "caller": None, "called": "551001", "direction": "inbound", "rang": ["1001"], "answered_by": ["1001"],
        "outcome": "answered", "talk_s": talk(agent), "ended_by": "caller",
    }]  # fmt: skip


@scenario
async def anonymous_asserted(s: Stage) -> None:
    """Caller id withheld by the network: From is anonymous, P-Asserted-Identity names the number with Privacy: id;
    1001 answers. Whether the record may show the number is disputable: the truth does not name `caller`.
    """
    headers = Headers().add("P-Asserted-Identity", f"<sip:{CALLER}@127.0.0.2>").add("Privacy", "id")
    caller = await s.carrier.dial("551001", '"Anonymous" <sip:anonymous@anonymous.invalid>', headers)
    agent = await (await s["1001"].next_leg()).until_up()
    await asyncio.sleep(2)
    await caller.hang_up()
    await agent.until_ended()
    s.calls = [{
        "called": "551001", "direction": "inbound", "rang": ["1001"], "answered_by": ["1001"], "outcome": "answered",
        "talk_s": talk(agent), "ended_by": "caller",
    }]  # fmt: skip
