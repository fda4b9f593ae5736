"""TLS towards a PBX: how to know it, and how it knows us."""

import ssl

import msgspec

from gateway.model.errors import ConfigurationError


class TlsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to know the PBX, and how it knows us."""

    ca_file: str | None = None
    """Certificates (PEM) to trust; None trusts those of the system. A self-signed certificate is its own."""
    verify: bool = True
    """False takes any certificate: whoever sits between can then read and change everything."""
    server_name: str | None = None
    """The name in the PBX's certificate, where it is not ``host``."""
    certificate_file: str | None = None
    """Our own certificate (PEM), for a PBX that asks for one."""
    key_file: str | None = None
    """Its private key (PEM), where it is not in the same file."""


def context_of(tls: TlsSettings) -> ssl.SSLContext:
    """Return what the settings mean; reads files.

    Raises:
        ConfigurationError: A certificate file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.certificate_file is not None:
            context.load_cert_chain(tls.certificate_file, tls.key_file)
    except OSError as error:  # ssl.SSLError is one
        files = ", ".join(file for file in (tls.ca_file, tls.certificate_file, tls.key_file) if file is not None)
        raise ConfigurationError(f"a certificate under `tls` cannot be used ({files}): {error.strerror or error}") from error
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
