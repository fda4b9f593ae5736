import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lamps import dialog, document, lamp

from connectors.sip_mirror.protocol.dialog_info import MAX_DIALOGS, MAX_DOCUMENT_BYTES, number_of, read_dialog_info
from gateway.model.errors import PeerProtocolError

# RFC 4235, 6.2: what Alice's telephone says of a call of hers, and of one that forked.
FULL = b"""<?xml version="1.0"?>
<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="3" state="partial" entity="sip:alice@example.com">
  <dialog id="123456"
    call-id="a84b4c76e66710@pc33.example.com" local-tag="1928301774" remote-tag="456887766" direction="initiator">
    <state event="remote-bye" code="200">terminated</state>
    <duration>274</duration>
    <replaces call-id="hg287s98s89" local-tag="6762h7" remote-tag="09278hsb"/>
    <local><identity display="Alice">sip:alice@example.com</identity>
      <target uri="sip:alice@pc33.example.com"><param pname="+sip.rendering" pvalue="no"/></target></local>
    <remote><identity display="Bob">sip:bob@example.org</identity><target uri="sip:bobster@phone21.example.org"/></remote>
  </dialog>
</dialog-info>"""
BOMB = b'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><dialog-info version="0" state="full" entity="&b;"/>'
FILE = b'<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><dialog-info version="0" state="full" entity="&a;"/>'
REFUSED = {
    "entities": BOMB,
    "a file": FILE,
    "no XML": b"terminated",
    "nothing": b"",
    "cut off": FULL[:300],
    "another document": b"<presence/>",
    "no version": b'<dialog-info state="full" entity="x"/>',
    "version -1": b'<dialog-info version="-1" state="full" entity="x"/>',
    "no state": document("1", 1, '<dialog id="1"/>'),
    "a state that is none": document("1", 1, '<dialog id="1"><state>asleep</state></dialog>'),
    "no id": document("1", 1, "<dialog><state>early</state></dialog>"),
    "too deep": document("1", 1, "<a>" * 20 + "</a>" * 20),
    "too many": document("1", 1, *(dialog(str(n), "early") for n in range(MAX_DIALOGS + 1))),
    "too large": document("1", 1, " " * MAX_DOCUMENT_BYTES),
    "an encoding that there is not": b'<?xml version="1.0" encoding="klingon"?><dialog-info version="0"/>',
}


def test_all_of_a_document_is_read() -> None:
    read = read_dialog_info(FULL)
    assert (read.entity, read.version, read.full) == ("sip:alice@example.com", 3, False)
    (only,) = read.dialogs
    assert (only.id, only.call_id, only.local_tag, only.remote_tag) == (
        "123456", "a84b4c76e66710@pc33.example.com", "1928301774", "456887766",
    )  # fmt: skip
    assert (only.state, only.event, only.code, only.direction) == ("terminated", "remote-bye", 200, "initiator")
    assert (only.duration_s, only.replaced_call_id, only.rendering) == (274.0, "hg287s98s89", False)
    assert (only.local_uri, only.local_display) == ("sip:alice@example.com", "Alice")
    assert (only.remote_uri, only.remote_display) == ("sip:bob@example.org", "Bob")


def test_names_of_any_script_are_read() -> None:
    (only,) = read_dialog_info(lamp("1002", 2, "early", "1001", "李明")).dialogs
    assert (only.remote_display, number_of(only.remote_uri)) == ("李明", "1001")


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        read_dialog_info(data)


@given(st.binary(max_size=60), st.integers(0, len(FULL)), st.integers(0, 20))
def test_garbage_is_read_or_refused_and_nothing_else(garbage: bytes, at: int, lost: int) -> None:
    with contextlib.suppress(PeerProtocolError):
        read_dialog_info(FULL[:at] + garbage + FULL[at + lost :])


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("sip:+85291234567@192.0.2.1", "+85291234567"),
        ("<sips:1001;phone-context=x@h:5061;transport=tls>", "1001"),
        ("tel:+1-201-555-0123;x=y", "+1-201-555-0123"),
        ("sip:%2A97@h", "*97"),
        ("sip:anonymous@anonymous.invalid", ""),
        ("sip:h", ""),
        ("", ""),
    ],
)
def test_numbers_of_uris(uri: str, number: str) -> None:
    assert number_of(uri) == number
