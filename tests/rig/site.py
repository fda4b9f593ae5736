"""The test call centre ``cc1``: its dial plan, queues, telephones and trunks, rendered for one Asterisk.

Numbers: 5000 queue support, 5010 queue sales that overflows to support, 5020 queue front that ends in voicemail, 5030
queue callback with a key to leave, 5040 queue pool, 5050 queue vip with Local members, 5100 and 5110 menus, 5200 ring
group, 5320 menu and queue for load, 55XXXX direct to XXXX (57: every feature code, 58: forwards and voicemail, 59:
follow-me, 54: recorded), 6000 conference, 700 parking. Agents 1001-1005 have telephones, 1006 has none, 1101-1199 are
one SIPp; they dial 9 for an outside line.
The configuration files lie in ``cc1/``; ``@NAME@`` in them is filled in here.
"""

import math
import re
import struct
import subprocess
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TEMPLATES: Final = Path(__file__).parent / "cc1"
SITE: Final = {
    "region": "HK",
    "extensions": "^1\\d{3}$",
    "outside_prefix": "9",
    "trunks": ["PJSIP/carrier", "PJSIP/backup", "IAX2/exchange"],
    "encoding_fallback": None,
    "mask_digits": [],
}
"""What the site's configuration says, in the words of a capture folder's site.json."""
AGENTS: Final = ("1001", "1002", "1003", "1004", "1005")
CARRIER_HOST: Final = "127.0.0.2"
BACKUP_HOST: Final = "127.0.0.3"
DESKS_HOST: Final = "127.0.0.4"
DESKS: Final = tuple(str(n) for n in range(1101, 1200))
"""Agents of the load tests: they need not register, one SIPp answers for all of them."""
_DESK: Final = "[{n}](agent)\naors = {n}\ncallerid = Desk {n} <{n}>\n[{n}]\ntype = aor\ncontact = sip:{n}@{host}:{port}"
_EMPTY: Final = {
    "ccss": "[general]", "udptl": "[general]", "cli_aliases": "[general]", "extconfig": "[settings]", "acl": "",
    "stasis": "[threadpool]", "websocket_client": "", "aeap": "", "chan_websocket": "", "queuerules": "",
    "resolver_unbound": "", "sorcery": "", "pjproject": "[startup]\ntype=startup\nlog_level=default",
}  # fmt: skip


@dataclass(frozen=True)
class Ports:
    """Where the Asterisk of a test listens, and where its trunks do; all on loopback."""

    ami: int
    ami_tls: int
    sip: int
    http: int
    iax: int
    rtp_from: int
    rtp_to: int
    carrier: int
    backup: int
    desks: int


def render(root: Path, run: Path, ports: Ports, append: Mapping[str, str]) -> None:
    """Write the whole run folder (etc, data, spool, ...) for the Asterisk unpacked in ``root``.

    ``append`` adds text to files of ``etc``.

    Raises:
        subprocess.CalledProcessError: openssl could not make the AMI's certificate.
    """
    modules = next(
        p for p in (root / "usr/lib/x86_64-linux-gnu/asterisk/modules", root / "usr/lib/asterisk/modules") if p.is_dir()
    )
    for folder in (
        "etc",
        "log/cdr-csv",
        "log/cel-custom",
        "run",
        "spool/monitor",
        "spool/tmp",
        "lib/keys",
        "moh",
        "db",
        "data/sounds",
    ):
        (run / folder).mkdir(parents=True, exist_ok=True)
    shared = root / "usr/share/asterisk"
    for name in ("documentation", "rest-api", "static-http", "keys", "agi-bin"):
        _link(run / "data" / name, shared / name)
    _link(run / "data/sounds/en", shared / "sounds/en_US_f_Allison")
    _tone(run / "moh/tone.wav")
    present = {path.stem for path in modules.glob("*.so")}
    wanted = [name for name in (TEMPLATES / "modules.txt").read_text().split() if name in present]
    values = {
        "RUN": str(run),
        "ROOT": str(root),
        "MODULE_DIR": str(modules),
        "MODULES": "\n".join(f"load = {name}.so" for name in wanted),
        "DESKS": "\n".join(_DESK.format(n=n, host=DESKS_HOST, port=ports.desks) for n in DESKS),
        "DESK_MEMBERS": "\n".join(f"member => PJSIP/{n},0,Desk {n},PJSIP/{n}" for n in DESKS),
        **{f"PORT_{name.upper()}": str(value) for name, value in vars(ports).items()},
    }
    # Asterisk 16 keeps its modules elsewhere and writes event filters otherwise.
    exclude = "eventfilter(action(exclude),name({})) =" if "x86_64" in str(modules) else "eventfilter = !Event: {}"
    for template in TEMPLATES.glob("*.conf"):
        text = re.sub(r"@EXCLUDE (\w+)@", lambda found: exclude.format(found[1]), template.read_text())
        text = re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], text)
        (run / "etc" / template.name).write_text(text)
    for name, text in _EMPTY.items():
        (run / f"etc/{name}.conf").write_text(text + "\n")
    for name, text in append.items():
        with (run / "etc" / name).open("a") as file:
            file.write("\n" + text)
    _certificate(run / "etc")


def _link(link: Path, target: Path) -> None:
    if target.is_dir() and not link.exists():
        link.symlink_to(target)


def _tone(path: Path) -> None:
    """Ten seconds of music on hold."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        for i in range(80_000):
            hertz = 440 if (i // 4000) % 2 else 523
            out.writeframesraw(struct.pack("<h", int(6000 * math.sin(2 * math.pi * hertz * i / 8000))))


def _certificate(etc: Path) -> None:
    """A key and a self-signed certificate of localhost for AMI over TLS."""
    both = etc / "ami.pem"
    if both.exists():
        return
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=etc, check=True, capture_output=True,
    )  # fmt: skip
    both.write_text((etc / "key.pem").read_text() + (etc / "cert.pem").read_text())
