"""``tieline contacts import`` out of a real OpenLDAP server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rig.slapd import BASE, GUID, MANAGER, MANY, PASSWORD, Slapd, running_slapd
from support.importing import Importing

pytestmark = pytest.mark.live
Bring = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def slapd() -> Iterator[Slapd]:
    with running_slapd() as server:
        yield server


@pytest.fixture
def importing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Importing:
    return Importing(tmp_path, monkeypatch, capfd)


@pytest.fixture
def bring(importing: Importing, slapd: Slapd) -> Bring:
    def run(source: str, *more: str, user: str | None = MANAGER, password: str = PASSWORD) -> tuple[int, str, str]:
        return importing(source, "--ca", str(slapd.certificates.ca), *more, user=user, password=password)

    return run


def test_people_of_openldap_and_active_directory_are_taken_over(bring: Bring, slapd: Slapd, importing: Importing) -> None:
    status, out, err = bring(f"{slapd.ldaps}/ou=people,{BASE}")
    assert out == "2 added, 0 changed, 0 as they were, 2 entries with faults\n"
    assert status == 1
    assert f"{slapd.ldaps}: all below ou=people,{BASE}\n" in err
    assert "  phone        telephoneNumber, otherTelephone, mobile" in err
    assert f"uid=anna,ou=people,{BASE}: '0171 1234567' is no number of the public network" in err

    anna, wang = importing.exported()
    assert anna == "11111111-2222-3333-4444-555555555555,Anna Müller,Example,de,,,+4930901820,anna@example.com"
    assert wang == f"{GUID},王芳,ACME,,,,+861085671234;+8613800138000,wang@example.com"

    _, out, _ = bring(f"{slapd.ldaps}/ou=people,{BASE}")
    assert out.startswith("0 added, 0 changed, 2 as they were")


def test_a_directory_of_many_pages_is_read_to_its_end(bring: Bring, slapd: Slapd) -> None:
    status, out, err = bring(f"{slapd.ldaps}/ou=many,{BASE}", "--map", "tags=uid,external_id=uid")
    assert (status, out) == (0, f"{MANY:,} added, 0 changed, 0 as they were\n"), err


def test_an_address_says_how_deep_and_whom(bring: Bring, slapd: Slapd) -> None:
    assert bring(f"{slapd.ldap}/{BASE}??one?(telephoneNumber=*)")[1].startswith("0 added")
    assert bring(f"{slapd.ldap}/ou=many,{BASE}??sub?(uid=u7)")[1].startswith("1 added")
    assert bring(f"{slapd.ldap}/uid=u8,ou=many,{BASE.replace(',', '%2C')}??base")[1].startswith("1 added")


@pytest.mark.parametrize(
    ("path", "more", "said"),
    [
        (f"ou=nowhere,{BASE}", {}, "there is nothing at that base"),
        (f"ou=people,{BASE}", {"password": "wrong"}, "name or password is wrong: --user wants the whole name"),
        (f"ou=people,{BASE}", {"user": "manager"}, "its base is no name of an entry"),
        (f"ou=people,{BASE}", {"user": None}, "wants to know who asks"),
        ("no base", {}, "its base is no name of an entry"),
        (f"{BASE}??sub?(((", {}, "Bad search filter"),
    ],
)
def test_what_a_directory_refuses_is_told_with_its_cure(
    bring: Bring, slapd: Slapd, path: str, more: dict[str, str | None], said: str
) -> None:
    status, out, err = bring(f"{slapd.ldaps}/{path}", **more)
    assert status == 1
    assert said in err
    assert slapd.ldaps in err
    assert out == ""
    assert PASSWORD not in err


def test_a_directory_that_cannot_be_trusted_gets_no_password(bring: Bring, slapd: Slapd) -> None:
    stranger = str(slapd.certificates.stranger)
    status, _, err = bring(f"{slapd.ldaps}/{BASE}", "--ca", stranger)
    assert status == 1
    assert "its certificate is not trusted" in err
    # The same address, but not one that is known to be this machine: what is said must be encrypted.
    status, _, err = bring(f"{slapd.ldap.replace('127.0.0.1', '127.1')}/{BASE}", "--ca", stranger)
    assert status == 1
    assert "cannot begin TLS" in err
    assert bring(f"{slapd.ldap.replace('127.0.0.1', '127.1')}/ou=people,{BASE}", "--without-tls")[1].startswith("2 added")


def test_a_directory_that_is_away_is_told(bring: Bring) -> None:
    status, _, err = bring("ldaps://127.0.0.1:9/dc=example")
    assert status == 1
    assert "ldaps://127.0.0.1:9 cannot be reached" in err
    assert "is it on, is the port right" in err
