"""What an Asterisk's own configuration needs for us, as lines to add to its files.

Two legs make the music for those on hold: a Local leg that runs MusicOnHold itself passes nothing on to a ChanSpy at its other
end, because Asterisk drops what one generator plays to another (``ast_unreal_queue_frame``).

Source: Asterisk's ``manager.conf.sample``, ``queues.conf.sample``, ``cdr.conf.sample``; the filter of one event by
name came with 20.10, 21.5 and 22.0 (UPGRADE.txt). A test installs these lines in real ones.
"""

import re
from typing import Final

from gateway.model.errors import ConfigurationError

OLDEST_MAJOR: Final = 16
NEWEST_MAJOR: Final = 22
FILTER_BY_NAME_SINCE: Final = {20: 10, 21: 5}
"""The minor version of each older branch from which an event filter may name the event; 22 and newer always may."""
NOISE: Final = (
    "VarSet",
    "CEL",
    "TestEvent",
    "RTCPSent",
    "RTCPReceived",
    "NewConnectedLine",
    "ChannelTalkingStart",
    "ChannelTalkingStop",
)
"""Events that nobody here reads; on a busy PBX they are two thirds of all bytes. Newexten is none of them: it shows the menus."""
USER: Final = "tieline"

_VERSION: Final = re.compile(r"(?:Asterisk )?(?:certified[/-])?(?P<major>\d+)(?:\.(?P<minor>\d+))?(?:[.\-~+].*)?$", re.IGNORECASE)

_HEAD: Final = """\
; Add these lines to the files in /etc/asterisk. (+) adds to a section that a usual installation has; where yours lacks the
; section, leave the (+) out.

"""
_MANAGER: Final = """\
; Lets Tieline listen, and do what its own users are allowed to.
[general](+)
enabled = yes
; The time of each event, by the PBX's own clock.
timestampevents = yes
; On another machine than the gateway's, only with TLS:
;tlsenable = yes
;tlsbindaddr = 0.0.0.0:5039
;tlscertfile = /etc/asterisk/keys/ami.pem      ; certificate and private key in one file

[{user}]
; Change it; the gateway's configuration names the same one.
secret = CHANGE-ME-TO-SOMETHING-LONG
deny = 0.0.0.0/0.0.0.0
; The gateway's address.
permit = 127.0.0.1/255.255.255.255
; What it may hear: calls, queues, menus and digits, call detail records, restarts.
read = system,call,agent,dialplan,dtmf,cdr
; What it may do: list what there is (reporting); place calls, listen in and play music to those on hold (originate); hang up,
; hold, transfer, park, press keys (call); log queue members in and out, pause them (agent).
; To let it only listen: write = reporting
write = reporting,originate,call,agent
; To start recordings, and to set do-not-disturb and forwards, Asterisk wants class system too. Whoever knows this secret could
; then run programs on the PBX: add it only with TLS, or on the same machine.
;write = reporting,originate,call,agent,system
writetimeout = 1000
; What nobody reads never leaves the PBX.
{filters}
"""

_QUEUES: Final = """\
; Asterisk 12 and newer tell of queues by themselves. What helps is in the members' own lines:
;   member => INTERFACE,PENALTY,NAME,STATE INTERFACE
; A name says who it is; behind Local/ the state interface says which telephone it is, so that its state is known:
;   member => PJSIP/1001,0,Ana Silva,PJSIP/1001
;   member => Local/1002@from-queue/n,0,Wang Fang,hint:1002@internal
[general](+)
; Agents who logged in stay so when the PBX restarts.
persistentmembers = yes
"""

_EXTENSIONS: Final = """\
; What those on hold hear (FreePBX: in extensions_custom.conf); `hold_context: tieline-hold` in the gateway's configuration.
[tieline-hold]
exten => s,1,Answer()
 same => n,Dial(Local/music@tieline-hold/n)
exten => music,1,Answer()
 same => n,MusicOnHold()
"""

_FEATURES: Final = """\
; Consulting before a transfer presses this code for the agent: the Dial or Queue of the call needs option t, and T for calls that
; agents make. Take the comment sign away where [featuremap] has no atxfer yet.
[featuremap](+)
;atxfer = *2
"""

_CDR: Final = """\
; Call detail records tell how calls ended while nobody listened.
[general](+)
enable = yes
unanswered = yes
; At once, not every five minutes.
batch = no

[csv](+)
; The leg's id in Master.csv: without it no row can be told apart.
loguniqueid = yes
usegmtime = yes
"""

_CDR_MANAGER: Final = """\
; The same records as events.
[general](+)
enabled = yes
"""


def snippet(version: str) -> str:
    """Return the lines for an Asterisk of this version, or of the newest that we know when it is empty, file by file.

    Raises:
        ConfigurationError: It is no version, or one that is too old.
    """
    parts = [f"; ===== {name} =====\n{text}" for name, text in files(version).items()]
    return _HEAD + "\n".join(parts) + "\n; Then: asterisk -rx 'core reload'\n"


def files(version: str) -> dict[str, str]:
    """Return the lines to add, by file name.

    Raises:
        ConfigurationError: It is no version, or one that is too old.
    """
    major, minor = _parse(version)
    by_name = major >= 22 or minor >= FILTER_BY_NAME_SINCE.get(major, 1000)
    line = "eventfilter(action(exclude),name({})) =" if by_name else "eventfilter = !Event: {}"
    filters = "\n".join(line.format(name) for name in NOISE)
    return {
        "manager.conf": _MANAGER.format(user=USER, filters=filters),
        "extensions.conf": _EXTENSIONS,
        "features.conf": _FEATURES,
        "queues.conf": _QUEUES,
        "cdr.conf": _CDR,
        "cdr_manager.conf": _CDR_MANAGER,
    }


def _parse(version: str) -> tuple[int, int]:
    if not version:
        return NEWEST_MAJOR, 0
    found = _VERSION.match(version.strip())
    if found is None:
        raise ConfigurationError(f"{version!r} is no version of Asterisk; `asterisk -rx 'core show version'` says which yours is")
    major = int(found["major"])
    if major < OLDEST_MAJOR:
        raise ConfigurationError(f"Asterisk {version} is too old: {OLDEST_MAJOR} is the oldest that we know")
    # A branch without its minor version may be the branch's oldest.
    return major, int(found["minor"] or 0)
