"""The gateway's own certificate: tried before it is used, and taken anew when its files change.

A certificate is tried by a handshake with itself, in memory: what OpenSSL would refuse in every client is refused here once,
in words, before anybody meets it.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import structlog

from gateway.model.errors import ConfigurationError

LOOK_EVERY_S: Final = 10.0
"""Seconds between two looks at the files."""
WARN_DAYS: Final = 14
"""Days before its end from which on a certificate is warned of, once a day."""
_SECONDS_A_DAY: Final = 86_400.0
_MAX_ROUNDS: Final = 10
"""Of a handshake; TLS 1.3 takes two."""
_EXPIRED: Final = 10
_NOT_YET_VALID: Final = 9
"""OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED and X509_V_ERR_CERT_NOT_YET_VALID."""

_log = structlog.get_logger()


class CertificateError(ConfigurationError):
    """The certificate or its key cannot be used; the operator must act. The text names the file and the cure."""

    def __init__(self, key: str, what: str, cure: str) -> None:
        super().__init__(f"{what}. {cure}")
        self.key = key
        """Of the setting that is wrong: ``certificate`` or ``key``."""
        self.what = what
        self.cure = cure


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate that was tried."""

    context: ssl.SSLContext
    """What a server listens with."""
    ends_at: float
    """Seconds since the epoch."""
    names: frozenset[str]
    """What it stands for: names, with ``*.`` perhaps, and addresses."""


def load(certificate: Path, key: Path) -> Certificate:
    """Load a certificate with its chain and key (PEM) and try them. Blocks on files.

    Raises:
        CertificateError: They cannot be used.
    """
    for name, file in (("certificate", certificate), ("key", key)):
        try:
            file.open("rb").close()
        except OSError as error:
            cure = "Name a PEM file that exists and that this user may read"
            raise CertificateError(name, f"{file} cannot be read: {error.strerror}", cure) from error
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # Without a password OpenSSL would ask for one on the terminal.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        raise _refused(error, certificate, key) from error
    return _tried(context, certificate)


class ServedCertificate:
    """The certificate that is served, by whichever context listens; a new one takes its place between two connections.

    Args:
        certificate: PEM, the chain behind it.
        key: PEM, without a password.
        now: Seconds since the epoch.
    """

    def __init__(self, certificate: Path, key: Path, *, now: Callable[[], float]) -> None:
        """Load it.

        Raises:
            CertificateError: It cannot be used.
        """
        self._files = certificate, key
        self._now = now
        self._read = self._stamps()
        self.current = load(certificate, key)
        self.context = self.current.context
        """What listens. It stays the first one, which hands each connection to the current one."""
        self.context.sni_callback = self._hand_over
        self._warned_at = 0.0
        self._asked = asyncio.Event()

    async def reload(self) -> None:
        """Take the files as they are now; where they cannot be used the certificate stays as it is, and the log says why."""
        self._read = await asyncio.to_thread(self._stamps)
        try:
            self.current = await asyncio.to_thread(load, *self._files)
        except CertificateError as error:
            _log.error("certificate_refused", reason=str(error), ends_in_days=self._days_left())
            return
        _log.info("certificate_loaded", names=sorted(self.current.names), ends_in_days=self._days_left())

    def look_again(self) -> None:
        """Reload it at once, though its files look as they did."""
        self._asked.set()

    async def run(self, look_every_s: float = LOOK_EVERY_S) -> None:
        """Reload it when its files change, and warn of its end, until cancelled; cancelling is safe."""
        while True:
            if self._days_left() < WARN_DAYS and self._now() - self._warned_at >= _SECONDS_A_DAY:
                self._warned_at = self._now()
                _log.warning("certificate_ends", file=str(self._files[0]), ends_in_days=self._days_left())
            with suppress(TimeoutError):
                async with asyncio.timeout(look_every_s):
                    await self._asked.wait()
            if self._asked.is_set() or await asyncio.to_thread(self._stamps) != self._read:
                self._asked.clear()
                await self.reload()

    def _hand_over(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self.current.context

    def _days_left(self) -> float:
        return round((self.current.ends_at - self._now()) / _SECONDS_A_DAY, 1)

    def _stamps(self) -> list[tuple[int, int, int] | None]:
        """Return what differs when a file is another one."""
        return [_stamp(file) for file in self._files]


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino, stat.st_size


def _refused(error: ssl.SSLError, certificate: Path, key: Path) -> CertificateError:
    # Of what is wrong with a file OpenSSL says no more than that it is; only a key of another certificate is named.
    if error.reason == "KEY_VALUES_MISMATCH":
        return CertificateError("key", f"{key} is not the key of {certificate}", "Name the key that the certificate was made for")
    try:
        ssl.create_default_context(cafile=str(certificate))
    except ssl.SSLError:
        cure = "Name a PEM file, with lines such as -----BEGIN CERTIFICATE-----, the server's own first and its chain behind it"
        return CertificateError("certificate", f"{certificate} holds no certificate", cure)
    if b"ENCRYPTED" in key.read_bytes():
        return CertificateError("key", f"{key} has a password", f"Take it off: openssl pkey -in {key} -out NEW")
    return CertificateError("key", f"{key} holds no key", "Name a PEM file, with lines such as -----BEGIN PRIVATE KEY-----")


def _tried(context: ssl.SSLContext, file: Path) -> Certificate:
    """Shake hands with ourselves, trusting nothing but this certificate."""
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    trusting.load_verify_locations(file)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(to_server, to_client, server_side=True)
    client = trusting.wrap_bio(to_client, to_server)
    try:
        for _ in range(_MAX_ROUNDS):
            if all([_goes_on(client), _goes_on(server)]):  # each has its turn
                break
    except ssl.SSLCertVerificationError as error:
        raise _invalid(error, file) from error
    except ssl.SSLError as error:
        cure = "Name a certificate for a server, with a key of RSA 2048 bits or more, or of a common curve"
        raise CertificateError("certificate", f"{file} does not work for TLS ({error.reason})", cure) from error
    peer = client.getpeercert() or {}
    names = frozenset(str(name[1]).lower() for name in peer.get("subjectAltName", ()))
    return Certificate(context=context, ends_at=float(ssl.cert_time_to_seconds(str(peer["notAfter"]))), names=names)


def _goes_on(side: ssl.SSLObject) -> bool:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def _invalid(error: ssl.SSLCertVerificationError, file: Path) -> CertificateError:
    if error.verify_code == _EXPIRED:
        return CertificateError("certificate", f"{file} has expired", "Renew it")
    if error.verify_code == _NOT_YET_VALID:
        return CertificateError("certificate", f"{file} is not valid yet", "Wait, or set this machine's clock")
    cure = "Name a certificate for a server"
    return CertificateError("certificate", f"{file} would be refused by every client: {error.verify_message}", cure)
