from pathlib import Path
from typing import Final

import pytest
from support.replaying import CAPTURES

from connectors._kit.capture import find_file
from connectors.asterisk_ami.protocol import (
    MAX_ACTION_HEADERS,
    MAX_ACTION_LINE_BYTES,
    MAX_MESSAGE_BYTES,
    AmiDecoder,
    AmiMessage,
    MessageKind,
    decode_action,
    encode_action,
    login_md5_key,
)
from gateway.model.errors import CommandRefusedError, ConfigurationError, PeerProtocolError

GREETING: Final = b"Asterisk Call Manager/11.0.0\r\n"


def decode(data: bytes, wanted: frozenset[str] | None = None, fallback: str | None = None) -> list[AmiMessage]:
    return AmiDecoder(wanted, fallback).receive_data(GREETING + data)[1:]


def event(*lines: str | bytes, fallback: str | None = None) -> AmiMessage:
    wire = [line.encode() if isinstance(line, str) else line for line in lines]
    (message,) = decode(b"\r\n".join([b"Event: Newchannel", *wire]) + b"\r\n\r\n", fallback=fallback)
    return message


def test_greeting_ends_with_its_line_and_not_with_an_empty_one() -> None:
    banner, response = AmiDecoder().receive_data(GREETING + b"Response: Success\r\nActionID: 1\r\n\r\n")
    assert (banner.kind, banner.name, banner.headers()) == (MessageKind.BANNER, "Asterisk Call Manager/11.0.0", [])
    assert (response.kind, response.name, response.get("ActionID")) == (MessageKind.RESPONSE, "Success", "1")


def test_recording_may_begin_without_a_greeting() -> None:
    decoder = AmiDecoder()
    assert decoder.receive_data(b"Eve") == []
    (first,) = decoder.receive_data(b"nt: A\r\n\r\n")
    (second,) = decoder.receive_data(b"\r\nEvent: B\r\n\r\n")
    assert (first.name, second.name) == ("A", "B")


@pytest.mark.parametrize(
    "greeting",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"\x15\x03\x01\x00\x02\x02\x16",
        b"Content-Type: auth/request\n\n",
    ],
)
def test_other_greeting_is_refused_at_once_and_shown(greeting: bytes) -> None:
    decoder = AmiDecoder()
    with pytest.raises(PeerProtocolError, match="not an Asterisk Manager Interface"):
        decoder.receive_data(greeting)
    with pytest.raises(PeerProtocolError):
        decoder.receive_data(GREETING)


def test_empty_line_too_many_is_no_message() -> None:
    first, second = decode(b"Event: TestEvent\r\nType: x\r\n\r\n\r\nEvent: Hangup\r\nUniqueid: 1.1\r\n\r\n\r\n\r\n\r\n")
    assert (first.name, second.name, second.get("Uniqueid")) == ("TestEvent", "Hangup", "1.1")
    assert second.headers() == [("Event", "Hangup"), ("Uniqueid", "1.1")]


def test_values_are_kept_as_written() -> None:
    message = event(
        "Empty: ", "Bare:", "NoSpace:x", "Two:  y ", "Colons: a: b: c", "ChanVariable(PJSIP/1001-00000012): CTI=1", "Last:"
    )
    assert message.get("Empty") == ""
    assert message.get("Bare") == ""
    assert message.get("NoSpace") == "x"
    assert message.get("Two") == " y "
    assert message.get("Colons") == "a: b: c"
    assert message.get("ChanVariable(PJSIP/1001-00000012)") == "CTI=1"
    assert message.get("Last") == ""
    assert message.get("Missing") == ""
    assert message.get("Event") == "Newchannel"


def test_header_name_is_never_found_as_part_of_another() -> None:
    message = event("DestUniqueid: 2", "XUniqueid: 3", "Uniqueid: 1", "UniqueidX: 4")
    assert message.get("Uniqueid") == "1"
    assert message.get("Unique") == ""


def test_repeated_headers_are_all_kept_and_the_first_counts() -> None:
    message = event("ChanVariable: A=1", "ChanVariable: B=2", "ChanVariable:")
    assert message.get("ChanVariable") == "A=1"
    assert message.get_all("ChanVariable") == ["A=1", "B=2", ""]
    assert message.get_all("Nothing") == []


def test_forged_header_in_a_caller_name_stays_in_the_name() -> None:
    forged = 'x" Uniqueid: 9.9\nUniqueid: 9.9\rHangup-Cause: 1 Event: Hangup'
    message = event(f"CallerIDName: {forged}", "Uniqueid: 1.1")
    assert message.get("CallerIDName") == forged
    assert message.get_all("Uniqueid") == ["1.1"]
    assert len(message.headers()) == 3


def test_line_without_a_colon_is_no_header() -> None:
    message = event("no colon here", "Uniqueid: 1.1")
    assert message.headers() == [("Event", "Newchannel"), ("Uniqueid", "1.1")]


@pytest.mark.parametrize(
    ("raw", "fallback", "shown"),
    [
        ("陈先生".encode("gb2312"), "gb18030", "陈先生"),
        ("Zoë Müller".encode("latin-1"), "latin-1", "Zoë Müller"),
        ("陈先生".encode("gb2312"), None, "\ufffd" * 6),
        ("陈先生".encode(), "gb18030", "陈先生"),
        (b"\xff\xff", "gb18030", "\ufffd\ufffd"),
    ],
)
def test_name_that_is_not_utf8_is_read_by_the_fallback(raw: bytes, fallback: str | None, shown: str) -> None:
    message = event("Other: ü", b"CallerIDName: " + raw, "Uniqueid: 1.1", fallback=fallback)
    assert message.get("CallerIDName") == shown
    assert message.get("Other") == "ü"
    assert message.get("Uniqueid") == "1.1"


@pytest.mark.parametrize("encoding", ["klingon", "utf-7", "utf-16", "utf-32-le", "hex", "cp037"])
def test_fallback_that_is_unknown_or_could_forge_a_line_end_is_refused(encoding: str) -> None:
    with pytest.raises(ConfigurationError, match="encoding_fallback"):
        AmiDecoder(encoding_fallback=encoding)


@pytest.mark.parametrize("encoding", ["gb2312", "gbk", "gb18030", "big5", "latin-1", "cp1252", "shift_jis", "euc-kr", "koi8-r"])
def test_fallback_may_be_what_telephones_speak(encoding: str) -> None:
    assert event(b"CallerIDName: abc", b"X: \xa1\xa1", fallback=encoding).get("CallerIDName") == "abc"


def test_unwanted_events_are_skipped_and_counted() -> None:
    names = ["VarSet", "Hangup", "Hold", "Holdx", "Ho", "Cdr", "VarSet", "CEL", "Ho", "MusicOnHold", "VarSet", "Hangup"]
    data = "".join(f"Event: {name}\r\nUniqueid: 1\r\n\r\n" for name in names).encode()
    decoder = AmiDecoder(frozenset({"Hangup", "Hold", "Ho"}))
    found = [message.name for part in (GREETING + data, data) for message in decoder.receive_data(part)]
    wanted = [name for name in names if name in ("Hangup", "Hold", "Ho")]
    assert found == ["Asterisk Call Manager/11.0.0", *wanted, *wanted]
    assert decoder.skipped == 2 * (len(names) - len(wanted))


def test_unwanted_event_that_is_marked_comes_through() -> None:
    data = b"".join(b"Event: VarSet\r\nActionID: %d\r\n\r\n" % number for number in range(5))
    decoder = AmiDecoder(frozenset())
    assert len(decoder.receive_data(GREETING + data)) == 1
    decoder.marker = b"\r\nActionID: 3"
    (message,) = decoder.receive_data(data)
    assert (message.name, message.get("ActionID")) == ("VarSet", "3")
    decoder.marker = None
    assert decoder.receive_data(data) == []
    assert decoder.skipped == 14


def test_event_without_headers_is_known_by_its_whole_name() -> None:
    assert [message.name for message in decode(b"Event: Holdx\r\n\r\nEvent: Hold\r\n\r\n", frozenset({"Hold"}))] == ["Hold"]


def test_peer_that_invents_event_names_costs_no_memory() -> None:
    decoder = AmiDecoder(frozenset({"Hangup"}))
    data = b"".join(b"Event: E%05d\r\nX: 1\r\n\r\n" % number for number in range(5000))
    assert len(decoder.receive_data(GREETING + data)) == 1
    assert decoder.skipped == 5000
    assert len(decoder._unwanted_openings) <= 1024


def test_free_text_between_messages_is_passed_over() -> None:
    decoder = AmiDecoder()
    messages = decoder.receive_data(GREETING + b"support has 1 calls\nMembers:\r\n\r\nEvent: Hangup\r\n\r\n")
    assert [message.name for message in messages[1:]] == ["Hangup"]
    assert decoder.malformed == 1


def test_output_of_a_command_is_read_line_by_line() -> None:
    (message,) = decode(
        b"Response: Success\r\nActionID: 3\r\nMessage: Command output follows\r\nOutput: a: b\r\nOutput: \r\n\r\n"
    )
    assert message.get_all("Output") == ["a: b", ""]


def test_output_of_an_old_asterisk_is_read_alike() -> None:
    (message,) = decode(
        b"Response: Follows\r\nPrivilege: Command\r\nActionID: 3\r\nAsterisk 13: x\n\nUniqueid: 1\n--END COMMAND--\r\n\r\n"
    )
    assert message.get_all("Output") == ["Asterisk 13: x", "", "Uniqueid: 1"]
    assert (message.get("ActionID"), message.get("Uniqueid")) == ("3", "")


@pytest.mark.parametrize("size", [1024, 64 * 1024, 1024 * 1024])
def test_64_mib_without_a_line_end_is_refused_early(size: int) -> None:
    decoder = AmiDecoder()
    decoder.receive_data(GREETING + b"Event: VarSet\r\nValue: ")
    fed = 0

    def feed() -> None:
        nonlocal fed
        while fed < 64 * 1024 * 1024:
            decoder.receive_data(b"A" * size)
            fed += size

    with pytest.raises(PeerProtocolError, match="exceeds"):
        feed()
    assert fed <= MAX_MESSAGE_BYTES + size
    assert decoder.unfinished == 0


def test_longest_message_passes_and_a_longer_one_does_not_however_it_is_cut() -> None:
    head = b"Event: VarSet\r\nValue: "
    for length, passes in ((MAX_MESSAGE_BYTES, True), (MAX_MESSAGE_BYTES + 1, False)):
        data = GREETING + head + b"A" * (length - len(head)) + b"\r\n\r\n"
        for step in (len(data), 65_536, len(data) - 1):
            decoder = AmiDecoder()
            names = []
            try:
                for start in range(0, len(data), step):
                    names += [message.name for message in decoder.receive_data(data[start : start + step])]
                names += [message.name for message in decoder.receive_data(b"")]
            except PeerProtocolError:
                names.append("refused")
            assert names[1:] == (["VarSet"] if passes else ["refused"]), (length, step)


def test_messages_before_the_fault_are_returned_first() -> None:
    decoder = AmiDecoder()
    messages = decoder.receive_data(GREETING + b"Event: Hangup\r\n\r\n" + b"A" * (MAX_MESSAGE_BYTES + 4))
    assert [message.name for message in messages[1:]] == ["Hangup"]
    with pytest.raises(PeerProtocolError):
        decoder.receive_data(b"")


def test_byte_by_byte_takes_linear_time() -> None:
    decoder = AmiDecoder()
    decoder.receive_data(GREETING)
    for _ in range(300_000):
        decoder.receive_data(b"A")
    assert decoder.unfinished == 300_000


def test_message_shows_no_callers_data_by_accident() -> None:
    assert "4711" not in repr(event("CallerIDNum: 4711"))


@pytest.mark.parametrize("folder", ["16/charsets", "22/charsets"])
def test_real_names_are_read_as_the_site_writes_them(folder: str) -> None:
    wire = find_file(CAPTURES / "asterisk" / folder, "wire.ami")
    assert wire is not None
    fallback = "gb18030" if folder.startswith("16") else None
    names = {m.get("CallerIDName") for m in AmiDecoder(frozenset({"Newchannel"}), fallback).receive_data(read(wire))}
    assert any("\u4e00" <= character <= "\u9fff" for name in names for character in name)


def read(path: Path) -> bytes:
    import gzip

    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def test_action_is_written_as_asterisk_reads_it() -> None:
    data = encode_action("Originate", [("Channel", "PJSIP/1001"), ("Variable", "A=1"), ("Variable", "B=ü: 2")], "t-1")
    assert (
        data == "Action: Originate\r\nActionID: t-1\r\nChannel: PJSIP/1001\r\nVariable: A=1\r\nVariable: B=ü: 2\r\n\r\n".encode()
    )
    assert decode_action(data) == (
        "Originate",
        [
            ("ActionID", "t-1"),
            ("Channel", "PJSIP/1001"),
            ("Variable", "A=1"),
            ("Variable", "B=ü: 2"),
        ],
    )


@pytest.mark.parametrize("value", ["1001\r\nAction: Command", "a\nb", "a\rb", "a\0b", "\udc80", "x" * MAX_ACTION_LINE_BYTES])
@pytest.mark.parametrize("place", ["name", "value", "action_id"])
def test_value_that_could_carry_another_action_is_refused(value: str, place: str) -> None:
    with pytest.raises(CommandRefusedError):
        encode_action(
            value if place == "name" else "Hangup",
            [("Channel", value if place == "value" else "x")],
            value if place == "action_id" else "1",
        )


@pytest.mark.parametrize("key", ["", "A: B", "A\r\nB", "A\nB", "A ", "\0"])
def test_wrong_header_name_is_refused(key: str) -> None:
    with pytest.raises(CommandRefusedError):
        encode_action("Hangup", [(key, "x")], "1")


def test_more_headers_than_asterisk_reads_are_refused() -> None:
    encode_action("Originate", [("Variable", "x")] * (MAX_ACTION_HEADERS - 2), "1")
    with pytest.raises(CommandRefusedError):
        encode_action("Originate", [("Variable", "x")] * (MAX_ACTION_HEADERS - 1), "1")


def test_refusal_does_not_show_the_value() -> None:
    with pytest.raises(CommandRefusedError) as refusal:
        encode_action("Login", [("Secret", "hunter2\r\n")], "1")
    assert "hunter2" not in str(refusal.value)


def test_md5_key_is_the_one_that_asterisk_expects() -> None:
    # From capture 22/md5_login, whose user's secret is "full-secret".
    assert login_md5_key("119114870", "full-secret") == "3ef91f2717b936426ed9c33cd8a767c8"
