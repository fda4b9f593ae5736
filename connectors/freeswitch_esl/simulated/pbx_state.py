"""What the simulated FreeSWITCH has: the legs and waiting callers that its events told of. Pure."""

from typing import Final

import msgspec

Fields = dict[str, str]

SUBCLASS: Final = "Event-Subclass"
_CREATED: Final = "Caller-Channel-Created-Time"
_SECOND_DIGITS: Final = 10
ROW: Final = {
    "uuid": "Unique-ID",
    "direction": "Call-Direction",
    "name": "Channel-Name",
    "state": "Channel-State",
    "cid_name": "Caller-Caller-ID-Name",
    "cid_num": "Caller-Caller-ID-Number",
    "dest": "Caller-Destination-Number",
    "context": "Caller-Context",
    "callee_name": "Caller-Callee-ID-Name",
    "callee_num": "Caller-Callee-ID-Number",
    "call_uuid": "Channel-Call-UUID",
}
_INITIAL: Final = {
    "initial_cid_name": "Caller-Caller-ID-Name",
    "initial_cid_num": "Caller-Caller-ID-Number",
    "initial_dest": "Caller-Destination-Number",
    "initial_context": "Caller-Context",
}
_MEMBERS: Final = (
    "queue|instance_id|uuid|session_uuid|cid_number|cid_name|system_epoch|joined_epoch|rejoined_epoch|bridge_epoch|"
    "abandoned_epoch|base_score|skill_score|serving_agent|serving_system|state|score"
)
_QUEUES: Final = "name|strategy|moh_sound"
_CALL_STATES: Final = {"answered": "ACTIVE", "ringing": "RINGING", "early": "EARLY"}


class PbxState:
    """Legs, bridges and queues."""

    def __init__(self) -> None:
        self.legs: dict[str, Fields] = {}
        """Rows of ``show channels``, by Unique-ID."""
        self.bridges: dict[str, str] = {}
        """The B leg of each A leg."""
        self.waiting: dict[str, tuple[str, int]] = {}
        """Queue and second of joining, by the caller's Unique-ID."""
        self.queues: dict[str, None] = {}
        self.registrations: dict[str, str] = {}
        """Who registered, by the Call-ID with which he did."""

    def hear(self, event: Fields) -> None:
        """Take note of what an event changes."""
        leg = event.get("Unique-ID", "")
        match event.get("Event-Name"):
            case "CHANNEL_CREATE":
                created = event.get(_CREATED, "")[:_SECOND_DIGITS]
                row = {name: event.get(key, "") for name, key in (ROW | _INITIAL).items()}
                self.legs[leg] = row | {"created_epoch": created, "callstate": "DOWN"}
            case "CHANNEL_HANGUP_COMPLETE":
                self.legs.pop(leg, None)
                self.waiting.pop(leg, None)
                self._part(leg)
            case "CHANNEL_BRIDGE":
                self.bridges[event.get("Bridge-A-Unique-ID", "")] = event.get("Bridge-B-Unique-ID", "")
            case "CHANNEL_UNBRIDGE":
                self._part(event.get("Bridge-A-Unique-ID", ""))
            case "CUSTOM" if event.get(SUBCLASS) == "callcenter::info":
                self._callcenter(event)
            case "CUSTOM" if event.get(SUBCLASS) == "sofia::register":
                self.registrations[event.get("call-id", "")] = event.get("from-user", "")
            case "CUSTOM" if event.get(SUBCLASS) == "sofia::unregister":
                self.registrations.pop(event.get("call-id", ""), None)
            case _:
                pass
        if leg in self.legs:
            self.legs[leg] |= {name: event[key] for name, key in ROW.items() if key in event}
            state = _CALL_STATES.get(event.get("Answer-State", ""))
            if state is not None:
                self.legs[leg]["callstate"] = state

    def _part(self, leg: str) -> None:
        self.bridges = {first: second for first, second in self.bridges.items() if leg not in (first, second)}

    def _callcenter(self, event: Fields) -> None:
        caller, queue = event.get("CC-Member-Session-UUID", ""), event.get("CC-Queue", "")
        if queue:
            self.queues.setdefault(queue)
        match event.get("CC-Action"):
            case "member-queue-start":
                self.waiting[caller] = (queue, int(event.get("Event-Date-Timestamp", "0")[:_SECOND_DIGITS] or 0))
            case "bridge-agent-start" | "member-queue-end":
                self.waiting.pop(caller, None)
            case _:
                pass

    def answer(self, command: str) -> str:
        """Return what an ``api`` command prints."""
        words = command.split()
        match words:
            case ["show", "channels", "as", "json"]:
                return _json(list(self.legs.values()))
            case ["show", "calls", "as", "json"]:
                return _json(self._calls())
            case ["callcenter_config", "queue", "list"]:
                return "\n".join([_QUEUES, *(f"{queue}|longest-idle-agent|" for queue in self.queues), "+OK\n"])
            case ["show", "registrations", "as", "json"]:
                return _json([{"reg_user": user, "token": token} for token, user in self.registrations.items()])
            case ["callcenter_config", "queue", "list", "members", queue]:
                return "\n".join([_MEMBERS, *self._members(queue), "+OK\n"])
            case ["status"]:
                return "UP 0 years, 0 days, 0 hours, 1 minute\nFreeSWITCH (Version 1.10.12-release  64bit) is ready\n"
            case ["uuid_exists", leg]:
                return "true" if leg in self.legs else "false"
            case [name, *_] if name.startswith(("uuid_", "callcenter_config", "hupall")):
                return "-ERR this simulated FreeSWITCH does not do that\n"
            case _:
                return f"-ERR {command} Command not found!\n"

    def _calls(self) -> list[Fields]:
        called = set(self.bridges.values())
        rows = []
        for leg, row in self.legs.items():
            if leg in called:
                continue
            other = self.legs.get(self.bridges.get(leg, ""), {})
            rows.append(row | {f"b_{name}": other.get(name, "") for name in (*ROW, "created_epoch", "callstate")})
        return rows

    def _members(self, queue: str) -> list[str]:
        lines = []
        for caller, (waited_for, joined) in self.waiting.items():
            if waited_for == queue:
                number = self.legs.get(caller, {}).get("cid_num", "")
                lines.append(f"{queue}|single_box||{caller}|{number}||{joined}|{joined}|0|0|0|0|0|||Waiting|1")
        return lines


def _json(rows: list[Fields]) -> str:
    if not rows:
        return '{"row_count": 0}\n'
    return '{"row_count":' + str(len(rows)) + ',"rows":' + msgspec.json.encode(rows).decode() + "}"
