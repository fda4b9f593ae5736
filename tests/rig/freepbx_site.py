"""A second test call centre, in the style that FreePBX generates: Local members, routines, menus behind ExecIf, a catch-all.

Numbers: extensions 8001-8006 (8006 has no telephone), queues 7001 (round robin), 7002 (linear), 7003 (ring all) and 7004 (members
come at run time), groups 7601 (hunt), 7602 (ring all), 7603 (Local legs) and 7604 (an outside member that confirms), rooms
780X, page groups 7901 and 7902, parking 70, intercom *80, listening in 222, pick-up **, mailbox *97, prefix 0 for an outside
line. Asterisk 22 runs routines by Gosub, 16 by Macro; the telephones are PJSIP or, on 16, chan_sip. The configuration files
lie in ``freepbx/``; ``@NAME@`` in them is filled in here.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from rig.asterisk import Asterisk
from rig.site import BACKUP_HOST, CARRIER_HOST, Ports

TEMPLATES: Final = Path(__file__).parent / "freepbx"
EXTENSIONS: Final = {
    "8001": "Wang Fang",
    "8002": "Li Na",
    "8003": "Sun Qi",
    "8004": "周杰",
    "8005": "Zhao Min",
    "8006": "Qian Lei",
}
TRUNKS: Final = ("sbc-east", "isp-west")
"""The first one's far end is the rig's carrier, the second one's its backup."""
USERS: Final = {"tieline": "t1el1ne-ro", "tieline-nodp": "t1el1ne-np", "tieline-min": "t1el1ne-mn"}
"""Users that a recorder logs in as, and their secrets."""
Tech = Literal["PJSIP", "SIP"]
_EMPTY: Final = {
    "ccss": "[general]", "udptl": "[general]", "cli_aliases": "[general]", "extconfig": "[settings]", "acl": "", "cli": "",
    "stasis": "", "queuerules": "", "resolver_unbound": "", "sorcery": "", "pjproject": "",
}  # fmt: skip


class FreepbxAsterisk(Asterisk):
    """One Asterisk process with this site instead of ``cc1``. Use as an asynchronous context manager.

    On 16 the mailboxes need Debian's package asterisk-voicemail beside the recorded ones.
    """

    def __init__(
        self, major: int = 22, tech: Tech = "PJSIP", *, timestamps: bool = False, append: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(major)
        self.added = dict(append or {})
        """Text that is added to this site's files."""
        self.tech: Tech = tech
        self.timestamps = timestamps

    async def start(self) -> None:
        """Write this site's files over the other's, then start; see ``Asterisk.start``."""
        render(self.run, self.ports, major=self.major, tech=self.tech, timestamps=self.timestamps)
        for name, text in self.added.items():
            with (self.run / "etc" / name).open("a") as file:
                file.write("\n" + text)
        await super().start()

    @property
    def site(self) -> dict[str, object]:
        """What the site's configuration says, in the words of a capture folder's site.json."""
        return {
            "region": "CN",
            "extensions": "^8\\d{3}$",
            "outside_prefix": "0",
            "trunks": [f"{self.tech}/{trunk}" for trunk in TRUNKS],
            "encoding_fallback": None,
            "mask_digits": [],
        }


def render(run: Path, ports: Ports, *, major: int, tech: Tech, timestamps: bool) -> None:
    """Replace the configuration in a run folder that the site ``cc1`` has prepared."""
    etc = run / "etc"
    prepared = (etc / "asterisk.conf").read_text()
    folders = dict(re.findall(r"^(astmoddir|astsbindir) => (\S+)$", prepared, re.MULTILINE))
    modules = Path(folders["astmoddir"])
    present = {path.stem for path in modules.glob("*.so")}
    other = "chan_sip" if tech == "PJSIP" else "chan_pjsip res_pjsip"
    wanted = [
        name
        for name in (TEMPLATES / "modules.txt").read_text().split()
        if name in present and not name.startswith(tuple(other.split()))
    ]
    values = {
        "RUN": str(run),
        "ROOT": folders["astsbindir"].removesuffix("/usr/sbin"),
        "MODULE_DIR": str(modules),
        "MODULES": "\n".join(f"load = {name}.so" for name in wanted),
        "MAILBOXES": "\n".join(f"{number} => 1234,{name}" for number, name in EXTENSIONS.items()),
        "TIMESTAMPS": "yes" if timestamps else "no",
        **_channels(ports),
        **_dialect(major, tech),
        **{f"PORT_{name.upper()}": str(value) for name, value in vars(ports).items()},
    }
    for old in etc.glob("*.conf"):
        old.unlink()
    for template in TEMPLATES.glob("*.conf"):
        if template.name != ("sip.conf" if tech == "PJSIP" else "pjsip.conf"):
            (etc / template.name).write_text(fill(template.read_text(), values, major))
    for name, text in _EMPTY.items():
        (etc / f"{name}.conf").write_text(text + "\n")


def fill(template: str, values: Mapping[str, str], major: int) -> str:
    """A template with its ``@NAME@`` replaced, and its calls of routines written as this Asterisk has them."""
    macro = major < 18

    def run(found: re.Match[str]) -> str:
        name, arguments = found[1], found[2]
        if macro:
            return f"Macro({name},{arguments})" if arguments else f"Macro({name})"
        return f"Gosub(macro-{name},s,1({arguments}))"

    text = re.sub(r"@OPTION ([\w-]+)@", r"M(\1)" if macro else r"U(macro-\1)", template)
    text = re.sub(r"@RUN ([\w-]+)\((.*)\)@", run, text)
    return re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], text)


def _dialect(major: int, tech: Tech) -> dict[str, str]:
    """How this version's routines end and this technology's legs are dialled."""
    by_pjsip = tech == "PJSIP"
    return {
        "TECH": tech,
        "RETURN": "MacroExit()" if major < 18 else "Return()",
        "RESULT": "MACRO_RESULT" if major < 18 else "GOSUB_RESULT",
        "TRUNK": "PJSIP/${OUTNUM}@${OUT_${DIAL_TRUNK}}" if by_pjsip else "SIP/${OUT_${DIAL_TRUNK}}/${OUTNUM}",
        "OPEN_BY_ITSELF": "Set(PJSIP_HEADER(add,Alert-Info)=ring-answer)"
        if by_pjsip
        else "SIPAddHeader(Alert-Info: ring-answer)",
    }


def _channels(ports: Ports) -> dict[str, str]:
    """The telephones and trunks of pjsip.conf and sip.conf."""
    ends = tuple(zip(TRUNKS, (CARRIER_HOST, BACKUP_HOST), (ports.carrier, ports.backup), strict=True))
    phone = (
        '[{n}](phone)\nauth = {n}\naors = {n}\ncallerid = "{name}" <{n}>\nmailboxes = {n}@default\n'
        "[{n}](phone-auth)\nusername = {n}\npassword = secret{n}\n[{n}](phone-aor)"
    )
    trunk = (
        "[{n}](trunk)\naors = {n}\n[{n}]\ntype = aor\ncontact = sip:{host}:{port}\n"
        "[{n}]\ntype = identify\nendpoint = {n}\nmatch = {host}/32"
    )
    # No secret: chan_sip's challenge has no qop, which is the only kind that the rig's telephones answer.
    friend = '[{n}](phone)\ncallerid = "{name}" <{n}>\nmailbox = {n}@default'
    peer = "[{n}](trunk)\nhost = {host}\nport = {port}"
    return {
        "PJSIP_PHONES": "\n".join(phone.format(n=n, name=name) for n, name in EXTENSIONS.items()),
        "PJSIP_TRUNKS": "\n".join(trunk.format(n=n, host=host, port=port) for n, host, port in ends),
        "SIP_PHONES": "\n".join(friend.format(n=n, name=name) for n, name in EXTENSIONS.items()),
        "SIP_TRUNKS": "\n".join(peer.format(n=n, host=host, port=port) for n, host, port in ends),
    }
