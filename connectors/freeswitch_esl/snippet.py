"""What a FreeSWITCH's own configuration needs for us, file by file.

A directory user with a list of what he may hear and do has less power than the event socket's own password, which may do
everything: run programs, stop the PBX.

Events are parted by blanks, commands by commas.

Source: FreeSWITCH 1.10's ``mod_event_socket.c`` (``userauth``, ``esl-allowed-*``) and its vanilla configuration.
"""

import re
from typing import Final

from connectors.freeswitch_esl.commands_rights import NEEDS
from connectors.freeswitch_esl.link import JOB
from connectors.freeswitch_esl.login import HEARTBEAT, Rights, subscription
from connectors.freeswitch_esl.mapping import WANTED
from gateway.model.errors import ConfigurationError

USER: Final = "tieline"
LISTS: Final = ("show", "callcenter_config")
"""Commands that only list what there is."""
ALSO: Final = ("uuid_recv_dtmf",)
OLDEST: Final = (1, 10)
_VERSION: Final = re.compile(r"(?:FreeSWITCH )?(?P<major>\d{1,3})(?:\.(?P<minor>\d{1,3}))?(?:[.\-~+].*)?$", re.IGNORECASE)

_HEAD: Final = """\
<!-- Put these into the files below /etc/freeswitch (FusionPBX: Advanced, XML Editor), then: fs_cli -x reloadxml -->

"""
_SOCKET: Final = """\
<!-- The event socket. After a change here: fs_cli -x 'reload mod_event_socket' -->
<configuration name="event_socket.conf" description="Socket Client">
  <settings>
    <!-- It knows no TLS: on another machine than the gateway's, listen at 127.0.0.1 and put a stunnel before it. -->
    <param name="listen-ip" value="127.0.0.1"/>
    <param name="listen-port" value="8021"/>
    <!-- Of fs_cli and other programs; the gateway logs in as the user below. Never leave it at ClueCon. -->
    <param name="password" value="CHANGE-ME-TO-SOMETHING-ELSE-LONG"/>
    <param name="apply-inbound-acl" value="tieline"/>
  </settings>
</configuration>
"""
_ACL: Final = """\
<!-- Who may connect: the gateway's address. Add the list to <network-lists>; then: fs_cli -x reloadacl -->
<list name="tieline" default="deny">
  <node type="allow" cidr="127.0.0.1/32"/>
</list>
"""
_DIRECTORY: Final = """\
<!-- The gateway's configuration: user: {user}@DOMAIN (fs_cli -x 'global_getvar domain' tells which), secret: this password. -->
<include>
  <user id="{user}">
    <params>
      <!-- Nobody registers a telephone with it. -->
      <param name="allow-register" value="false"/>
      <param name="esl-password" value="CHANGE-ME-TO-SOMETHING-LONG"/>
      <!-- What it may hear. -->
      <param name="esl-allowed-events" value="{events}"/>
      <!-- What it may do: list, place calls, listen in, hang up, hold, transfer, park, press keys, record, and the agents.
           To let it only listen: {lists} -->
      <param name="esl-allowed-api" value="{commands}"/>
      <param name="esl-allowed-log" value="false"/>
    </params>
  </user>
</include>
"""
_MODULES: Final = """\
<!-- Loaded with a usual installation; the second and third only where there are queues and parking lots. -->
<load module="mod_event_socket"/>
<load module="mod_callcenter"/>
<load module="mod_valet_parking"/>
"""
_DIALPLAN: Final = """\
<!-- Only where a program beside the gateway takes calls over (connectors/freeswitch_esl/outbound_server.py) and decides what
     happens to them. Behind the socket stands where they go when it is not there: without that they fail (480). -->
<include>
  <extension name="tieline">
    <condition field="destination_number" expression="^CHANGE-ME-TO-A-NUMBER$">
      <action application="set" data="hangup_after_bridge=true"/>
      <action application="set" data="socket_resume=true"/>
      <action application="socket" data="127.0.0.1:8084 async full"/>
      <action application="transfer" data="CHANGE-ME-TO-A-FALLBACK XML default"/>
    </condition>
  </extension>
</include>
"""


def snippet(version: str) -> str:
    """Return the lines for a FreeSWITCH of this version, or of any that we know when it is empty, file by file.

    Raises:
        ConfigurationError: It is no version, or one that is too old.
    """
    _check(version)
    return _HEAD + "\n".join(f"<!-- ===== {name} ===== -->\n{text}" for name, text in files().items())


def files() -> dict[str, str]:
    """Return the lines to add, by file name."""
    events, _ = subscription(WANTED | {HEARTBEAT, JOB}, Rights())
    commands = sorted({*LISTS, *ALSO, *NEEDS.values()})
    return {
        "autoload_configs/event_socket.conf.xml": _SOCKET,
        "autoload_configs/acl.conf.xml": _ACL,
        f"directory/default/{USER}.xml": _DIRECTORY.format(
            user=USER, events=events, commands=",".join(commands), lists=",".join(LISTS)
        ),
        "autoload_configs/modules.conf.xml": _MODULES,
        f"dialplan/public/{USER}.xml": _DIALPLAN,
    }


def _check(version: str) -> None:
    if not version:
        return
    found = _VERSION.match(version.strip())
    if found is None:
        raise ConfigurationError(f"{version!r} is no version of FreeSWITCH; `fs_cli -x version` says which yours is")
    if (int(found["major"]), int(found["minor"] or OLDEST[1])) < OLDEST:
        raise ConfigurationError(f"FreeSWITCH {version} is too old: 1.10 is the oldest that we know")
