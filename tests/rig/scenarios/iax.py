"""A trunk by IAX2: its legs have other names (``IAX2/exchange-4711``). The exchange is a second Asterisk."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from rig.asterisk import Asterisk
from rig.leg import Answer, Reject
from rig.phone import Phone
from rig.site import CARRIER_HOST
from rig.stage import CALLER, CALLER_NAME, FROM_CALLER, Stage, scenario, talk

_PEER = """
[{name}]
type = friend
username = {login}
secret = iax-secret
auth = md5
host = 127.0.0.1
port = {port}
context = {context}
qualify = no
"""
_DIALPLAN = """
[from-site]
exten => _6X.,1,Dial(PJSIP/${EXTEN}@carrier,20)
 same => n,Hangup(${HANGUPCAUSE})
[from-carrier](+)
exten => _*X.,1,Dial(IAX2/site/${EXTEN:1})
 same => n,Hangup(${HANGUPCAUSE})
"""


@contextlib.asynccontextmanager
async def _exchange(s: Stage) -> AsyncIterator[Phone]:
    """The second Asterisk, tied to the site by IAX2, and a subscriber of it."""
    peer = _PEER.format(name="site", login="exchange", port=s.pbx.ports.iax, context="from-site")
    async with Asterisk(s.pbx.major, {"iax.conf": peer, "extensions.conf": _DIALPLAN}) as exchange:
        peer = _PEER.format(name="exchange", login="site", port=exchange.ports.iax, context="from-carrier")
        settings = s.pbx.run / "etc/iax.conf"
        before = await asyncio.to_thread(settings.read_text)
        await asyncio.to_thread(settings.write_text, before + peer)
        await s.pbx.cli("module reload chan_iax2.so")
        subscriber = await Phone("subscriber", exchange.sip, CARRIER_HOST, exchange.ports.carrier).open()
        s.ensemble.guests.append(subscriber)
        try:
            yield subscriber
        finally:
            await subscriber.close()
            await asyncio.to_thread(settings.write_text, before)
            await s.pbx.cli("module reload chan_iax2.so")


@scenario
async def iax_inbound(s: Stage) -> None:
    """A call that arrives by the IAX2 trunk; 1001 answers; agent hangs up."""
    async with _exchange(s) as subscriber:
        caller = await subscriber.dial("*551001", FROM_CALLER)
        agent = await (await s["1001"].next_leg()).until_up()
        await caller.until_up()
        await asyncio.sleep(1.5)
        await agent.hang_up()
        await caller.until_ended()
        s.calls = [{
            "caller": CALLER, "caller_name": CALLER_NAME, "called": "551001", "direction": "inbound", "rang": ["1001"],
            "answered_by": ["1001"], "transfers": [], "outcome": "answered", "talk_s": talk(agent), "ended_by": "called",
        }]  # fmt: skip


@scenario
async def iax_outbound(s: Stage) -> None:
    """1001 dials 96660001 by the IAX2 trunk; the far end answers; 1001 hangs up."""
    async with _exchange(s) as subscriber:
        subscriber.behaviour = Answer(0.8)
        agent = await s["1001"].dial("96660001")
        far = await (await subscriber.next_leg()).until_up()
        await agent.until_up()
        await asyncio.sleep(1.5)
        await agent.hang_up()
        await far.until_ended()
        s.calls = [{
            "caller": "1001", "called": "6660001", "direction": "outbound", "rang": [], "answered_by": ["6660001"],
            "transfers": [], "outcome": "answered", "talk_s": talk(far), "ended_by": "caller",
        }]  # fmt: skip


@scenario
async def iax_outbound_busy(s: Stage) -> None:
    """1001 dials 96660001 by the IAX2 trunk: busy."""
    async with _exchange(s) as subscriber:
        subscriber.behaviour = Reject(486, after_s=0.8)
        agent = await s["1001"].dial("96660001")
        await agent.until_ended()
        s.calls = [{
            "caller": "1001", "called": "6660001", "direction": "outbound", "rang": [], "answered_by": [],
            "transfers": [], "outcome": "busy", "talk_s": 0, "ended_by": "called",
        }]  # fmt: skip


@scenario
async def iax_blind_transfer(s: Stage) -> None:
    """A call by the IAX2 trunk; 1001 transfers blind by REFER to 1002, who answers; caller hangs up."""
    async with _exchange(s) as subscriber:
        caller = await subscriber.dial("*551001", FROM_CALLER)
        agent = await (await s["1001"].next_leg()).until_up()
        await caller.until_up()
        await asyncio.sleep(1)
        await agent.refer("1002")
        await asyncio.sleep(0.2)
        await agent.hang_up()
        second = await (await s["1002"].next_leg()).until_up()
        await asyncio.sleep(1.5)
        await caller.hang_up()
        await second.until_ended()
        s.calls = [{
            "caller": CALLER, "called": "551001", "direction": "inbound", "rang": ["1001", "1002"],
            "answered_by": ["1001", "1002"], "outcome": "answered", "talk_s": talk(agent, second), "ended_by": "caller",
            "transfers": [{"kind": "blind", "by": "1001", "to": "1002", "result": "completed"}],
        }]  # fmt: skip
