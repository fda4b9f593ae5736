"""``tieline contacts import`` out of a real CardDAV server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rig.address_books import PASSWORD, USER, Radicale, running_radicale
from support.importing import Importing

pytestmark = pytest.mark.live
MANY = 230


def card(uid: str, *lines: str) -> str:
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", f"UID:{uid}", *lines, "END:VCARD", ""])


BOOKS = {
    "customers": {
        "wang.vcf": card("w-1", "FN:王芳", "N:王;芳;;;", "ORG:ACME", "TEL;TYPE=CELL:138 0013 8000", "CATEGORIES:VIP,gold"),
        "odd & 100%.vcf": card("o-1", "FN:Odd <b>", "N:Odd;;;;", "TEL:8001", "TEL;TYPE=WORK:010 8567 1234"),
    },
    "many": {
        f"{number}.vcf": card(f"m-{number}", f"FN:Person {number}", f"N:{number};;;;", f"TEL:+8613900{number:06d}")
        for number in range(MANY)
    },
}


@pytest.fixture(scope="module")
def radicale() -> Iterator[Radicale]:
    with running_radicale(BOOKS) as server:
        yield server


@pytest.fixture
def importing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Importing:
    return Importing(tmp_path, monkeypatch, capsys)


def test_a_book_is_taken_over_once(importing: Importing, radicale: Radicale) -> None:
    ca = ("--ca", str(radicale.certificates.ca))
    book = f"{radicale.url}/{USER}/customers/"
    status, out, err = importing(book, *ca, user=USER, password=PASSWORD)
    assert (status, out) == (1, "2 added, 0 changed, 0 as they were, 1 cards with faults\n")
    assert f"{book}: Customers\n" in err
    assert f"/{USER}/customers/odd & 100%.vcf: '8001' is no number of the public network" in err
    assert importing.exported() == [
        "o-1,Odd <b>,,,,,+861085671234,",
        "w-1,王芳,ACME,,yes,VIP;gold,+8613800138000,",
    ]
    assert importing(book, *ca, user=USER, password=PASSWORD)[1].startswith("0 added, 0 changed, 2 as they were")


@pytest.mark.parametrize("path", ["", "/", f"/{USER}", f"/{USER}/"])
def test_books_are_found_from_where_people_begin(importing: Importing, radicale: Radicale, path: str) -> None:
    ca = ("--ca", str(radicale.certificates.ca))
    _, out, err = importing(f"{radicale.url}{path}", *ca, "--dry-run", user=USER, password=PASSWORD)
    assert out.startswith(f"{MANY + 2} would be added"), err
    assert f"{radicale.url}/{USER}/many/: Many\n" in err


@pytest.mark.parametrize(
    ("path", "password", "said"),
    [
        (f"/{USER}/customers/", "wrong", "does not let us in: look at --user and the password"),
        (f"/{USER}/nowhere/", PASSWORD, "there is no address book"),
        ("/somebody/else/", PASSWORD, "is no address book|forbids it to this user|there is no address book"),
    ],
)
def test_what_a_server_refuses_is_told_with_its_cure(
    importing: Importing, radicale: Radicale, path: str, password: str, said: str
) -> None:
    status, out, err = importing(f"{radicale.url}{path}", "--ca", str(radicale.certificates.ca), user=USER, password=password)
    assert (status, out) == (1, "")
    assert any(each in err for each in said.split("|")), err
    assert radicale.url in err


def test_a_server_that_cannot_be_trusted_gets_no_password(importing: Importing, radicale: Radicale) -> None:
    status, _, err = importing(f"{radicale.url}/{USER}/customers/", user=USER, password=PASSWORD)
    assert status == 1
    assert "certificate" in err
    assert "--ca" in err
