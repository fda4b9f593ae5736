from collections.abc import Sequence

import pytest
from support.ami_bench import SITE

from connectors.asterisk_ami.directory import MAX_ENDPOINTS, read_directory
from connectors.asterisk_ami.protocol import AmiDecoder, AmiMessage
from gateway.model.directory import Found, Source


def messages(*texts: str) -> list[AmiMessage]:
    data = "".join("\r\n".join(text.split("|")) + "\r\n\r\n" for text in texts)
    return AmiDecoder().receive_data(data.encode())


DENIED = messages("Response: Error|Message: Permission denied")
UNKNOWN = messages("Response: Error|Message: Invalid/unknown command")
USERS = messages(
    "Response: Success|EventList: start",
    "Event: DBGetTreeResponse|Key: /AMPUSER/1001/cidname|Val: Wang Fang",
    "Event: DBGetTreeResponse|Key: /AMPUSER/1001/cidnum|Val: 1001",
    "Event: DBGetTreeResponse|Key: /AMPUSER/1002/cidname|Val: ",
    "Event: DBGetTreeComplete|EventList: Complete",
)
ENDPOINTS = messages(
    "Response: Success|EventList: start",
    "Event: EndpointList|ObjectName: 1001|DeviceState: Not in use",
    "Event: EndpointList|ObjectName: 1002|DeviceState: Not in use",
    "Event: EndpointList|ObjectName: carrier|DeviceState: Not in use",
)
PEERS = messages("Response: Success", "Event: PeerEntry|ObjectName: 1003|Description: Reception")
QUEUES = messages(
    "Response: Success|EventList: start",
    "Event: QueueParams|Queue: support|Strategy: ringall",
    "Event: QueueMember|Queue: support|Name: Desk 1001|Location: Local/1001@from-queue/n|StateInterface: hint:1001@ext-local",
    "Event: QueueMember|Queue: support|Name: PJSIP/1004|Location: PJSIP/1004",
    "Event: QueueParams|Queue: vip|Strategy: ringall",
)


class Pbx:
    """Answers actions by their names."""

    def __init__(self, **answers: list[AmiMessage]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def __call__(self, name: str, headers: Sequence[tuple[str, str]] = ()) -> list[AmiMessage]:
        self.asked.append(" ".join([name, *(value for _, value in headers)]))
        if name == "PJSIPShowEndpoint" and name not in self.answers:
            return messages("Response: Success", f'Event: EndpointDetail|Callerid: "Agent {headers[0][1]}" <{headers[0][1]}>')
        return self.answers.get(name, UNKNOWN)


async def test_a_freepbx_tells_its_users_and_asks_nobody_for_what_is_known() -> None:
    pbx = Pbx(DBGetTree=USERS, PJSIPShowEndpoints=ENDPOINTS, QueueStatus=QUEUES, SIPpeers=PEERS)
    directory = await read_directory(pbx, SITE)

    assert directory.agents == (
        Found(extension="1001", name="Wang Fang", source=Source.USERS),
        Found(extension="1002", name="Agent 1002", source=Source.ENDPOINTS),
        Found(extension="1003", name="Reception", source=Source.ENDPOINTS),
        Found(extension="1004", name=None, source=Source.MEMBERS),
    )
    assert directory.queues == ("support", "vip")
    assert directory.remarks == ()
    assert "PJSIPShowEndpoint 1001" not in pbx.asked
    assert "DBGetTree AMPUSER" in pbx.asked


async def test_what_is_not_granted_is_said_with_the_line_to_change() -> None:
    directory = await read_directory(Pbx(DBGetTree=DENIED, PJSIPShowEndpoints=DENIED, QueueStatus=QUEUES), SITE)

    assert [each.extension for each in directory.agents] == ["1001", "1004"]
    assert directory.agents[0].name == "Desk 1001"
    reporting, system = directory.remarks
    assert "`write = reporting` in manager.conf" in reporting
    assert "`write = system` in manager.conf" in system


async def test_a_pbx_that_tells_nothing_has_nobody() -> None:
    directory = await read_directory(Pbx(), SITE)
    assert (directory.agents, directory.queues, directory.remarks) == ((), (), ())


@pytest.mark.parametrize("text", ["<unknown>", '"" <1001>', "1001", ""])
async def test_a_telephone_without_a_name_has_none(text: str) -> None:
    details = messages("Response: Success", f"Event: EndpointDetail|Callerid: {text}")
    directory = await read_directory(Pbx(PJSIPShowEndpoints=ENDPOINTS, PJSIPShowEndpoint=details), SITE)
    assert [each.name for each in directory.agents] == [None, None]


async def test_of_very_many_telephones_not_all_are_asked_for_their_names() -> None:
    many = messages("Response: Success", *(f"Event: EndpointList|ObjectName: {1000 + n}" for n in range(600)))
    pbx = Pbx(PJSIPShowEndpoints=many)
    directory = await read_directory(pbx, SITE)
    assert len(directory.agents) == 600
    assert sum(action.startswith("PJSIPShowEndpoint ") for action in pbx.asked) == MAX_ENDPOINTS
