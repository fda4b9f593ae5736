import asyncio
from pathlib import Path
from typing import Final

import pytest
from support.scripted_freeswitch import ScriptedFreeswitch, Talk, done_with, printed, result
from support.virtual_time import in_virtual_time

from connectors.freeswitch_esl import link as link_module
from connectors.freeswitch_esl.protocol.frames import encode_frame, encode_reply
from connectors.freeswitch_esl.protocol.message import MessageKind
from gateway.model.errors import CommandRefusedError, CommandUnansweredError, PeerRefusedError, PeerUnavailableError

TIMEOUT_S: Final = 5.0


@in_virtual_time
async def test_the_greeting_is_told_to_who_waits_for_it(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, Talk(pbx, tmp_path) as link:
        assert (await link.greeting).kind is MessageKind.AUTH_REQUEST


@in_virtual_time
async def test_answers_go_to_the_questions_in_their_order(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, Talk(pbx, tmp_path) as link:
        pbx.replies["api"] = lambda command: printed(f"it is {command.argument}")
        answers = await asyncio.gather(*(link.ask("api", f"echo {count}", TIMEOUT_S) for count in range(50)))
    assert [answer.body for answer in answers] == [f"it is echo {count}" for count in range(50)]


@in_virtual_time
async def test_an_answer_that_was_given_up_is_not_taken_for_the_next_one(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, Talk(pbx, tmp_path) as link:
        pbx.replies["api"] = lambda _: None
        with pytest.raises(CommandUnansweredError, match="no answer to api within 5 s"):
            await link.ask("api", "slow", TIMEOUT_S)
        second = asyncio.create_task(link.ask("api", "quick", TIMEOUT_S))
        await asyncio.sleep(0.1)
        pbx.say(printed("slow's") + printed("quick's"))
        assert (await second).body == "quick's"


@in_virtual_time
async def test_a_patient_question_waits_while_we_ourselves_are_behind(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, Talk(pbx, tmp_path) as link:
        pbx.replies["api"] = lambda _: None
        link.consuming = True
        asked = asyncio.create_task(link.ask("api", "show channels", TIMEOUT_S, patient=True))
        await asyncio.sleep(3 * TIMEOUT_S)
        assert not asked.done()
        pbx.say(printed("at last"))
        assert (await asked).body == "at last"


@in_virtual_time
async def test_a_blocked_api_is_unanswered_in_time(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, Talk(pbx, tmp_path) as link:
        pbx.replies["api"] = lambda _: None
        with pytest.raises(CommandUnansweredError):
            await link.ask("api", "msleep 2500", TIMEOUT_S)
        assert len(pbx.heard) == 1


@in_virtual_time
async def test_jobs_end_in_any_order(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, Talk(pbx, tmp_path) as link:
        jobs = [asyncio.create_task(link.job(f"echo {job}", job, TIMEOUT_S)) for job in ("j1", "j2")]
        await asyncio.sleep(0.1)
        pbx.say(result("j2", "second") + result("unknown", "not ours") + result("j1", "first"))
        assert [await job for job in jobs] == ["first", "second"]
        assert [command.header("Job-UUID") for command in pbx.asked("bgapi")] == ["j1", "j2"]


@in_virtual_time
async def test_a_job_that_is_done_before_its_reply_is_read_is_done(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, Talk(pbx, tmp_path) as link:
        pbx.replies["bgapi"] = done_with("+OK\n")
        assert await link.job("uuid_kill x", "j1", TIMEOUT_S) == "+OK\n"


@in_virtual_time
async def test_a_job_that_the_pbx_does_not_take_is_refused(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, Talk(pbx, tmp_path) as link:
        pbx.replies["bgapi"] = lambda _: encode_reply("-ERR permission denied")
        with pytest.raises(CommandRefusedError, match=r"^permission denied$"):
            await link.job("originate x", "j1", TIMEOUT_S)


@in_virtual_time
async def test_a_job_without_a_result_is_unanswered(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, Talk(pbx, tmp_path) as link:
        with pytest.raises(CommandUnansweredError, match="no result of originate within 5 s"):
            await link.job("originate x", "j1", TIMEOUT_S)


@in_virtual_time
async def test_a_line_end_is_not_sent(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, Talk(pbx, tmp_path) as link:
        with pytest.raises(CommandRefusedError, match="line end"):
            await link.ask("api", "status\n\nexit", TIMEOUT_S)
        await link.ask("api", "status", TIMEOUT_S)
        assert [command.name for command in pbx.heard] == ["api"]


@in_virtual_time
async def test_more_questions_than_wait_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "MAX_WAITING", 2)
    async with ScriptedFreeswitch() as pbx, Talk(pbx, tmp_path) as link:
        pbx.replies["api"] = lambda _: None
        waiting = [asyncio.create_task(link.ask("api", "slow", TIMEOUT_S)) for _ in range(2)]
        await asyncio.sleep(0.1)
        with pytest.raises(CommandRefusedError, match="2 commands wait"):
            await link.ask("api", "one more", TIMEOUT_S)
        await asyncio.wait(waiting)
        assert all(isinstance(task.exception(), CommandUnansweredError) for task in waiting)


@in_virtual_time
async def test_a_bare_end_of_file_ends_all_that_wait(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx:
        pbx.replies["api"] = lambda _: None
        async with Talk(pbx, tmp_path) as link:
            asked = asyncio.create_task(link.ask("api", "slow", TIMEOUT_S))
            await asyncio.sleep(0.1)
            pbx.cut()
            await asyncio.sleep(0.1)
            assert isinstance(link.failure, PeerUnavailableError)
            assert "closed the connection" in str(link.failure)
            link.answer_nothing_more()
            with pytest.raises(CommandUnansweredError, match="the connection ended first"):
                await asked
            with pytest.raises(CommandUnansweredError, match="was not sent"):
                await link.ask("api", "later", TIMEOUT_S)


@in_virtual_time
async def test_a_disconnect_notice_says_why_it_ends(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx, Talk(pbx, tmp_path) as link:
        await link.greeting
        pbx.say(encode_frame("text/disconnect-notice", "Disconnected, goodbye.\nSee you at ClueCon!\n"))
        await asyncio.sleep(0.1)
        assert "goodbye: Disconnected, goodbye." in str(link.failure)


@in_virtual_time
async def test_an_access_list_that_keeps_us_out_is_named(tmp_path: Path) -> None:
    async with ScriptedFreeswitch() as pbx:
        pbx.greeting = encode_frame("text/rude-rejection", "Access Denied, go away.\n")
        async with Talk(pbx, tmp_path) as link:
            await asyncio.sleep(0.1)
            assert isinstance(link.failure, PeerRefusedError)
            assert "apply-inbound-acl" in str(link.failure)
            pbx.cut()
            await asyncio.sleep(0.1)
            assert isinstance(link.failure, PeerRefusedError)
            link.answer_nothing_more()
            with pytest.raises(PeerUnavailableError, match="access list"):
                await link.greeting
