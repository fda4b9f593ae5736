import ssl
from pathlib import Path

import pytest

from connectors._kit.tls import TlsSettings, context_of
from gateway.model.errors import ConfigurationError


def test_the_systems_authorities_are_trusted_and_the_name_is_looked_at() -> None:
    context = context_of(TlsSettings())
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_any_certificate_may_be_taken() -> None:
    context = context_of(TlsSettings(verify=False))
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("nothing")
    with pytest.raises(ConfigurationError, match=r"no\.pem"):
        context_of(TlsSettings(ca_file=str(tmp_path / "no.pem")))
