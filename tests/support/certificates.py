"""Certificates for the tests, made when they are needed: no key lies in the repository."""

import ssl
import subprocess
from pathlib import Path
from typing import Final

DAYS: Final = "2"
_NAMES: Final = {"server": "subjectAltName=IP:127.0.0.1,DNS:pbx.example", "client": "extendedKeyUsage=clientAuth"}


class Certificates:
    """An authority, a server's certificate for 127.0.0.1 and ``pbx.example``, and a client's; keys in the same files."""

    def __init__(self, folder: Path) -> None:
        """Make them in an empty folder, by the ``openssl`` command."""
        self.ca = folder / "ca.pem"
        self.server = folder / "server.pem"
        self.client = folder / "client.pem"
        self._folder = folder
        self._authority("ca")
        self._authority("stranger")
        self.stranger = folder / "stranger.pem"
        for name, extension in _NAMES.items():
            self._signed(name, extension)

    def server_context(self, *, asks_for_client: bool = False) -> ssl.SSLContext:
        """Return what a server with TLS listens with."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.ca))
        context.load_cert_chain(self.server)
        if asks_for_client:
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _authority(self, name: str) -> None:
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", DAYS,
            "-subj", f"/CN=Test {name}", "-keyout", f"{name}.key", "-out", f"{name}.pem",
        )  # fmt: skip

    def _signed(self, name: str, extension: str) -> None:
        (self._folder / f"{name}.ext").write_text(extension)
        self._openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr",
        )  # fmt: skip
        self._openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", DAYS,
            "-extfile", f"{name}.ext", "-out", f"{name}.crt",
        )  # fmt: skip
        pem = (self._folder / f"{name}.crt").read_text() + (self._folder / f"{name}.key").read_text()
        (self._folder / f"{name}.pem").write_text(pem)

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self._folder, check=True, capture_output=True)
