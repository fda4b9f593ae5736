from support.lamps import lamp, notify

from connectors.sip_mirror.anonymise import Anonymiser
from connectors.sip_mirror.protocol.message import parse

NUMBER = "+85291234567"


def test_numbers_and_names_become_others_the_same_ones_each_time() -> None:
    anonymiser = Anonymiser(b"key")
    plain = notify("x", 1, lamp("1001", 1, "early", NUMBER, "Chan Tai Man", display="1001"))
    first, second = anonymiser.message(plain.raw), anonymiser.message(plain.raw)
    assert first == second
    assert len(first) == len(plain.raw)
    assert parse(first).call_id == "x"
    for gone in (NUMBER, "Chan", "Tai"):
        assert gone.encode() not in first
    for kept in (b'display="1001"', b"sip:1001@192.0.2.1", b"sip:+85291"):
        assert kept in first


def test_names_before_addresses_and_answers_to_challenges_are_replaced() -> None:
    data = b'From: "Alice" <sip:1001@h>\r\nAuthorization: Digest username="tieline", response="0123abcd"\r\n'
    new = Anonymiser(b"key").message(data)
    assert b"Alice" not in new
    assert b'response="00000000"' in new
    assert b'username="tieline"' in new


def test_a_number_that_is_shown_as_a_name_is_the_same_number_behind_it() -> None:
    new = Anonymiser(b"key").message(b'display="+85291234567">sip:+85291234567@h<')
    assert new[9:21] == new[27:39]
