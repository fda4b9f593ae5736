"""What real directories do seldom; tests/live/test_contacts_ldap.py asks a real one."""

from pathlib import Path

import pytest

from gateway.cli.contact_sources import ldap
from gateway.cli.contact_sources.source import Access, ContactsError
from gateway.model.contacts import WrittenContact
from gateway.model.secret import Secret

ACCESS = Access(user="cn=tieline", password=Secret("made up"))
URL = "ldaps://127.0.0.1/ou=a%20b,dc=example"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ldapsearch of our own; it finds its arguments in a file beside it."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "ldapsearch"


def says(program: Path, script: str) -> None:
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >"$0.asked"\n{script}\n')
    program.chmod(0o755)


async def names(url: str = URL, access: Access = ACCESS, mapping: str | None = None) -> list[str | None]:
    found: list[str | None] = []
    async with ldap.opened(url, access, mapping) as source:
        try:
            async for each in source.contacts:
                assert isinstance(each, WrittenContact)
                found.append(each.name)
        except ContactsError as error:
            raise ContactsError(f"{found}: {error}") from error
    return found


async def test_the_password_is_read_from_a_pipe(program: Path) -> None:
    says(program, 'while [ "$1" != -y ]; do shift; done; printf "dn: cn=a\\ncn: %s\\n" "$(cat "$2")"')
    assert await names() == ["made up"]
    asked = program.with_suffix(".asked").read_text().split("\n")
    assert "made up" not in asked
    assert asked[asked.index("-b") + 1] == "ou=a b,dc=example"
    assert asked[asked.index("-H") + 1] == "ldaps://127.0.0.1"
    assert asked[asked.index("-s") + 1] == "sub"
    assert "(|(telephoneNumber=*)(otherTelephone=*)(mobile=*)" in asked[asked.index("--") + 1]


@pytest.mark.parametrize(
    ("url", "without_tls", "there"),
    [
        ("ldap://dc.example.com/", False, True),
        ("ldap://dc.example.com/", True, False),
        ("ldap://127.0.0.1/", False, False),
        ("ldaps://dc.example.com/", False, False),
    ],
)
async def test_what_goes_over_the_network_is_encrypted(program: Path, url: str, without_tls: bool, there: bool) -> None:
    says(program, "exit 0")
    assert await names(url, Access(user="cn=a", password=Secret("x"), without_tls=without_tls)) == []
    assert ("-ZZ" in program.with_suffix(".asked").read_text().split("\n")) is there


async def test_what_was_given_before_a_limit_is_taken(program: Path) -> None:
    says(program, r'printf "dn: cn=a\ncn: A\n\ndn: cn=b\ncn: B\n\n"; echo "Size limit exceeded (4)" >&2; exit 4')
    with pytest.raises(ContactsError, match=r"\['A', 'B'\]: .* it gives no more entries than those: .*Size limit exceeded"):
        await names()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("sleep 60", "says nothing for"),
        ("head -c 3000000 /dev/zero", "has an attribute of more than 1 MB"),
        (r'printf "x\033[2J\n" >&2; exit 77', r"the import stopped there \(x\?\[2J\)"),
        ("exit 3", "ldapsearch ended with status 3"),
    ],
)
async def test_a_directory_that_misbehaves_is_told(
    program: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    if "sleep" in script:
        monkeypatch.setattr(ldap, "SILENCE_S", 0.2)
        script = f"exec {script}"
    says(program, script)
    with pytest.raises(ContactsError, match=said):
        await names()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ldaps:///dc=example", "names no server: write ldaps://SERVER/BASE"),
        ("ldaps://a:b/dc=example", "Port could not be cast"),
        ("ldaps://a/dc=example?cn?sub", "say with --map which attributes"),
        ("ldaps://a/dc=example??deep", "there is no scope 'deep', but base, one, sub"),
    ],
)
async def test_an_address_that_cannot_be_is_told(program: Path, url: str, said: str) -> None:
    says(program, "exit 0")
    with pytest.raises(ContactsError, match=said):
        await names(url)


async def test_without_the_program_it_says_where_it_is_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ContactsError, match="'apt-get install ldap-utils'"):
        await names()
