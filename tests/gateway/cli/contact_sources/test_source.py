from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.cli.contact_sources.source import Access, ContactsError, is_here, mapped, shown


@pytest.mark.parametrize(
    ("host", "whether"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("127.1", False), ("dc.example.com", False)],
)
def test_this_machine_is_known(host: str, whether: bool) -> None:
    assert is_here(host) is whether
    url = urlsplit(f"ldap://[{host}]/" if ":" in host else f"ldap://{host}/")
    assert Access().must_be_hidden_from(url) is not whether
    assert not Access(without_tls=True).must_be_hidden_from(url)


def test_what_holds_what_can_be_said() -> None:
    assert mapped("phone=Tel,phone=Mobile,name=Full name", None) == {"phone": ["Tel", "Mobile"], "name": ["Full name"]}
    assert mapped(None, ["Tel"]) == {}
    assert shown(mapped("phone=Tel,phone=Mobile", None)) == ["  phone        Tel, Mobile"]


@pytest.mark.parametrize("asked", ["phne=Tel", "phone=Telex", "name=Tel,name=Tel", "phone=", "phone"])
def test_what_cannot_be_is_refused(asked: str) -> None:
    with pytest.raises(ContactsError, match=r"^--map "):
        mapped(asked, ["Tel"])


def test_a_file_without_certificates_is_told(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("none")
    for file in (tmp_path / "ca.pem", tmp_path / "nowhere.pem"):
        with pytest.raises(ContactsError, match="no certificates in PEM"):
            Access(ca=file).trust()
