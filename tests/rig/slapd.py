"""A real OpenLDAP server of Debian's, in a folder of its own: people as OpenLDAP and as Active Directory have them."""

import base64
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

from support.certificates import Certificates

BASE: Final = "dc=example,dc=com"
MANAGER: Final = f"cn=manager,{BASE}"
PASSWORD: Final = 'made up, with a "blank" and ümlaut'
START_TIMEOUT_S: Final = 20.0
MANY: Final = 1_200
"""People in ``ou=many``, more than a page of answers holds."""
GUID: Final = UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff")
_SCHEMAS: Final = ("core", "cosine", "inetorgperson", "nis", "msuser")
_CONFIGURATION: Final = """
{includes}
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
sizelimit size.soft=100 size.hard=100 size.unchecked=unlimited size.prtotal=unlimited
database mdb
maxsize 67108864
suffix "{base}"
directory {folder}/data
dbnosync
access to dn.subtree="ou=closed,{base}" by * none
access to * by users read by anonymous auth
rootdn "cn=root,{base}"
"""


def people() -> str:
    """Return who is there, as LDIF."""
    name = base64.b64encode("王芳".encode()).decode()
    guid = base64.b64encode(GUID.bytes_le).decode()
    many = "".join(
        f"dn: uid=u{number},ou=many,{BASE}\nobjectClass: inetOrgPerson\nuid: u{number}\ncn: Person {number}\nsn: {number}\n"
        f"telephoneNumber: +8613900{number:06d}\n\n"
        for number in range(MANY)
    )
    return f"""dn: {BASE}
objectClass: organization
objectClass: dcObject
o: Example
dc: example

dn: {MANAGER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: manager
userPassword:: {base64.b64encode(PASSWORD.encode()).decode()}

dn: ou=people,{BASE}
objectClass: organizationalUnit
ou: people

dn: ou=many,{BASE}
objectClass: organizationalUnit
ou: many

dn: ou=closed,{BASE}
objectClass: organizationalUnit
ou: closed

dn: uid=anna,ou=people,{BASE}
objectClass: inetOrgPerson
uid: anna
cn: Anna Müller
sn: Müller
givenName: Anna
o: Example
telephoneNumber: +49 30 901820
mobile: 0171 1234567
mail: anna@example.com
preferredLanguage: de
entryUUID: 11111111-2222-3333-4444-555555555555

dn: uid=bob,ou=people,{BASE}
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: Bob
description: has no number

dn: CN=Wang Fang,ou=people,{BASE}
objectClass: user
objectClass: extensibleObject
cn: Wang Fang
sn: Wang
displayName:: {name}
company: ACME
telephoneNumber: 010 8567 1234
otherTelephone: 8001
mobile: 138 0013 8000
mail: wang@example.com
objectGUID:: {guid}
instanceType: 4
nTSecurityDescriptor: x
objectCategory: CN=Person,{BASE}

{many}"""


class Slapd:
    """One that runs: ``ldap`` and ``ldaps`` are its addresses; nobody may read without his name (:data:`MANAGER`)."""

    def __init__(self, folder: Path) -> None:
        self.certificates = Certificates(folder)
        self.ldap = f"ldap://127.0.0.1:{_free_port()}"
        self.ldaps = f"ldaps://127.0.0.1:{_free_port()}"
        self._configuration = folder / "slapd.conf"
        (folder / "data").mkdir()
        includes = "\n".join(f"include /etc/ldap/schema/{schema}.schema" for schema in _SCHEMAS)
        self._configuration.write_text(_CONFIGURATION.format(includes=includes, folder=folder, base=BASE))
        (folder / "people.ldif").write_text(people())
        added = subprocess.run(
            [_program("slapadd"), "-q", "-f", self._configuration, "-l", folder / "people.ldif"], check=False, capture_output=True
        )
        assert added.returncode == 0, added.stderr.decode()
        command: list[str | Path] = [_program("slapd"), "-d", "0", "-f", self._configuration, "-h", f"{self.ldap}/ {self.ldaps}/"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait(self) -> None:
        """Return when it answers."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not _answers(int(self.ldaps.rpartition(":")[2])):
            assert self._process.poll() is None, "slapd ended"
            assert time.monotonic() < deadline, "slapd does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait()


def _program(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        raise FileNotFoundError(f"{name} is missing: as root, 'apt-get install slapd'")
    return found


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1.0):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@contextmanager
def running_slapd() -> Iterator[Slapd]:
    """Run one; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tieline-slapd-") as name:
        slapd = Slapd(Path(name))
        try:
            slapd.wait()
            yield slapd
        finally:
            slapd.stop()
