"""What is live in the simulated PBX right now: told by the events that it has sent, as a snapshot must tell it again."""

import re
from collections.abc import Mapping

Fields = dict[str, str]

_RING = "4"
"""The state of a leg on which somebody calls the PBX."""
_STATES = {"NOT_INUSE": "1", "INUSE": "2", "BUSY": "3", "UNAVAILABLE": "5", "RINGING": "6", "RINGINUSE": "7", "ONHOLD": "8"}


def fields_of(frame: bytes) -> Fields:
    """Return the headers of one event, the first of each name."""
    fields: Fields = {}
    for line in frame.decode("utf-8", "replace").split("\r\n"):
        key, colon, value = line.partition(": ")
        if colon:
            fields.setdefault(key, value)
    return fields


class PbxState:
    """Legs, bridges, queues and devices."""

    def __init__(self) -> None:
        self.legs: dict[str, Fields] = {}
        self.bridges: dict[str, Fields] = {}
        self.members: dict[tuple[str, str], Fields] = {}
        """By queue and interface."""
        self.entries: dict[str, Fields] = {}
        """Callers who wait, by leg."""
        self.devices: dict[str, str] = {}
        self._began: dict[str, float] = {}

    def hear(self, frame: bytes, at: float) -> None:
        """Take in an event that is sent at ``at`` (seconds since the epoch)."""
        fields = fields_of(frame)
        leg = fields.get("Uniqueid", "")
        match fields.get("Event"):
            case "Newchannel":
                self.legs[leg] = {**fields, "DNID": fields.get("Exten", "") if fields.get("ChannelState") == _RING else ""}
                self._began[leg] = at
            case "Newstate" | "NewCallerid" | "NewConnectedLine" | "Newexten" if leg in self.legs:
                self.legs[leg].update(fields)
            case "Hangup":
                self._forget(leg)
            case "BridgeCreate":
                self.bridges[fields["BridgeUniqueid"]] = fields
            case "BridgeDestroy":
                self.bridges.pop(fields["BridgeUniqueid"], None)
            case "BridgeEnter" if leg in self.legs:
                self.bridges.setdefault(fields["BridgeUniqueid"], fields)
                self.legs[leg].update(fields, BridgeId=fields["BridgeUniqueid"])
            case "BridgeLeave" if leg in self.legs:
                self.legs[leg]["BridgeId"] = ""
            case "QueueCallerJoin":
                self.entries[leg] = fields
                self._began.setdefault("queue " + leg, at)
            case "QueueCallerLeave":
                self._leave_queue(leg)
            case "QueueMemberStatus" | "QueueMemberPause":
                self.members[fields["Queue"], fields["Interface"]] = fields
            case "DeviceStateChange":
                self.devices[fields["Device"]] = fields["State"]
            case _:
                pass

    def with_break(self, frame: bytes) -> bytes:
        """Return what a recording says of a queue's member as it is now: of his break the recording knows nothing."""
        if not frame.startswith(b"Event: QueueMemberStatus\r\n"):
            return frame
        fields = fields_of(frame)
        member = self.members.get((fields["Queue"], fields["Interface"]), {})
        if member.get("Paused") != "1":
            return frame
        reason = b"\r\nPausedReason: " + member.get("PausedReason", "").encode()
        return re.sub(rb"\r\nPausedReason: [^\r]*", lambda _: reason, frame.replace(b"\r\nPaused: 0\r\n", b"\r\nPaused: 1\r\n"))

    def rests(self, extensions: str) -> bool:
        """Tell whether a desk whose extension begins so is on a break."""
        return any(
            member.get("Paused") == "1" and re.match(rf"\w+/{extensions}", interface)
            for (_, interface), member in self.members.items()
        )

    def _forget(self, leg: str) -> None:
        self.legs.pop(leg, None)
        self._began.pop(leg, None)
        self._leave_queue(leg)

    def _leave_queue(self, leg: str) -> None:
        self.entries.pop(leg, None)
        self._began.pop("queue " + leg, None)

    def channels(self, now: float) -> list[Fields]:
        """Return the items of CoreShowChannels."""
        return [self._channel(leg, now) for leg in self.legs.values()]

    def _channel(self, leg: Mapping[str, str], now: float) -> Fields:
        copied = (
            "ChannelStateDesc",
            "CallerIDNum",
            "CallerIDName",
            "ConnectedLineNum",
            "ConnectedLineName",
            "Language",
            "AccountCode",
        )
        minutes, seconds = divmod(int(now - self._began[leg["Uniqueid"]]), 60)
        return {
            "Channel": leg["Channel"],
            "ChannelState": leg["ChannelState"],
            **{key: leg.get(key, "") for key in copied},
            "Context": leg.get("Context", ""),
            "Exten": leg.get("Exten", ""),
            "Priority": leg.get("Priority", "1"),
            "Uniqueid": leg["Uniqueid"],
            "Linkedid": leg.get("Linkedid", leg["Uniqueid"]),
            "Application": leg.get("Application", ""),
            "ApplicationData": leg.get("AppData", ""),
            "Duration": f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}",
            "BridgeId": leg.get("BridgeId", ""),
        }

    def statuses(self, now: float) -> list[Fields]:
        """Return the items of Status, which lists the same legs with what they dialled."""
        return [self._status(leg, now) for leg in self.legs.values()]

    def _status(self, leg: Mapping[str, str], now: float) -> Fields:
        listed = self._channel(leg, now)
        seconds = int(now - self._began[leg["Uniqueid"]])
        del listed["Duration"], listed["BridgeId"], listed["ApplicationData"]
        data, bridge = leg.get("AppData", ""), leg.get("BridgeId", "")
        return {**listed, "DNID": leg["DNID"], "BridgeID": bridge, "Data": data, "Seconds": str(seconds)}

    def bridge_list(self) -> list[Fields]:
        """Return the items of BridgeList."""
        copied = ("BridgeUniqueid", "BridgeType", "BridgeTechnology", "BridgeCreator", "BridgeName")
        return [
            {**{key: bridge.get(key, "") for key in copied}, "BridgeNumChannels": str(len(self.bridge_legs(unique_id)))}
            for unique_id, bridge in self.bridges.items()
        ]

    def bridge_legs(self, bridge: str) -> list[Fields]:
        """Return the legs that are in a bridge."""
        return [leg for leg in self.legs.values() if leg.get("BridgeId") == bridge]

    def queue_status(self, now: float) -> list[tuple[str, Fields]]:
        """Return the items of QueueStatus: event name and headers."""
        items: list[tuple[str, Fields]] = []
        for queue in sorted({queue for queue, _ in self.members}):
            waiting = [entry for entry in self.entries.values() if entry["Queue"] == queue]
            items.append(("QueueParams", {"Queue": queue, "Max": "0", "Strategy": "rrmemory", "Calls": str(len(waiting))}))
            for (of, interface), member in self.members.items():
                if of == queue:
                    items.append(("QueueMember", self._member(interface, member)))
            for position, entry in enumerate(waiting, 1):
                items.append(("QueueEntry", self._entry(position, entry, now)))
        return items

    def _member(self, interface: str, member: Mapping[str, str]) -> Fields:
        state = self.devices.get(member.get("StateInterface", interface), "")
        copied = ("StateInterface", "Membership", "Penalty", "CallsTaken", "LastCall", "InCall", "Paused", "PausedReason")
        return {
            "Queue": member["Queue"],
            "Name": member.get("MemberName", interface),
            "Location": interface,
            **{key: member.get(key, "") for key in copied},
            "Status": _STATES.get(state, member.get("Status", "1")),
        }

    def _entry(self, position: int, entry: Mapping[str, str], now: float) -> Fields:
        copied = ("Queue", "Channel", "Uniqueid", "CallerIDNum", "CallerIDName", "ConnectedLineNum", "ConnectedLineName")
        waited_s = int(now - self._began["queue " + entry["Uniqueid"]])
        return {"Position": str(position), **{key: entry.get(key, "") for key in copied}, "Wait": str(waited_s), "Priority": "0"}
