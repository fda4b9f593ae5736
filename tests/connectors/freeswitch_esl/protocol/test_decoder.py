from collections import Counter
from pathlib import Path
from typing import Final

import pytest
from support.esl_captures import FREESWITCH, wire_of

from connectors.freeswitch_esl.protocol.decoder import MAX_FRAME_BYTES, MAX_HEAD_BYTES, EslDecoder
from connectors.freeswitch_esl.protocol.message import EslMessage, Form, MessageKind
from gateway.model.errors import ConfigurationError, PeerProtocolError

GREETING: Final = b"Content-Type: auth/request\n\n"


def frame(kind: str, content: bytes) -> bytes:
    return f"Content-Length: {len(content)}\nContent-Type: {kind}\n\n".encode() + content


def decode(data: bytes, wanted: frozenset[str] | None = None, fallback: str | None = None) -> list[EslMessage]:
    return EslDecoder(wanted, fallback).receive_data(GREETING + data)[1:]


def recorded(name: str) -> list[EslMessage]:
    return EslDecoder().receive_data(wire_of(FREESWITCH / name))


def test_frames_are_cut_by_their_length_in_bytes() -> None:
    wire = (
        frame("api/response", "中文 100%\n\nContent-Length: 3".encode()) + b"Content-Type: command/reply\nReply-Text: +OK bye\n\n"
    )
    api, reply = decode(wire)
    assert (api.kind, api.body) == (MessageKind.API, "中文 100%\n\nContent-Length: 3")
    assert (reply.kind, reply.name) == (MessageKind.REPLY, "+OK bye")


def test_a_reply_has_headers_of_its_own() -> None:
    (reply,) = decode(b"Content-Type: command/reply\nReply-Text: +OK Job-UUID: 17\nJob-UUID: 17\n\n")
    assert (reply.name, reply.head_of("Job-UUID"), reply.head_of("Nothing")) == ("+OK Job-UUID: 17", "17", "")
    assert dict(reply.headers())["Reply-Text"] == "+OK Job-UUID: 17"


def test_wrong_password_and_goodbye() -> None:
    greeting, refusal, goodbye = recorded("auth_rejected")
    assert greeting.kind is MessageKind.AUTH_REQUEST
    assert (refusal.kind, refusal.name) == (MessageKind.REPLY, "-ERR invalid")
    assert (goodbye.kind, goodbye.body.splitlines()[0]) == (MessageKind.DISCONNECT, "Disconnected, goodbye.")


def test_a_host_that_an_access_list_keeps_out_is_told() -> None:
    (message,) = EslDecoder().receive_data(frame("text/rude-rejection", b"Access Denied, go away.\n"))
    assert (message.kind, message.body) == (MessageKind.REJECTION, "Access Denied, go away.\n")


def test_events_are_named_and_custom_ones_by_their_subclass() -> None:
    names = {message.name for message in recorded("ivr_queue_agent_plain") if message.kind is MessageKind.EVENT}
    assert {"CHANNEL_ANSWER", "DTMF", "CUSTOM callcenter::info"} <= names


@pytest.mark.parametrize("name", ["ivr_queue_agent_plain", "hold_reinvite_plain", "shutdown_plain"])
def test_unwanted_events_are_skipped_and_nothing_else(name: str) -> None:
    wanted = frozenset({"CHANNEL_ANSWER", "CUSTOM callcenter::info"})
    decoder = EslDecoder(wanted)
    messages = decoder.receive_data(wire_of(FREESWITCH / name))
    every = recorded(name)

    assert [message.raw for message in messages] == [
        message.raw for message in every if message.kind is not MessageKind.EVENT or message.name in wanted
    ]
    assert decoder.skipped == len(every) - len(messages)


@pytest.mark.parametrize("folder", sorted(FREESWITCH.iterdir()), ids=lambda folder: folder.name)
def test_real_recordings_are_read_whole(folder: Path) -> None:
    decoder = EslDecoder()
    messages = decoder.receive_data(wire_of(folder))
    assert (decoder.malformed, decoder.unfinished) == (0, 0)
    assert all(message.get("Core-UUID") for message in messages if message.kind is MessageKind.EVENT)


def test_plain_and_json_say_the_same() -> None:
    def counted(name: str) -> Counter[str]:
        names = (message.name for message in recorded(name) if message.kind is MessageKind.EVENT)
        return Counter(name for name in names if not name.endswith("COMMAND"))  # whoever recorded it gave others

    assert counted("attended_transfer_sip_replaces_plain") == counted("attended_transfer_sip_replaces_json")


def test_outbound_sockets_first_reply_is_a_legs_event_in_disguise() -> None:
    reply, *_ = recorded("outbound_async_full")
    assert (reply.kind, reply.name, reply.form) == (MessageKind.REPLY, "+OK", Form.PLAIN)
    assert (reply.get("Channel-Caller-ID-Name"), reply.get("Event-Name")) == ("张三", "CHANNEL_DATA")
    assert reply.get("Unique-ID") == "a28a08a3-48a4-42fc-9cb6-8bc27a30d546"


def test_a_line_end_too_many_after_a_frame_means_nothing() -> None:
    first, second = decode(b"\nContent-Type: api/response\nContent-Length: 2\n\nok\n\n" + frame("api/response", b"x"))
    assert (first.body, second.body) == ("ok", "x")


@pytest.mark.parametrize(
    "greeting", [b"SSH-2.0-OpenSSH_9.2\r\n", b"Asterisk Call Manager/11.0.0\r\n", b"\x15\x03\x01", b"HTTP/1.1 400\r\n"]
)
def test_other_greeting_is_refused_at_once_and_shown(greeting: bytes) -> None:
    decoder = EslDecoder()
    with pytest.raises(PeerProtocolError, match="not a FreeSWITCH event socket"):
        decoder.receive_data(greeting)
    with pytest.raises(PeerProtocolError):
        decoder.receive_data(b"Content-Type: auth/request\n\n")


@pytest.mark.parametrize("length", [b"-1", b"1_000", b"0x10", b"", b"9" * 13, "١".encode(), b"5 5"])
def test_a_length_that_is_no_number_is_refused(length: bytes) -> None:
    decoder = EslDecoder()
    (greeting,) = decoder.receive_data(GREETING + b"Content-Length: " + length + b"\nContent-Type: text/event-plain\n\n")
    assert greeting.kind is MessageKind.AUTH_REQUEST
    with pytest.raises(PeerProtocolError, match="Content-Length"):
        decoder.receive_data(b"")


def test_a_frame_over_16_mib_is_refused_before_it_is_there() -> None:
    decoder = EslDecoder()
    decoder.receive_data(GREETING)
    with pytest.raises(PeerProtocolError, match="exceeds"):
        decoder.receive_data(f"Content-Length: {MAX_FRAME_BYTES}\nContent-Type: api/response\n\n".encode())
    assert decoder.unfinished == 0


def test_headers_without_an_end_are_refused() -> None:
    decoder = EslDecoder()
    decoder.receive_data(GREETING)
    with pytest.raises(PeerProtocolError, match="headers exceed"):
        decoder.receive_data(b"Content-Type: " + b"x" * MAX_HEAD_BYTES)


def test_what_we_do_not_know_is_counted_and_passed_over() -> None:
    decoder = EslDecoder()
    messages = decoder.receive_data(
        GREETING + frame("text/novelty", b"?") + frame("text/event-plain", b"A: b\n\n") + frame("api/response", b"ok")
    )
    assert [message.kind for message in messages] == [MessageKind.AUTH_REQUEST, MessageKind.API]
    assert decoder.malformed == 2


@pytest.mark.parametrize("encoding", ["utf-7", "utf-16", "nonsense"])
def test_a_fallback_that_is_not_ascii_is_refused(encoding: str) -> None:
    with pytest.raises(ConfigurationError, match="encoding_fallback"):
        EslDecoder(encoding_fallback=encoding)


@pytest.mark.parametrize("step", [1, 7, 1000])
@pytest.mark.parametrize("name", ["auth_ok_commands_plain", "outbound_sync", "encodings_json"])
def test_how_the_bytes_are_cut_does_not_matter(name: str, step: int) -> None:
    wire = wire_of(FREESWITCH / name)[:60_000]
    decoder, whole = EslDecoder(), EslDecoder()
    pieces = [message for at in range(0, len(wire), step) for message in decoder.receive_data(wire[at : at + step])]
    expected = whole.receive_data(wire)
    assert [(each.kind, each.name, each.head, each.raw) for each in pieces] == [
        (each.kind, each.name, each.head, each.raw) for each in expected
    ]
    assert decoder.unfinished == whole.unfinished
