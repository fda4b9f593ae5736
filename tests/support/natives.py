"""Which of a PBX's own messages brought each event that is told of a call."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from support.replaying import PBX, site_of

from connectors._kit.capture import Closed, Opened, Received, Sent, read_capture
from connectors.asterisk_ami import replay as asterisk_replay
from connectors.asterisk_ami.mapping import AmiMapper
from connectors.asterisk_ami.protocol import AmiDecoder, AmiMessage, decode_action
from connectors.freeswitch_esl import replay as freeswitch_replay
from connectors.freeswitch_esl.mapping import EslMapper
from connectors.freeswitch_esl.protocol.commands import EslCommandDecoder
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.protocol.message import EslMessage
from connectors.sip_mirror import replay as lamps_replay
from gateway.model.board import Board
from gateway.model.call_events import CallEvent
from gateway.model.events import PbxEvent
from gateway.model.site import Site

Said = Iterator[tuple[str, list[PbxEvent]]]


@cache
def told_by(folder: Path) -> tuple[tuple[str, CallEvent], ...]:
    """Return all that is told of a capture's calls, each with the message that brought it: ``Newstate Ringing``."""
    site = site_of(folder)
    board = Board(PBX, site)
    if "lamps" in folder.parts:
        said: Said = lamps_replay.said_in(folder)
    else:
        said = _freeswitch(folder, site) if "freeswitch" in folder.parts else _asterisk(folder, site)
    return tuple((name, told) for name, events in said for event in events for told in board.apply(event).events)


def _asterisk(folder: Path, site: Site) -> Said:
    mapper = AmiMapper(site)
    decoder = AmiDecoder()
    for item in read_capture(folder, asterisk_replay.WIRE, asterisk_replay.GREETING):
        at = item.at or 0.0
        match item:
            case Opened():
                decoder = AmiDecoder(encoding_fallback=site.encoding_fallback)
                yield "", mapper.connection_made(at)
            case Received(data=data):
                for message in decoder.receive_data(data):
                    yield _ami_name(message), mapper.receive(message, at)
            case Sent(data=data):
                name, headers = decode_action(data)
                yield f"our {name}", mapper.sent(name, headers, at)
            case Closed():
                yield "(connection lost)", mapper.connection_lost(at)


def _ami_name(message: AmiMessage) -> str:
    more = {"Newstate": "ChannelStateDesc", "Newexten": "Application", "DialEnd": "DialStatus"}.get(message.name)
    return message.name if more is None else f"{message.name} {message.get(more)}"


def _freeswitch(folder: Path, site: Site) -> Said:
    mapper = EslMapper(site)
    decoder = EslDecoder()
    for item in read_capture(folder, freeswitch_replay.WIRE, freeswitch_replay.GREETING):
        at = item.at or 0.0
        match item:
            case Opened():
                decoder = EslDecoder(encoding_fallback=site.encoding_fallback)
                yield "", mapper.connection_made(at)
            case Received(data=data):
                for message in decoder.receive_data(data):
                    yield _esl_name(message), mapper.receive(message, at)
            case Sent(data=data):
                for command in EslCommandDecoder().receive_data(data + b"\n\n"):
                    yield f"our {command.argument.partition(' ')[0]}", mapper.sent(command, at)
            case Closed():
                yield "(connection lost)", mapper.connection_lost(at)


def _esl_name(message: EslMessage) -> str:
    name = message.name.removeprefix("CUSTOM ")
    for header in ("CC-Action", "Application", "API-Command"):
        if message.get(header) and name in ("callcenter::info", "CHANNEL_EXECUTE", "CHANNEL_EXECUTE_COMPLETE", "API"):
            return f"{name} {message.get(header)}"
    return name
