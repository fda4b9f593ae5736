"""What a FreeSWITCH's own configuration needs to bring its calls' voice, as lines to add to its files.

Source: FreeSWITCH's ``mod_event_socket.c``, ``switch_ivr.c`` and ``switch_core_media.c``, 1.10.
"""

import re
from typing import Final

from gateway.model.errors import ConfigurationError

OLDEST: Final = (1, 10)
_VERSION: Final = re.compile(r"(?:FreeSWITCH )?(?P<major>\d{1,3})(?:\.(?P<minor>\d{1,3}))?(?:[.\-~+].*)?$", re.IGNORECASE)

_TEXT: Final = """\
<!-- dialplan/default/tieline-voice.xml: put it below /etc/freeswitch (FusionPBX: Dialplan Manager), then: fs_cli -x reloadxml
     Under `media:` of our configuration:
       - {pbx: NAME, plugin: freeswitch_media, application: line_test}
     NAME is that of this FreeSWITCH under `connectors:`; by its event socket callers are transferred and hung up. -->
<include>
  <extension name="tieline-voice">
    <condition field="destination_number" expression="^CHANGE-ME-TO-A-NUMBER$">
      <!-- The sound comes at the rate of the caller's codec, and we take 8 kHz. This holds where the SIP profile has
           inbound-late-negotiation; elsewhere write the same into its inbound-codec-prefs. -->
      <action application="set" data="absolute_codec_string=PCMA,PCMU"/>
      <action application="answer"/>
      <!-- With it FreeSWITCH would send silence of its own between our frames. -->
      <action application="unset" data="send_silence_when_idle"/>
      <!-- Our address and `port`. Nothing of it is encrypted. `full` would allow more than we need. -->
      <action application="socket" data="127.0.0.1:8471 async"/>
      <!-- Here a caller arrives whom the application is done with, or whom nobody listened to. -->
      <action application="hangup"/>
    </condition>
  </extension>
</include>
"""


def snippet(version: str) -> str:
    """Return the lines for a FreeSWITCH of this version, or of the newest that we know when it is empty.

    Raises:
        ConfigurationError: It is no version, or one that is too old.
    """
    found = _VERSION.match(version.strip() or "1.10")
    if found is None:
        raise ConfigurationError(f"{version!r} is no version of FreeSWITCH; `fs_cli -x version` says which yours is")
    if (int(found["major"]), int(found["minor"] or 1000)) < OLDEST:
        raise ConfigurationError(f"FreeSWITCH {version} is older than {OLDEST[0]}.{OLDEST[1]}, whose source this is written by")
    return _TEXT
