import asyncio
from pathlib import Path
from random import Random
from typing import Final

import pytest
from support.fake_asterisk import SECRET, FakeAsterisk, block
from support.virtual_time import clock, in_virtual_time

from connectors._kit.drain import Direction, Drain
from connectors.asterisk_ami import link as link_module
from connectors.asterisk_ami.link import AmiLink
from connectors.asterisk_ami.protocol import AmiDecoder, decode_action
from gateway.model.errors import CommandUnansweredError, PeerRefusedError, PeerUnavailableError

TIMEOUT_S: Final = 5.0


class Talk:
    """A link to a scripted PBX with the least that reads it."""

    def __init__(self, folder: Path) -> None:
        self.asterisk = FakeAsterisk(clock)
        self._folder = folder
        self.told: list[str] = []

    async def __aenter__(self) -> AmiLink:
        await self.asterisk.listen()
        stream = await asyncio.open_connection("127.0.0.1", self.asterisk.port)
        drain = Drain(self._folder, 1 << 20, 1 << 20, lambda _: None)
        self.link = AmiLink(stream, drain, AmiDecoder(), clock, f"t{Random(1).random()}-")
        self._tasks = [asyncio.create_task(self.link.read()), asyncio.create_task(self._consume())]
        return self.link

    async def __aexit__(self, *_: object) -> None:
        self.link.answer_nothing_more()
        await asyncio.gather(*self._tasks)
        await self.asterisk.stop()

    async def _consume(self) -> None:
        while pieces := await self.link.drain.take():
            for piece in pieces:
                if piece.direction is Direction.SENT:
                    self.told.append(decode_action(piece.data)[0])
                    continue
                for message in self.link.decoder.receive_data(piece.data):
                    self.link.take_note(message, piece.at)


async def log_in(link: AmiLink) -> None:
    assert await link.greeting == "Asterisk Call Manager/11.0.0"
    await link.log_in_with("Login", [("Username", "tieline"), ("Secret", SECRET)], TIMEOUT_S)


@in_virtual_time
async def test_login_opens_the_session_and_is_told_to_nobody(tmp_path: Path) -> None:
    talk = Talk(tmp_path)
    async with talk as link:
        await log_in(link)
        assert link.logged_in_at == clock()
        await link.ask("Ping", (), TIMEOUT_S)
    assert talk.told == ["Ping"]


@in_virtual_time
async def test_refused_login_opens_nothing(tmp_path: Path) -> None:
    async with Talk(tmp_path) as link:
        (answer,) = await link.log_in_with("Login", [("Username", "tieline"), ("Secret", "no")], TIMEOUT_S)
        assert answer.name == "Error"
        assert link.logged_in_at is None


@in_virtual_time
async def test_each_action_has_an_id_of_its_own(tmp_path: Path) -> None:
    talk = Talk(tmp_path)
    async with talk as link:
        await log_in(link)
        await asyncio.gather(*(link.ask("Ping", (), TIMEOUT_S) for _ in range(20)))
    ids = [action["actionid"] for action in talk.asterisk.asked]
    assert len(set(ids)) == len(ids) == 21


@in_virtual_time
async def test_list_is_complete_with_its_last_event(tmp_path: Path) -> None:
    talk = Talk(tmp_path)
    async with talk as link:
        await log_in(link)
        talk.asterisk.replies["parkinglots"] = lambda action: (
            block(Response="Success", ActionID=action["actionid"], EventList="start")
            + block(Event="Parkinglot", ActionID=action["actionid"], Name="default")
            + block(Event="Parkinglot", ActionID="somebody else's", Name="other")
            + block(Event="ParkinglotsComplete", ActionID=action["actionid"], EventList="Cancelled")
        )
        answer = await link.ask("Parkinglots", (), TIMEOUT_S)
        assert [message.name for message in answer.messages] == ["Success", "Parkinglot", "ParkinglotsComplete"]


@in_virtual_time
async def test_endless_list_is_not_kept_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "MAX_LIST_ITEMS", 10)
    talk = Talk(tmp_path)
    async with talk as link:
        await log_in(link)
        talk.asterisk.replies["status"] = lambda action: (
            block(Response="Success", ActionID=action["actionid"], EventList="start")
            + block(Event="Status", ActionID=action["actionid"]) * 100
            + block(Event="StatusComplete", ActionID=action["actionid"], EventList="Complete")
        )
        assert len((await link.ask("Status", (), TIMEOUT_S)).messages) == 11


@in_virtual_time
async def test_patient_question_waits_while_we_are_behind(tmp_path: Path) -> None:
    talk = Talk(tmp_path)
    async with talk as link:
        await log_in(link)
        talk.asterisk.replies["getvar"] = lambda _action: None
        link.consuming = True
        asking = asyncio.create_task(link.ask("Getvar", (), TIMEOUT_S, patient=True))
        await asyncio.sleep(100)
        assert not asking.done()
        link.consuming = False
        with pytest.raises(CommandUnansweredError):
            await asking


@in_virtual_time
async def test_first_reason_stands_but_a_refusal_is_the_truth(tmp_path: Path) -> None:
    async with Talk(tmp_path) as link:
        link.fail(PeerUnavailableError("first"))
        link.fail(PeerUnavailableError("second"))
        assert str(link.failure) == "first"
        link.fail(PeerRefusedError("refused"))
        assert str(link.failure) == "refused"
        with pytest.raises(CommandUnansweredError, match="was not sent"):
            await link.ask("Ping", (), TIMEOUT_S)
