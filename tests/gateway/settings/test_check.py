from pathlib import Path
from typing import Any

import msgspec
import pytest
from acme_pbx.settings import AcmeSettings, Flavour

from gateway.model.secret import Secret
from gateway.settings.check import check, closest, convert
from gateway.settings.file import Document, Place

DOCUMENT = Document(data={}, places={(): Place(Path("t.yaml"), 1)})
GOOD: dict[str, Any] = {"host": "pbx", "secret": "${env:ACME}", "tls": {"ca_file": "/ca.pem"}, "flavour": "sour", "tags": ["a"]}


@pytest.fixture(autouse=True)
def secret_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME", "hunter2")


def told(data: dict[str, Any]) -> list[str]:
    return [str(each).removeprefix("t.yaml:1: ") for each in check(DOCUMENT, data, AcmeSettings, ("acme",))]


def test_what_is_right_is_converted_with_its_secrets() -> None:
    assert told(GOOD) == []

    settings = convert(GOOD, AcmeSettings)

    assert settings.secret == Secret("hunter2")
    assert settings.flavour is Flavour.SOUR
    assert "hunter2" not in repr(settings)


def test_a_secret_that_is_fetched_already_is_taken() -> None:
    assert convert({**GOOD, "secret": Secret("s")}, AcmeSettings).secret == Secret("s")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"prot": 1}, "acme.prot: there is no such key. Did you mean port?"),
        ({"tls": {"cafile": "x"}}, "acme.tls.cafile: there is no such key. Did you mean ca_file?"),
        ({"port": 0}, "acme.port: 0 does not fit. Write a whole number from 1 to 65535"),
        ({"port": "5038"}, "acme.port: '5038' does not fit. Write a whole number from 1 to 65535"),
        ({"port": True}, "acme.port: True does not fit. Write a whole number from 1 to 65535"),
        ({"port": None}, "acme.port: nothing does not fit. Write a whole number from 1 to 65535"),
        ({"timeout_s": 0}, "acme.timeout_s: 0 does not fit. Write a number over 0 to 60"),
        ({"host": 12}, "acme.host: 12 does not fit. Write text (in quotes when it looks like a number)"),
        ({"host": {}}, "acme.host: a mapping does not fit. Write text (in quotes when it looks like a number)"),
        ({"host": "${env:HOST}"}, "acme.host: ${env:HOST} is looked up for secrets only. Write the value itself"),
        ({"flavour": "salt"}, "acme.flavour: 'salt' does not fit. Write one of sweet, sour"),
        ({"tags": "a"}, "acme.tags: 'a' does not fit. Write a list: `[...]` or lines that begin with a dash, each text"),
        ({"tags": ["a", 1]}, "acme.tags[1]: 1 does not fit. Write text (in quotes when it looks like a number)"),
        ({"tls": "on"}, "acme.tls: 'on' does not fit. Write keys below it: ca_file, verify, or nothing"),
        ({"tls": {"ca_file": "x", "verify": "yes"}}, "acme.tls.verify: 'yes' does not fit. Write true or false"),
        ({"secret": "hunter2"}, "acme.secret: a secret is written out. Write ${env:NAME} or ${file:/path}"),
        ({"spare_secret": "${env:NONE}"}, "acme.spare_secret: the environment has no NONE. Set it where"),
        ({"host": "localhost"}, "acme: TLS is not for localhost"),
        ({"host": "x" * 200, "port": "y" * 200}, "acme.port: 'yyy"),
    ],
)
def test_what_is_wrong_is_named_with_its_cure(change: dict[str, Any], line: str) -> None:
    assert told({**GOOD, **change})[0].startswith(line)


def test_a_missing_key_is_named_with_what_it_takes() -> None:
    assert told({"secret": "${env:ACME}"}) == [
        "acme: host is missing. Add `host:` with text (in quotes when it looks like a number)"
    ]


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert len(told({"prot": 1, "port": "x", "tls": {"verify": 1}, "secret": "s"})) == 6


def test_the_closest_word_is_proposed_or_all_are() -> None:
    assert closest("regoin", ["region", "trunks"]) == "Did you mean region?"
    assert closest("zzz", ["region", "trunks"]) == "There is: region, trunks"


class Drum(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="instrument", tag="drum"):
    size: int = 1


class Flute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="instrument", tag="flute"):
    secret: Secret


class Band(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    plays: tuple[Drum | Flute, ...]


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ({"size": 2}, "acme.plays[0]: instrument is missing. Add `instrument:` with one of drum, flute"),
        ({"instrument": "drumm"}, "acme.plays[0].instrument: there is no instrument 'drumm'. Did you mean drum?"),
        ({"instrument": "drum", "sise": 2}, "acme.plays[0].sise: there is no such key. Did you mean size?"),
        ({"instrument": "flute"}, "acme.plays[0]: secret is missing. Add `secret:` with ${env:NAME} or ${file:/path}"),
    ],
)
def test_of_several_kinds_the_one_that_is_named_is_checked(entry: dict[str, Any], line: str) -> None:
    assert [str(each).removeprefix("t.yaml:1: ") for each in check(DOCUMENT, {"plays": [entry]}, Band, ("acme",))] == [line]
    assert list(check(DOCUMENT, {"plays": [{"instrument": "drum", "size": 2}]}, Band, ("acme",))) == []
