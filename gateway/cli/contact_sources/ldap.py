"""Contacts out of an LDAP directory: Active Directory, OpenLDAP, 389 DS and others, by OpenLDAP's ``ldapsearch``.

``docs/decisions/0050-contacts-from-elsewhere.md`` says why by a program.

Source: RFC 4516 (addresses), RFC 2696 (pages); ldapsearch(1), ldap.conf(5).
"""

import asyncio
import os
import shutil
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from gateway.cli.contact_sources.source import SILENCE_S, Access, ContactsError, Source, mapped, shown
from gateway.cli.tables import printable
from gateway.model.contacts import BadContact, Columns, ContactField, WrittenContact
from gateway.model.ldif import ATTRIBUTES, entries_in, written_of

PROGRAM: Final = "ldapsearch"
BASE: Final = "ou=People,dc=example,dc=com"
PAGE: Final = 500
"""Entries in one answer; Active Directory gives a thousand at most."""
MAX_LINE_BYTES: Final = 1 << 20
MAX_ERROR_BYTES: Final = 4_000
MAX_PASSWORD_BYTES: Final = 4_096
"""What a pipe takes before anybody reads."""
_SCOPES: Final = frozenset({"base", "one", "sub"})
_SIZE_LIMIT: Final = 4
_WHO: Final = frozenset({1, 32, 50})
"""What is said to nobody in particular, who may see nothing: operations error, no such object, no rights."""


class _Address(msgspec.Struct, frozen=True, kw_only=True):
    server: str
    base: str
    scope: str
    filter: str | None
    split: SplitResult


@asynccontextmanager
async def opened(url: str, access: Access, mapping: str | None) -> AsyncIterator[Source]:
    """Open a directory: ``ldaps://dc.example.com/ou=People,dc=example,dc=com``, with ``?attributes?scope?filter`` where needed.

    Raises:
        ContactsError: The address or ``--map`` cannot be used, or there is no ldapsearch.
    """
    address = _address(url)
    access.trust()
    columns = dict(ATTRIBUTES) | mapped(mapping, None)
    program = shutil.which(PROGRAM)
    if program is None:
        raise ContactsError(f"directories are read by {PROGRAM}, which is not here: as root, 'apt-get install ldap-utils'")
    async with _running(program, address, access, columns) as process:
        yield Source(
            called=f"directory {address.split.hostname}",
            unit="entries",
            total=None,
            said=[f"{address.server}: all below {address.base or 'its root'}", *shown(columns)],
            contacts=_contacts(process, columns, address, access),
        )


@asynccontextmanager
async def _running(
    program: str, address: _Address, access: Access, columns: Columns
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run ldapsearch; it reads the password from a pipe, where no list of processes shows it."""
    read, write = os.pipe()
    try:
        with os.fdopen(write, "wb") as pipe:
            pipe.write(access.password.reveal().encode()[:MAX_PASSWORD_BYTES] if access.password else b"")
        process = await asyncio.create_subprocess_exec(
            program,
            *_arguments(address, access, columns, f"/dev/fd/{read}"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=MAX_LINE_BYTES,
            pass_fds=(read,),
            env=_environment(access),
        )
    finally:
        os.close(read)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _address(url: str) -> _Address:
    split = urlsplit(url)
    try:
        port = split.port
    except ValueError as error:
        raise ContactsError(f"{url}: {error}") from error
    if not split.hostname:
        raise ContactsError(
            f"{url} names no server: write {split.scheme}://SERVER/BASE, such as ou=People,dc=example,dc=com for BASE"
        )
    attributes, scope, search, *_ = [*split.query.split("?"), "", "", ""]
    if attributes:
        raise ContactsError(f"{url}: say with --map which attributes hold what, and leave them out between the ?")
    if scope and scope not in _SCOPES:
        raise ContactsError(f"{url}: there is no scope {scope!r}, but {', '.join(sorted(_SCOPES))}")
    host = f"[{split.hostname}]" if ":" in split.hostname else split.hostname
    return _Address(
        server=f"{split.scheme}://{host}" + ("" if port is None else f":{port}"),
        base=unquote(split.path.removeprefix("/")),
        scope=scope or "sub",
        filter=unquote(search) or None,
        split=split,
    )


def _arguments(address: _Address, access: Access, columns: Columns, password: str) -> list[str]:
    numbers = [*columns.get(ContactField.PHONE, ()), *columns.get(ContactField.EMAIL, ())]
    search = address.filter or f"(|{''.join(f'({name}=*)' for name in numbers)})"
    wanted = list(dict.fromkeys(name for names in columns.values() for name in names))
    tls = ["-ZZ"] if address.split.scheme == "ldap" and access.must_be_hidden_from(address.split) else []
    who = ["-D", access.user, "-y", password] if access.user else []
    paged = ["-E", f"pr={PAGE}/noprompt"]
    how = ["-x", "-LLL", "-o", "ldif-wrap=no", "-o", f"nettimeout={SILENCE_S:.0f}"]
    return [*how, *tls, *paged, "-H", address.server, *who, "-b", address.base, "-s", address.scope, "--", search, *wanted]


def _environment(access: Access) -> dict[str, str]:
    own = {} if access.ca is None else {"LDAPTLS_CACERT": str(access.ca)}
    return (
        {name: value for name, value in os.environ.items() if not name.startswith("LDAP")} | {"LDAPTLS_REQCERT": "demand"} | own
    )


async def _contacts(
    process: asyncio.subprocess.Process, columns: Columns, address: _Address, access: Access
) -> AsyncGenerator[WrittenContact | BadContact, None]:
    assert process.stdout is not None
    assert process.stderr is not None
    said = asyncio.create_task(_all(process.stderr))
    try:
        held: list[str] = []
        while line := await _line(process.stdout, address):
            held.append(line)
            if line == "\n":
                for each in _written(held, columns):
                    yield each
                held = []
        for each in _written(held, columns):
            yield each
        status = await process.wait()
        if status:
            raise ContactsError(await _why(address, access, status, await said))
    finally:
        said.cancel()
        await asyncio.gather(said, return_exceptions=True)


async def _line(output: asyncio.StreamReader, address: _Address) -> str:
    try:
        async with asyncio.timeout(SILENCE_S):
            return (await output.readline()).decode("utf-8", "replace")
    except TimeoutError as error:
        raise ContactsError(f"{address.server} says nothing for {SILENCE_S:.0f} s") from error
    except ValueError as error:
        raise ContactsError(f"{address.server} has an attribute of more than {MAX_LINE_BYTES >> 20} MB") from error


async def _all(errors: asyncio.StreamReader) -> str:
    """Read all, and keep its end."""
    kept = b""
    while part := await errors.read(MAX_ERROR_BYTES):
        kept = (kept + part)[-MAX_ERROR_BYTES:]
    return kept.decode("utf-8", "replace")


def _written(lines: Sequence[str], columns: Columns) -> list[WrittenContact]:
    return [written_of(entry, columns, entry.dn) for entry in entries_in(lines)]


_CURES: Final = {
    _SIZE_LIMIT: "it gives no more entries than those: narrow the address by ??sub?(FILTER), or raise its limit for this user",
    8: "it wants a stronger way in: write ldaps:// instead of ldap://",
    13: "it wants what is said to be encrypted: write ldaps:// instead of ldap://, and leave --without-tls out",
    32: "there is nothing at that base: look at what stands behind the server's name",
    34: f"its base is no name of an entry: write it as {BASE}, with %20 for spaces",
    49: f"name or password is wrong: --user wants the whole name, such as cn=tieline,{BASE} or tieline@example.com",
    50: "this user may not read there: give him the right",
    53: "it is not willing: look at its log",
}


async def _why(address: _Address, access: Access, status: int, said: str) -> str:
    cause = printable(" ".join(said.split()))[:500] or f"{PROGRAM} ended with status {status}"
    if "contact LDAP server" in said and status == 255:
        return f"{address.server} cannot be reached: {await _what_is_there(address, access)}"
    if "ldap_start_tls" in said:
        return f"{address.server} cannot begin TLS ({cause}): write ldaps://, name its CA with --ca, or say --without-tls"
    if status in _WHO and access.user is None:
        return f"{address.server} wants to know who asks: give --user and the password ({cause})"
    return f"{address.server}: {_CURES.get(status, 'the import stopped there')} ({cause})"


async def _what_is_there(address: _Address, access: Access) -> str:
    """Look ourselves: ldapsearch does not say whether nobody answers, or somebody whom it does not trust."""
    hidden = address.split.scheme == "ldaps"
    port = address.split.port or (636 if hidden else 389)
    try:
        async with asyncio.timeout(SILENCE_S):
            _, writer = await asyncio.open_connection(address.split.hostname, port, ssl=access.trust() if hidden else None)
    except ssl.SSLCertVerificationError as error:
        return f"its certificate is not trusted ({error.verify_message}): name its CA with --ca FILE"
    except ssl.SSLError as error:
        return f"it does not speak TLS there ({error.reason}): is the port right?"
    except (OSError, TimeoutError) as error:
        return f"{error.__class__.__name__ if not str(error) else error}: is it on, is the port right, is a firewall between?"
    writer.close()
    return "it answers, and ends what ldapsearch begins: look at its log"
