"""What a FreeSWITCH might say, event by event, and what the mapper and the board make of it."""

from typing import Any, Final, Self

from connectors.freeswitch_esl.mapping import EslMapper
from connectors.freeswitch_esl.protocol.commands import EslCommandDecoder
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.protocol.frames import encode_event, encode_frame
from gateway.model.board import Board
from gateway.model.events import PbxEvent
from gateway.model.ids import PbxName
from gateway.model.record import record_of
from gateway.model.site import Site

SITE: Final = Site(region="CN", extensions=r"^1\d{3}$", trunks=("sofia/gateway/carrier",))
BEGAN_AT: Final = 1_795_000_000.0
PBX: Final = PbxName("fs1")


class Script:
    """One FreeSWITCH's events, in order; time goes on where a test says so."""

    def __init__(self, site: Site = SITE) -> None:
        self.site = site
        self.now = BEGAN_AT
        self.mapper = EslMapper(site)
        self.events: list[PbxEvent] = [*self.mapper.connection_made(self.now)]
        self._legs: dict[str, dict[str, str]] = {}

    def later(self, seconds: float) -> Self:
        self.now += seconds
        return self

    def says(self, name: str, leg: str = "", **fields: str) -> Self:
        """Let it say an event; ``__`` in a field's name stands for ``-`` and a leg's own headers are added."""
        own = self._legs.get(leg, {})
        given = {key.replace("__", "-"): value for key, value in fields.items()}
        stamp = str(round(self.now * 1_000_000))
        base, _, subclass = name.partition(" ")
        headers = {"Event-Name": base, "Event-Date-Timestamp": stamp, **own, **given}
        if subclass:
            headers["Event-Subclass"] = subclass
        (_, message) = EslDecoder().receive_data(b"Content-Type: auth/request\n\n" + encode_event(list(headers.items())))
        self.events += self.mapper.receive(message, self.now)
        return self

    def comes_in(self, leg: str = "a", caller: str = "13800138000", dialled: str = "1001", **fields: str) -> Self:
        self._legs[leg] = {
            "Unique-ID": leg,
            "Channel-Name": f"sofia/external/{caller}@192.0.2.9",
            "Call-Direction": "inbound",
            "Caller-Caller-ID-Number": caller,
            "Caller-Caller-ID-Name": caller,
            "Caller-Destination-Number": dialled,
            "Caller-Context": "public",
            "Channel-Call-UUID": leg,
            "variable_sip_gateway_name": "carrier",
        } | {key.replace("__", "-"): value for key, value in fields.items()}
        return self.says("CHANNEL_CREATE", leg)

    def dials(self, leg: str = "b", number: str = "1001", by: str = "a", **fields: str) -> Self:
        self._legs[leg] = {
            "Unique-ID": leg,
            "Channel-Name": f"sofia/internal/{number}@192.0.2.{len(self._legs) + 10}",
            "Call-Direction": "outbound",
            "Caller-Caller-ID-Number": "13800138000",
            "Caller-Destination-Number": number,
            "Caller-Context": "default",
            "Channel-Call-UUID": by or leg,
        } | {key.replace("__", "-"): value for key, value in fields.items()}
        if by:
            self._legs[leg]["variable_originator"] = by
        return self.says("CHANNEL_CREATE", leg).says("CHANNEL_PROGRESS", leg)

    def answers(self, *legs: str) -> Self:
        for leg in legs:
            self.says("CHANNEL_ANSWER", leg)
        return self

    def bridges(self, first: str = "a", second: str = "b") -> Self:
        return self.says("CHANNEL_BRIDGE", first, Bridge__A__Unique__ID=first, Bridge__B__Unique__ID=second)

    def unbridges(self, first: str = "a", second: str = "b", **fields: str) -> Self:
        return self.says("CHANNEL_UNBRIDGE", first, Bridge__A__Unique__ID=first, Bridge__B__Unique__ID=second, **fields)

    def hangs_up(self, leg: str, cause: str = "NORMAL_CLEARING", *, itself: bool = False, **fields: str) -> Self:
        given = {"Hangup__Cause": cause, **fields}
        if itself:
            given |= {"variable_sip_term_status": "200", "variable_sip_hangup_disposition": "recv_bye"}
        return self.says("CHANNEL_HANGUP", leg, **given).says("CHANNEL_HANGUP_COMPLETE", leg, **given)

    def lists(self, command: str, text: str) -> Self:
        """Let it answer an ``api`` command."""
        (asked,) = EslCommandDecoder().receive_data(f"api {command}\n\n".encode())
        self.events += self.mapper.sent(asked, self.now)
        (message,) = EslDecoder().receive_data(encode_frame("api/response", text))
        self.events += self.mapper.receive(message, self.now)
        return self

    def sends(self, command: str, job: str) -> Self:
        """Let us send a command that runs in the background."""
        (sent,) = EslCommandDecoder().receive_data(f"bgapi {command}\nJob-UUID: {job}\n\n".encode())
        self.events += self.mapper.sent(sent, self.now)
        return self

    def named(self, *kinds: type[PbxEvent]) -> list[PbxEvent]:
        return [event for event in self.events if isinstance(event, kinds)]

    def records(self) -> list[dict[str, Any]]:
        """Return the records of all calls that were not folded into another, by their beginning."""
        board = Board(PBX, self.site)
        calls = {call.call_id: call for event in self.events for call in board.apply(event).calls}
        kept = sorted((call for call in calls.values() if call.merged_into is None), key=lambda call: call.began_at)
        return [record_of(call, self.site) for call in kept]

    def record(self) -> dict[str, Any]:
        (record,) = self.records()
        return record


def talking() -> Script:
    """A caller talks to 1001."""
    script = Script().comes_in().later(0.1).dials().later(2.0).answers("b", "a").bridges()
    return script.later(3.0)
