from support.esl_script import BEGAN_AT, Script, talking

from connectors.freeswitch_esl.mapping import WANTED, EslMapper
from connectors.freeswitch_esl.protocol.commands import EslCommandDecoder
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from gateway.model.events import ConnectionLost, ConnectionMade, LegTransferred, ReleaseRequested
from gateway.model.site import Site


def test_times_are_freeswitchs_own() -> None:
    script = Script().later(1.5).comes_in()
    assert script.events[-1].at == BEGAN_AT + 1.5


def test_a_time_that_no_calendar_has_is_when_it_came() -> None:
    for stamp in ("", "nonsense", "99999999999999999999", "0", "-5"):
        mapper = EslMapper(Site())
        head = b"Content-Type: auth/request\n\n"
        event = f"Event-Name: SHUTDOWN\nEvent-Date-Timestamp: {stamp}\n\n".encode()
        wire = head + f"Content-Length: {len(event)}\nContent-Type: text/event-plain\n\n".encode() + event
        (_, message) = EslDecoder(WANTED).receive_data(wire)
        (told,) = mapper.receive(message, 7.0)
        assert told.at == 7.0


def test_what_we_command_ourselves_is_told_before_it_is_done_and_once() -> None:
    script = talking()
    for text in ("bgapi uuid_kill a\nJob-UUID: 1", "api uuid_kill a", "bgapi uuid_transfer b 1002", "exit"):
        for command in EslCommandDecoder().receive_data(f"{text}\n\n".encode()):
            script.events += script.mapper.sent(command, script.now)
    script.says("API", API__Command="uuid_transfer", API__Command__Argument="b 1002")
    assert [type(event) for event in script.named(ReleaseRequested, LegTransferred)] == [ReleaseRequested, LegTransferred]


def test_a_connection_is_made_and_lost() -> None:
    mapper = EslMapper(Site())
    assert [type(event) for event in (*mapper.connection_made(1.0), *mapper.connection_lost(2.0))] == [
        ConnectionMade,
        ConnectionLost,
    ]
