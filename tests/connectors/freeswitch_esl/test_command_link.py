import asyncio
from pathlib import Path

import pytest
from support.scripted_freeswitch import CommandTalk, ScriptedFreeswitch, done_with
from support.virtual_time import in_virtual_time

from connectors.freeswitch_esl.protocol.commands import EslCommandDecoder
from connectors.freeswitch_esl.protocol.frames import encode_frame, encode_reply
from gateway.model.errors import CommandRefusedError, CommandUnansweredError, PeerUnavailableError


async def nothing(_: bytes) -> None:
    pass


@in_virtual_time
async def test_a_job_is_told_before_it_is_sent_and_brings_what_it_printed(tmp_path: Path) -> None:
    told: list[bytes] = []
    async with ScriptedFreeswitch() as pbx:

        async def before(data: bytes) -> None:
            assert pbx.asked("bgapi") == []
            told.append(data)

        pbx.replies["bgapi"] = done_with("true")
        talk = CommandTalk(pbx, tmp_path)
        async with talk as link:
            await asyncio.sleep(1)
            assert link.is_ready
            assert talk.remarks == [""]
            assert await link.job("uuid_exists a", 5.0, before) == "true"
        assert EslCommandDecoder().receive_data(told[0]) == pbx.asked("bgapi")
    assert not link.is_ready


@in_virtual_time
async def test_each_job_has_an_id_of_its_own(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx:
        pbx.replies["bgapi"] = done_with("+OK")
        async with CommandTalk(pbx, tmp_path) as link:
            await asyncio.sleep(1)
            await asyncio.gather(*(link.job("status", 5.0, nothing) for _ in range(20)))
        assert len({command.header("Job-UUID") for command in pbx.asked("bgapi")}) == 20


@in_virtual_time
async def test_without_a_connection_nothing_is_sent(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx:
        pbx.replies["auth"] = lambda _: None
        async with CommandTalk(pbx, tmp_path) as link:
            await asyncio.sleep(1)
            with pytest.raises(PeerUnavailableError, match="fs1"):
                await link.job("status", 5.0, nothing)
        assert pbx.asked("bgapi") == []


@in_virtual_time
async def test_a_lost_connection_is_made_again_and_the_job_is_not(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx:
        talk = CommandTalk(pbx, tmp_path)
        async with talk as link:
            await asyncio.sleep(1)
            job = asyncio.create_task(link.job("uuid_kill a", 60.0, nothing))
            await asyncio.sleep(0.1)
            pbx.cut()
            with pytest.raises(CommandUnansweredError, match="the connection ended first"):
                await job
            await asyncio.sleep(5)
            assert link.is_ready
        assert pbx.connections == 2
        assert len(pbx.asked("bgapi")) == 1
        assert talk.remarks[0] == talk.remarks[-1] == ""
        assert talk.remarks[1].startswith("no commands go out: ")


@in_virtual_time
async def test_a_user_without_the_results_event_is_told_what_is_missing(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx:
        pbx.replies["event"] = lambda _: encode_reply("-ERR no keywords supplied")
        talk = CommandTalk(pbx, tmp_path)
        async with talk as link:
            await asyncio.sleep(1)
            assert not link.is_ready
        assert "BACKGROUND_JOB" in talk.remarks[0]
        assert "esl-allowed-events" in talk.remarks[0]


@in_virtual_time
async def test_a_silent_server_is_given_up_for_commands_too(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx:
        talk = CommandTalk(pbx, tmp_path, ping_interval_s=1, dead_after_s=3)
        async with talk as link:
            await asyncio.sleep(1)
            assert link.is_ready
            pbx.replies["nixevent"] = lambda _: None
            await asyncio.sleep(10)
        assert any("silent" in remark for remark in talk.remarks)
        assert pbx.connections >= 2


@in_virtual_time
async def test_what_is_no_event_socket_is_named(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx:
        pbx.greeting = b"HTTP/1.1 400 Bad Request\r\n\r\n"
        talk = CommandTalk(pbx, tmp_path)
        async with talk:
            await asyncio.sleep(1)
        assert "not a FreeSWITCH event socket" in talk.remarks[0]


@in_virtual_time
async def test_a_shutdown_is_told(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx:
        talk = CommandTalk(pbx, tmp_path)
        async with talk:
            await asyncio.sleep(1)
            pbx.say(encode_frame("text/disconnect-notice", "Disconnected, goodbye.\n"))
            await asyncio.sleep(0.05)
            assert "goodbye" in talk.remarks[-1]


@in_virtual_time
async def test_a_line_end_is_refused_and_the_connection_stays(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx:
        pbx.replies["bgapi"] = done_with("+OK")
        async with CommandTalk(pbx, tmp_path) as link:
            await asyncio.sleep(1)
            with pytest.raises(CommandRefusedError, match="line end"):
                await link.job("uuid_kill a\n\nexit", 5.0, nothing)
            assert await link.job("status", 5.0, nothing) == "+OK"
        assert pbx.connections == 1
