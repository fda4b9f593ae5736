import shutil
from pathlib import Path

import pytest
from support.certificates import Certificates

from gateway.settings.api import api_problems, is_loopback, is_name, is_network
from gateway.settings.check import convert
from gateway.settings.file import read
from gateway.settings.values import ApiSettings


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def told(tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> "Told":
    for ending in ("crt", "key"):
        shutil.copy(certificates.server.with_suffix(f".{ending}"), tmp_path)
    shutil.copy(certificates.client.with_suffix(".key"), tmp_path / "other.key")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACME", "s3cret")
    return Told(tmp_path / "tieline.yaml")


class Told:
    """What is said of an ``api``."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self, *lines: str) -> list[str]:
        self._file.write_text("\n".join(["api:", *(f"  {line}" for line in lines)]))
        document = read(self._file)
        problems = api_problems(document, convert(document.data["api"], ApiSettings))
        return [str(each).removeprefix(f"{self._file}:") for each in problems]


TLS = "tls: {certificate: server.crt, key: server.key}"


@pytest.mark.parametrize(
    "lines",
    [
        ("port: 1",),
        ("host: ::1",),
        ("host: localhost",),
        ("host: 192.0.2.1", "names: [tieline.example]", TLS),
        ("host: 0.0.0.0", "names: [tieline.example, 192.0.2.1]", "behind_proxy: [192.0.2.5, 2001:db8::/64]"),
        ("names: [tieline.example]", "behind_proxy: [127.0.0.1]"),
    ],
)
def test_what_keeps_calls_off_the_network_in_the_clear_is_right(told: Told, lines: tuple[str, ...]) -> None:
    assert told(*lines) == []


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ("host: 0.0.0.0",),
            "2: api.host: '0.0.0.0' is no loopback address, and tokens and calls would cross the network in the",
        ),
        (("host: pbx.example", TLS, "names: [a]"), "2: api.host: 'pbx.example' is no address. Write 127.0.0.1 or ::1, this"),
        ((TLS,), "1: api: api.names is missing, and browsers would be refused: the gateway answers to names that it knows."),
        (("names: ['https://a.example']",), "2: api.names[0]: 'https://a.example' is no name. Write a name or an address alone"),
        (("names: [a.example, a.example:443]",), "2: api.names[1]: 'a.example:443' is no name."),
        (("names: [a]", "behind_proxy: [proxy]"), "3: api.behind_proxy[0]: 'proxy' is no address. Write an address such as"),
        (("names: [a]", "tls: {certificate: gone, key: server.key}"), "3: api.tls.certificate: gone cannot be read: No such"),
        (
            ("names: [a]", "tls:", "  certificate: server.crt", "  key: other.key"),
            "5: api.tls.key: other.key is not the key of server.crt. Name the key that the certificate was made for",
        ),
    ],
)
def test_what_is_wrong_is_told_with_line_and_cure(told: Told, lines: tuple[str, ...], said: str) -> None:
    (line,) = told(*lines)

    assert line.startswith(said)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("::", False),
        ("192.0.2.1", False),
        ("", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tieline.example", True),
        ("TIELINE", True),
        ("192.0.2.1", True),
        ("2001:db8::1", True),
        ("", False),
        ("a..b", False),
        ("-a.example", False),
        ("a.example.", False),
        ("*.example", False),
        ("192.0.2.999", False),
        ("a" * 64, False),
        (".".join(["a" * 60] * 5), False),
    ],
)
def test_a_name_stands_alone(text: str, expected: bool) -> None:
    assert is_name(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"), [("192.0.2.1", True), ("192.0.2.0/24", True), ("::/0", True), ("192.0.2.1/24", False), ("a", False)]
)
def test_a_network_is_written_by_its_first_address(text: str, expected: bool) -> None:
    assert is_network(text) is expected


def provider(name: str = "acme", issuer: str = "https://login.example", more: str = "") -> str:
    return f"{{name: {name}, issuer: '{issuer}', client_id: us, client_secret: '${{env:ACME}}'{more}}}"


@pytest.mark.parametrize(
    "given",
    [
        (provider(),),
        (provider(issuer="http://127.0.0.1:8080/realms/one"),),
        (provider(), provider("other", more=", create: true, roles: {values: {agents: agent}}")),
    ],
)
def test_a_company_may_have_its_own_sign_in(told: Told, given: tuple[str, ...]) -> None:
    assert told(f"oidc: [{', '.join(given)}]") == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((provider(issuer="http://login.example"),), "2: api.oidc[0].issuer: 'http://login.example' is reached without TLS"),
        ((provider(), provider()), "2: api.oidc[1].name: 'acme' is the name of another. Give each its own"),
        ((provider(more=", create: true"),), "2: api.oidc[0].create: create makes users, and nothing says which role they get."),
    ],
)
def test_a_sign_in_that_anybody_could_forge_is_refused(told: Told, given: tuple[str, ...], said: str) -> None:
    (problem,) = told(f"oidc: [{', '.join(given)}]")
    assert problem.startswith(said)
