"""An Asterisk whose messages a test writes one by one, and what the mapping makes of them."""

from typing import Self

from support.building import SITE, START

from connectors.asterisk_ami.mapping import AmiMapper
from connectors.asterisk_ami.protocol import AmiDecoder, AmiMessage
from gateway.model.events import PbxEvent
from gateway.model.site import Site


def ami(name: str, /, **headers: str) -> AmiMessage:
    """Return an event as it comes off the wire."""
    lines = [f"Event: {name}", *(f"{key}: {value}" for key, value in headers.items())]
    (message,) = AmiDecoder().receive_data("\r\n".join([*lines, "", ""]).encode())
    return message


class SpeakingAsterisk:
    """Its legs are named by their Uniqueid; a test says only what matters to it."""

    def __init__(self, site: Site = SITE) -> None:
        self.mapper = AmiMapper(site)
        self.now = START
        self._names: dict[str, str] = {}

    def later(self, seconds: float) -> Self:
        self.now += seconds
        return self

    def says(self, name: str, leg: str = "", /, **headers: str) -> list[PbxEvent]:
        """Say an event, of a leg that exists where one is named; return what it means."""
        if leg:
            headers = {"Uniqueid": leg, "Channel": self._names.get(leg, f"PJSIP/{leg}-00000001"), **headers}
        return self.mapper.receive(ami(name, **headers), self.now)

    def has(self, leg: str, name: str = "", **headers: str) -> list[PbxEvent]:
        """A leg comes into being, by default the customer's on a trunk."""
        self._names[leg] = name = name or "PJSIP/carrier-00000001"
        there = {"Linkedid": leg, "ChannelState": "4", "CallerIDNum": "01062551234", "CallerIDName": "Chen"}
        where = {"Context": "from-trunk", "Exten": "4001", "Priority": "1"}
        return self.says("Newchannel", leg, **(there | where | headers))

    def runs(self, leg: str, application: str, data: str = "", where: str = "from-trunk,4001,1", **more: str) -> list[PbxEvent]:
        """The dial plan runs an application at ``context,extension,priority``."""
        context, extension, priority = where.split(",")
        place = {"Context": context, "Extension": extension, "Priority": priority}
        return self.says("Newexten", leg, **(place | {"Application": application, "AppData": data} | more))
