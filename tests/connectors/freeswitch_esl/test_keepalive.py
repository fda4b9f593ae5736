import asyncio
from pathlib import Path

import pytest
from support.scripted_freeswitch import ScriptedFreeswitch, Talk
from support.virtual_time import in_virtual_time

from connectors.freeswitch_esl.keepalive import QUESTION, keep_alive
from connectors.freeswitch_esl.protocol.frames import encode_event
from gateway.model.errors import PeerUnavailableError


@in_virtual_time
async def test_the_pbx_is_asked_regularly_and_nothing_is_changed_by_it(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, Talk(pbx, tmp_path) as link:
        asking = asyncio.create_task(keep_alive(link, pbx.settings(ping_interval_s=5)))
        await asyncio.sleep(61)
        assert not asking.done()
        asking.cancel()
        assert {command.name for command in pbx.heard} == {QUESTION}
        assert len(pbx.heard) == 13


@in_virtual_time
async def test_a_silent_server_is_given_up_after_its_time(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, Talk(pbx, tmp_path) as link:
        pbx.replies[QUESTION] = lambda _: None
        began = asyncio.get_running_loop().time()
        with pytest.raises(PeerUnavailableError, match="silent for 15 s"):
            await keep_alive(link, pbx.settings(ping_interval_s=5, dead_after_s=15))
        # The greeting's bytes came in the first of them.
        assert 15 <= asyncio.get_running_loop().time() - began <= 20


@in_virtual_time
async def test_a_pbx_that_only_says_events_lives(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, Talk(pbx, tmp_path) as link:
        pbx.replies[QUESTION] = lambda _: None
        asking = asyncio.create_task(keep_alive(link, pbx.settings(ping_interval_s=5, dead_after_s=15)))
        for _ in range(30):
            await asyncio.sleep(4)
            pbx.say(encode_event([("Event-Name", "HEARTBEAT")]))
        assert not asking.done()
        asking.cancel()
