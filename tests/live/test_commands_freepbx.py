"""Call control at the FreePBX-style site: Local members, routines, forwards in astdb; PJSIP telephones and chan_sip's."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest
from rig.freepbx_site import USERS, FreepbxAsterisk
from rig.freepbx_stage import CHEN, DID, FAR, SENT, FreepbxEnsemble
from rig.leg import Answer, PhoneLeg
from support.commanded_desk import SETTLED_S, Commanded, connected, heard, say

from connectors.asterisk_ami.settings import AstdbSettings, CommandSettings
from connectors.asterisk_ami.snippet import files
from gateway.model.commands import (
    CompleteTransfer,
    Consult,
    ForwardingKind,
    Hold,
    LogIn,
    LogOut,
    PlaceCall,
    Retrieve,
    SetDoNotDisturb,
    SetForwarding,
    SetPause,
)
from gateway.model.ids import QueueName
from gateway.model.reports import MemberChanged
from gateway.model.secret import Secret
from gateway.model.site import site_from

pytestmark = [pytest.mark.live, pytest.mark.slow]

USER: Final = "tieline"


@pytest.fixture(scope="module", params=[(22, "PJSIP"), (16, "SIP")], ids=["22-PJSIP", "16-SIP"])
def site(request: pytest.FixtureRequest) -> Iterator[FreepbxAsterisk]:
    major, tech = request.param
    music = {"extensions.conf": files(str(major))["extensions.conf"]}
    pbx = FreepbxAsterisk(major, tech, append=music)
    asyncio.run(pbx.__aenter__())
    yield pbx
    asyncio.run(pbx.__aexit__())


@pytest.fixture
async def phones(site: FreepbxAsterisk) -> AsyncIterator[FreepbxEnsemble]:
    async with FreepbxEnsemble(site) as ensemble:
        yield ensemble
        await ensemble.tidy()


@pytest.fixture
async def desk(site: FreepbxAsterisk, phones: FreepbxEnsemble, tmp_path: Path) -> AsyncIterator[Commanded]:
    commands = CommandSettings(
        context="from-internal",
        device=f"{site.tech}/{{extension}}",
        member="Local/{extension}@from-queue/n",
        member_state="hint:{extension}@ext-local",
        hold_context="tieline-hold",
        astdb=AstdbSettings(),
    )
    known = site_from(site.site)
    async with connected(site, tmp_path, username=USER, secret=Secret(USERS[USER]), site=known, commands=commands) as (
        connector,
        sink,
    ):
        yield Commanded(site, connector, sink, known)


async def queue_call(site: FreepbxAsterisk, phones: FreepbxEnsemble, queue: str) -> tuple[PhoneLeg, PhoneLeg]:
    """A caller whom 8001 answers out of a queue whose members are Local legs."""
    await site.cli(f"database put DID {DID} ext-queues,{queue},1")
    for number in ("8002", "8003", "8004"):
        phones.desks[number].behaviour = Answer(9.0)
    caller = await phones.east.dial(DID, f'"{CHEN[1]}" <sip:{CHEN[0]}@{phones.east.host}>')
    agent = await (await phones.desks["8001"].next_leg()).until_up()
    await caller.until_up()
    say(caller, "caller")
    say(agent, "8001")
    await asyncio.sleep(SETTLED_S)
    return caller, agent


async def test_a_queues_caller_is_held_taken_back_and_handed_over(desk: Commanded, phones: FreepbxEnsemble) -> None:
    assert isinstance(desk.pbx, FreepbxAsterisk)
    caller, agent = await queue_call(desk.pbx, phones, "7003")
    assert (heard(caller), heard(agent)) == ({"8001"}, {"caller"})
    await desk.order(Hold(by="8001"), desk.call("8001"))
    await asyncio.sleep(SETTLED_S)
    assert (heard(caller), heard(agent)) == ({"music"}, set())
    await desk.order(Retrieve(by="8001"), desk.call("8001"))
    await asyncio.sleep(SETTLED_S)
    assert (heard(caller), heard(agent)) == ({"8001"}, {"caller"})
    phones.desks["8005"].behaviour = Answer(0.5)
    await desk.order(Consult(by="8001", to="8005"), desk.call("8001"))
    second = await (await phones.desks["8005"].next_leg()).until_up()
    say(second, "8002")
    await asyncio.sleep(SETTLED_S)
    assert (heard(agent), heard(second)) == ({"8002"}, {"8001"})
    await desk.order(CompleteTransfer(by="8001"), desk.call(CHEN[0]), desk.call("8005"))
    await agent.until_ended()
    await asyncio.sleep(SETTLED_S)
    assert (heard(caller), heard(second)) == ({"8002"}, {"caller"})
    await caller.hang_up()
    record = await desk.over()
    (transfer,) = record["transfers"]
    assert (transfer["kind"], transfer["by"], transfer["to"], transfer["result"]) == ("attended", "8001", "8005", "completed")
    assert (record["queue"], record["answered_by"], record["ended_by"]) == ("7003", ["8001", "8005"], "caller")


async def test_click_to_dial_by_the_routines_of_the_site(desk: Commanded, phones: FreepbxEnsemble) -> None:
    await desk.order(PlaceCall(extension="8001", number=FAR))
    agent = await (await phones.desks["8001"].next_leg()).until_up()
    far = await (await phones.east.next_leg()).until_up()
    say(agent, "8001")
    say(far, "far")
    await asyncio.sleep(SETTLED_S)
    assert FAR in agent.shown
    assert (far.dialled, heard(agent), heard(far)) == (SENT, {"far"}, {"8001"})
    await far.hang_up()
    record = await desk.over()
    assert (record["caller"], record["called"], record["direction"]) == ("8001", SENT, "outbound")
    assert (record["outcome"], record["ended_by"]) == ("answered", "called")


async def test_members_behind_local_legs_come_pause_and_go(desk: Commanded) -> None:
    queue = QueueName("7004")

    def last() -> MemberChanged:
        return [event for event in desk.sink.named(MemberChanged) if isinstance(event, MemberChanged) and event.queue == queue][
            -1
        ]

    await desk.order(LogIn(queue=queue, extension="8005", name="Zhao Min"))
    await desk.order(SetPause(extension="8005", paused=True, reason="午休"))
    await desk.sink.until(lambda: last().paused, 10)
    assert (last().interface, last().member, last().reason) == ("Local/8005@from-queue/n", "Zhao Min", "午休")
    await desk.order(LogOut(queue=queue, extension="8005"))
    await desk.sink.until(lambda: last().removed, 10)


async def test_forward_and_do_not_disturb_are_obeyed_by_the_sites_own_routines(desk: Commanded, phones: FreepbxEnsemble) -> None:
    await desk.order(SetForwarding(extension="8001", kind=ForwardingKind.UNCONDITIONAL, to="8002"))
    caller = await phones.desks["8003"].dial("8001")
    await (await phones.desks["8002"].next_leg()).until_up()
    await (await caller.until_up()).hang_up()
    await desk.order(SetForwarding(extension="8001", kind=ForwardingKind.UNCONDITIONAL, to=None))
    await desk.order(SetDoNotDisturb(extension="8001", on=True))
    caller = await phones.desks["8003"].dial("8001")
    await caller.until_ended()
    assert phones.desks["8001"].incoming.empty()
    await desk.order(SetDoNotDisturb(extension="8001", on=False))
    caller = await phones.desks["8003"].dial("8001")
    await (await phones.desks["8001"].next_leg()).until_up()
    await (await caller.until_up()).hang_up()
