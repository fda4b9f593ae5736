"""What an Asterisk's own configuration needs to bring its calls' voice, as lines to add to its files. A test calls through them.

Source: Asterisk's ``extensions.conf.sample`` and ``websocket_client.conf.sample``.
"""

import re
from typing import Final

from gateway.model.errors import ConfigurationError

OLDEST_MAJOR: Final = 18
"""The first release with ``AudioSocket()``."""
WEBSOCKET_SINCE: Final = {20: 16, 21: 11, 22: 6}
"""The minor version of each branch from which its WebSocket channel calls us; 23 and newer always do."""

_VERSION: Final = re.compile(r"(?:Asterisk )?(?:certified[/-])?(?P<major>\d+)(?:\.(?P<minor>\d+))?(?:[.\-~+].*)?$", re.IGNORECASE)

_HEAD: Final = """\
; Add these lines to the files in /etc/asterisk. Each way needs only its own lines; AudioSocket is in every Asterisk since 18,
; the WebSocket channel brings TLS and bridges short delays of the network. Under `media:` of our configuration:
;   - {pbx: NAME, plugin: asterisk_media, application: line_test, audiosocket: {}, chan_websocket: {}}
; NAME is that of this Asterisk under `connectors:`; by its manager interface callers are transferred and hung up.

"""
_EXTENSIONS: Final = """\
; Goto(tieline-voice,s,1) lets an application of Tieline talk with the caller; with WebSocket Goto(tieline-websocket,s,1).
[tieline-voice]
exten => s,1,Answer()
; Which call it is: AudioSocket takes nothing but a UUID.
 same => n,Set(VOICE=${MD5(${UNIQUEID})})
; Our address and `audiosocket.port`.
 same => n,AudioSocket(${VOICE:0:8}-${VOICE:8:4}-${VOICE:12:4}-${VOICE:16:4}-${VOICE:20},127.0.0.1:9092)
; Here a caller arrives whom the application is done with, or whom nobody listened to.
 same => n,Hangup()
"""
_EXTENSIONS_WEBSOCKET: Final = """\
[tieline-websocket]
exten => s,1,Answer()
 same => n,Dial(WebSocket/tieline/c(slin)v(leg=${UNIQUEID},astray=${TIELINE_ASTRAY}),,g)
 same => n,Hangup()
"""
_WEBSOCKET_CLIENT: Final = """\
[tieline]
type = websocket_client
connection_type = per_call_config
; Our address and `chan_websocket.port`; with `certificate` there, wss:// and tls_enabled = yes here.
uri = ws://127.0.0.1:9093/media
protocols = media
username = tieline
; Change it, and name the same one as `chan_websocket.password`.
password = CHANGE-ME-TO-SOMETHING-LONG
"""


def snippet(version: str) -> str:
    """Return the lines for an Asterisk of this version, or of the newest that we know when it is empty, file by file.

    Raises:
        ConfigurationError: It is no version, or one that is too old.
    """
    parts = [f"; ===== {name} =====\n{text}" for name, text in files(version).items()]
    return _HEAD + "\n".join(parts) + "\n; Then: asterisk -rx 'core reload'\n"


def files(version: str) -> dict[str, str]:
    """Return the lines to add, by file name; those of the WebSocket channel where the version has it.

    Raises:
        ConfigurationError: It is no version, or one that is too old.
    """
    found = _VERSION.match(version.strip() or "22.6")
    if found is None:
        raise ConfigurationError(f"{version!r} is no version of Asterisk; `asterisk -rx 'core show version'` says which yours is")
    # A branch without its minor version may be the branch's newest: who has an older one sees that the module is missing.
    major, minor = int(found["major"]), int(found["minor"] or 1000)
    if major < OLDEST_MAJOR:
        raise ConfigurationError(f"Asterisk {version} brings no voice: AudioSocket came with {OLDEST_MAJOR}")
    if major < 23 and minor < WEBSOCKET_SINCE.get(major, 1_001):
        return {"extensions.conf": _EXTENSIONS}
    return {"extensions.conf": _EXTENSIONS + _EXTENSIONS_WEBSOCKET, "websocket_client.conf": _WEBSOCKET_CLIENT}
