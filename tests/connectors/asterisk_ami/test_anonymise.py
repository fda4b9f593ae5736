import gzip
import re
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.replaying import asterisk_captures, name_of

from connectors._kit.capture import find_file
from connectors.asterisk_ami.anonymise import Anonymiser
from connectors.asterisk_ami.protocol import AmiDecoder

KEY = b"a key of the tests"
SEVERAL = [
    folder for folder in asterisk_captures() if folder.parent.name in ("16", "22", "22-site2") and "flood" not in folder.name
]


def anonymised(data: bytes, **arguments: tuple[str, ...]) -> bytes:
    anonymiser = Anonymiser(KEY, **arguments)
    return anonymiser.feed(data) + anonymiser.flush()


def line(text: str | bytes) -> bytes:
    return anonymised(text.encode() if isinstance(text, str) else text)


@pytest.mark.parametrize(
    "kept",
    [
        "Uniqueid: cc1-1795346745.6",
        "Timestamp: 1795346738.821794",
        "LoginTime: 1795346706",
        "Channel: PJSIP/1001-0000000c",
        "BridgeUniqueid: 84338d3a-653a-46fd-a68b-9e5d99d2f52d",
        "BridgeUniqueid: 84338123-6531-4612-1682-123456781234",
        "Exten: 551001",
        "AppData: PJSIP/1001&PJSIP/1002,20,tT",
        "StartTime: 2026-11-22 11:25:45",
        "Queue: support",
        "CallerIDName: <unknown>",
        "CallerIDNum: ",
        "ChannelState: 6",
        "RemoteAddress: IPV4/TCP/127.0.0.1/52702",
    ],
)
def test_what_a_replay_needs_stays(kept: str) -> None:
    assert line(kept) == kept.encode()


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("CallerIDNum: +85291234567", "234567"),
        ("AppData: PJSIP/91234567@carrier,30", "234567"),
        ("Channel: PJSIP/91234567-0000000c", "234567"),
        ("Value: cust-+85291234567", "234567"),
        ("Value: cust-91234567", "234567"),
        ('CallerID: "Chan Tai Man" <+85291234567>', "Chan"),
        ("CallerIDName: Chan Tai Man", "Chan"),
        ("DestConnectedLineName: Chan Tai Man", "Tai"),
        ("MemberName: Agent One", "One"),
        ("Secret: hunter2", "hunter2"),
        ("Variable: SIP_PASSWORD=hunter2", "hunter2"),
    ],
)
def test_numbers_names_and_secrets_go_and_the_length_stays(text: str, gone: str) -> None:
    found = line(text)
    assert gone.encode() not in found
    assert len(found) == len(text.encode())
    assert found.partition(b":")[0] == text.encode().partition(b":")[0]


def test_same_number_becomes_the_same_however_it_is_written() -> None:
    found = [line(f"CallerIDNum: {number}")[-6:] for number in ("+85291234567", "0085291234567", "91234567", "991234567")]
    assert len(set(found)) == 1
    assert line("CallerIDNum: +85291234567").startswith(b"CallerIDNum: +85291")


def test_no_two_numbers_become_one() -> None:
    numbers = {line(f"CallerIDNum: +8529{number:07d}") for number in range(1_000_000, 1_003_000)}
    assert len(numbers) == 3000


def test_announced_name_is_replaced_everywhere_after() -> None:
    first, second, third = anonymised(
        b"CallerIDName: Chan Tai Man\r\nValue: for Chan Tai Man, vip\r\nValue: Chan Tai Manx"
    ).split(b"\r\n")
    name = first.removeprefix(b"CallerIDName: ")
    assert second == b"Value: for " + name + b", vip"
    assert third == b"Value: Chan Tai Manx"


@pytest.mark.parametrize("encoding", ["utf-8", "gb2312", "big5", "latin-1"])
def test_name_keeps_its_length_and_encoding(encoding: str) -> None:
    name = "Zoë Müller" if encoding in ("utf-8", "latin-1") else "陳大文"
    name = "陈先生" if encoding == "gb2312" else name
    raw = name.encode(encoding)
    found = line(b"CallerIDName: " + raw).removeprefix(b"CallerIDName: ")
    assert len(found) == len(raw)
    assert found != raw
    found.decode(encoding)


def test_secret_variables_of_the_dial_plan_are_hidden() -> None:
    found = anonymised(
        b"Event: VarSet\r\nVariable: CUSTOMER_PIN\r\nValue: 4711\r\n\r\nEvent: VarSet\r\nVariable: X\r\nValue: 4711\r\n\r\n"
    )
    assert found.count(b"4711") == 1
    assert b"Value: xxxx" in found


def test_digits_that_are_data_are_hidden_where_the_site_says_so() -> None:
    wire = b"Event: DTMFEnd\r\nContext: ivr-account\r\nDigit: 7\r\n\r\nEvent: DTMFEnd\r\nContext: ivr-main\r\nDigit: 7\r\n\r\n"
    assert anonymised(wire).count(b"Digit: 7") == 2
    hidden = anonymised(wire, masked_contexts=("ivr-account",))
    assert hidden.endswith(b"Context: ivr-main\r\nDigit: 7\r\n\r\n")
    assert re.search(rb"ivr-account\r\nDigit: \d\r\n", hidden)


def test_without_the_key_nobody_can_say_which_became_which() -> None:
    assert Anonymiser(b"one").line(b"CallerIDNum: +85291234567") != Anonymiser(b"two").line(b"CallerIDNum: +85291234567")


def test_action_of_ours_is_replaced_alike() -> None:
    anonymiser = Anonymiser(KEY)
    action = anonymiser.action(b"Action: Originate\r\nChannel: PJSIP/1001\r\nExten: 985291234567\r\nActionID: t-1\r\n\r\n")
    assert action.startswith(b"Action: Originate\r\nChannel: PJSIP/1001\r\nExten: 985291")
    assert b"234567" not in action


@pytest.mark.parametrize("folder", SEVERAL, ids=name_of)
def test_recording_keeps_its_shape(folder: Path) -> None:
    path = find_file(folder, "wire.ami")
    assert path is not None
    wire = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    found = anonymised(wire)
    assert len(found) == len(wire)
    before, after = AmiDecoder().receive_data(wire), AmiDecoder().receive_data(found)
    assert [message.name for message in before] == [message.name for message in after]
    for old, new in zip(before, after, strict=True):
        assert [key for key, _ in old.headers()] == [key for key, _ in new.headers()]
        assert old.get_all("Uniqueid") == new.get_all("Uniqueid")


@given(cuts=st.lists(st.integers(0, 60_000), max_size=30))
@settings(max_examples=20, deadline=None)
def test_replacement_does_not_depend_on_how_bytes_were_cut(cuts: list[int]) -> None:
    folder = next(folder for folder in asterisk_captures() if name_of(folder) == "22/attended_transfer")
    path = find_file(folder, "wire.ami")
    assert path is not None
    wire = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())[:60_000]
    anonymiser = Anonymiser(KEY)
    borders = [0, *sorted(cuts), len(wire)]
    pieces = [anonymiser.feed(wire[start:end]) for start, end in pairwise(borders)]
    assert b"".join(pieces) + anonymiser.flush() == anonymised(wire)


@given(data=st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_keep_their_length(data: bytes) -> None:
    assert len(anonymised(data)) == len(data)


def test_many_names_stay_quick() -> None:
    random = Random(1)
    anonymiser = Anonymiser(KEY)
    for _ in range(5000):
        name = bytes(random.choices(b"abcdefghijklmnopqrstuvwxyz ", k=12)).strip()
        anonymiser.feed(b"CallerIDName: %s\r\nAppData: PJSIP/1001,20,tT(%s)\r\n" % (name, name))
