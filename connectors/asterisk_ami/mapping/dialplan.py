"""Where a leg is in Asterisk's dial plan: its context, its application, the menu it stands in. Pure.

Source: AMI ``Newexten`` as Asterisk 16.28 and 22.10 send it (captures): one event before each step, with the application and
its arguments after substitution.
"""

import re
from collections.abc import Sequence
from typing import Final

MENU_APPLICATIONS: Final = frozenset(
    {
        "background",
        "waitexten",
        "read",
        "readexten",
        "speechbackground",
        "authenticate",
        "vmauthenticate",
        "disa",
        "privacymanager",
        "directory",
        "controlplayback",
    }
)
"""Applications that play something and wait for the caller's input."""

CALLING_APPLICATIONS: Final = frozenset({"gosub", "gosubif", "macro", "macroif", "macroexclusive"})
"""Applications that go to another context and come back."""

NOT_A_MENU: Final = frozenset(
    {
        "queue",
        "dial",
        "voicemail",
        "voicemailmain",
        "confbridge",
        "meetme",
        "park",
        "parkandannounce",
        "chanspy",
        "extenspy",
        "page",
        "followme",
        "pickup",
        "pickupchan",
        "retrydial",
        "bridge",
        "appdial",
        "appdial2",
        "appqueue",
        "agentlogin",
        "stasis",
        "audiosocket",
    }
)
"""Applications in which a digit is no choice in a menu: it is for a feature, a message or another party."""

FREEPBX_VOICEMAIL: Final = "macro-vm"
"""The context in which FreePBX answers for a mailbox."""

WAITING_APPLICATIONS: Final = frozenset(
    {
        "dial",
        "queue",
        "background",
        "waitexten",
        "read",
        "playback",
        "wait",
        "musiconhold",
        "echo",
        "voicemail",
        "confbridge",
        "retrydial",
        "followme",
        "answer",
        "ringing",
    }
)
"""Applications that a leg stays in, and can be moved out of from outside."""

_CONDITIONAL: Final = re.compile(r"\s*(?P<name>[A-Za-z0-9_]+)\s*(?:\((?P<data>.*)\))?\s*\Z", re.DOTALL)


class Position:
    """One leg's way through the dial plan."""

    __slots__ = (
        "_calling",
        "_stack",
        "application",
        "context",
        "data",
        "depth",
        "extension",
        "hung_up",
        "menu",
        "menu_depth",
        "since",
    )

    def __init__(self) -> None:
        self.context = ""
        self.extension = ""
        self.since = 0.0
        self.application = ""
        self.data = ""
        self.menu: str | None = None
        self.menu_depth = 0
        self.depth = 0
        self.hung_up = False
        self._calling = False
        self._stack: list[tuple[str, str, float]] = []

    @property
    def called_from(self) -> str:
        """The extension that the routines which run now were called from."""
        return self._stack[0][1] if self._stack else self.extension

    def is_moved_to(self, context: str, extension: str, application: str, data: str) -> bool:
        """Tell whether a step's event says only that somebody moved the leg out of the application that it is in.

        Asterisk then repeats that application at the new place, before anything runs there.
        """
        return (
            application in WAITING_APPLICATIONS
            and (application, data) == (self.application, self.data)
            and (context, extension) != (self.context, self.extension)
        )

    def move(self, context: str, extension: str, at: float) -> bool:
        """Take note that somebody moved the leg here; tell whether that takes it out of a menu."""
        self._stack.clear()
        self._calling = False
        return self.enter(context, extension, at)

    def enter(self, context: str, extension: str, at: float) -> bool:
        """Take note that a step runs in ``context``; tell whether that leaves the menu the leg stood in."""
        if context != self.context:
            if self._calling:
                self._stack.append((self.context, self.extension, self.since))
                self.since = at
            elif any(name == context for name, _, _ in self._stack):
                while self._stack:
                    name, _, since = self._stack.pop()
                    if name == context:
                        self.since = since
                        break
            else:
                self.since = at
            self.context = context
            self.depth = len(self._stack)
        self.extension = extension
        return self.menu is not None and context != self.menu and self.depth <= self.menu_depth

    def run(self, application: str, data: str) -> bool:
        """Take note of the application that runs; tell whether it is one that waits for input."""
        self.application, self.data = application, data
        self._calling = application in CALLING_APPLICATIONS
        if application in MENU_APPLICATIONS:
            self.menu, self.menu_depth = self.context, self.depth
            return True
        return False


def application_of(name: str, data: str) -> tuple[str, str]:
    """Return the application that really runs, in lower case, and its arguments: ``ExecIf(1?Background(x))`` runs Background."""
    name = name.lower()
    if name != "execif":
        return name, data
    condition, _, rest = data.partition("?")
    chosen, alternative = _branches(rest)
    taken = chosen if condition.strip() not in ("", "0") else alternative
    match = _CONDITIONAL.match(taken)
    return ("noop", "") if match is None else (match["name"].lower(), match["data"] or "")


def _branches(text: str) -> tuple[str, str]:
    """Split ``App(a:b):Other(c)`` at the colon outside of all brackets."""
    depth = 0
    for index, character in enumerate(text):
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == ":" and depth <= 0:
            return text[:index], text[index + 1 :]
    return text, ""


def dial_targets(data: str) -> list[tuple[str, str | None]]:
    """Return device and number of each destination of Dial's arguments.

    ``PJSIP/8885551@carrier,20`` is ``PJSIP/carrier`` with 8885551, ``SIP/isp/0123`` is ``SIP/isp`` with 0123,
    ``PJSIP/1001`` has no number.
    """
    targets = []
    for destination in data.partition(",")[0].split("&"):
        technology, slash, rest = destination.strip().partition("/")
        if slash and rest:
            targets.append(_target(technology, rest))
    return targets


def _target(technology: str, rest: str) -> tuple[str, str | None]:
    number, at, peer = rest.partition("@")
    if technology == "Local":
        return f"Local/{rest.partition('/')[0]}", number or None
    if at:
        return f"{technology}/{peer.partition('/')[0]}", number_sent(number)
    peer, slash, number = rest.partition("/")
    return f"{technology}/{peer}", number_sent(number) if slash else None


def dialled_party(device: str, number: str | None) -> str:
    """Return whom a destination of Dial stands for: the number sent, or the device's own name."""
    return number or device.partition("/")[2]


def number_sent(dial_string: str) -> str | None:
    """Return the number in ``DialBegin``'s dial string: ``8885551@carrier``, ``carrier/8885551``, ``sip:8885551@host``."""
    text = dial_string.rpartition("/")[2]
    text = text.removeprefix("sip:").removeprefix("sips:").partition("@")[0]
    return text or None


def parse_leg_name(name: str) -> str:
    """Return the device that a leg's name belongs to: ``PJSIP/1001-0000000c`` is ``PJSIP/1001``."""
    device, dash, _ = name.rpartition("-")
    return device if dash else name


HELPER_TECHNOLOGIES: Final = frozenset(
    {
        "Local",
        "CBAnn",
        "CBRec",
        "Bridge",
        "Announcer",
        "Recorder",
        "Surrogate",
        "AsyncGoto",
        "Snoop",
        "Message",
        "Parking",
        "UnicastRTP",
        "MulticastRTP",
        "AudioSocket",
        "WebSocket",
        "OutgoingSpoolFailed",
        "Transfered",
        "Bridge-Holding",
    }
)


MEDIA_TECHNOLOGIES: Final = frozenset({"AudioSocket", "WebSocket"})
"""Legs to applications outside the PBX: who dials them is talked with by one, and calls nobody."""


def are_media(targets: Sequence[tuple[str, str | None]]) -> bool:
    """Tell whether all that is dialled are applications outside the PBX."""
    return bool(targets) and all(is_media(device) for device, _ in targets)


def is_media(name: str) -> bool:
    """Tell whether a leg or a device is an application outside the PBX."""
    return name.partition("/")[0] in MEDIA_TECHNOLOGIES


def is_helper(name: str) -> bool:
    """Tell whether a leg is Asterisk's own plumbing: no telephone and no trunk is at its end."""
    return name.partition("/")[0] in HELPER_TECHNOLOGIES or name.endswith("<ZOMBIE>")


def twin_name(name: str) -> str | None:
    """Return the name of a Local leg's other half."""
    if name.endswith(";1"):
        return name[:-1] + "2"
    return name[:-1] + "1" if name.endswith(";2") else None


def local_number(name: str) -> str | None:
    """Return the extension that a Local leg runs: ``Local/8002@from-internal-xfer-00000001;1`` runs 8002."""
    return name.partition("/")[2].partition("@")[0] or None


def recorded_file(argument: str) -> str | None:
    """Return the file that MixMonitor writes when it is given this name; None when it is given none.

    Of the kind ``wav49`` Asterisk itself makes files that end with ``.WAV`` (``build_filename`` in ``main/file.c``).
    """
    stem, dot, kind = argument.rpartition(".")
    return f"{stem}.WAV" if dot and kind == "wav49" else argument or None
