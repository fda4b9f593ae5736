"""What the simulated FreeSWITCH does when it is told to: calls begin, are held, handed over, parked and end, and it says so.

Every number is answered after a moment, but for extensions without a telephone. Who dials the number of a parking slot that is
taken talks to whom is parked there.

Source: captures of 1.10.12 (originate_*, uuid_kill, hold_uuid_hold, blind_transfer_uuid_transfer); for what none of them shows,
FreeSWITCH's ``mod_dptools.c`` (``att_xfer``) and ``mod_valet_parking.c``.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Final
from uuid import UUID

import msgspec

from connectors.freeswitch_esl.mapping.agents import CONFIG
from connectors.freeswitch_esl.simulated.call_center import CallCenter
from connectors.freeswitch_esl.simulated.pbx_state import ROW, Fields, PbxState

Headers = list[tuple[str, str]]

OK: Final = "+OK\n"
NO_CHANNEL: Final = "-ERR No such channel!\n"
USAGE: Final = "-USAGE\n"
TELEPHONES: Final = frozenset(str(extension) for extension in range(1001, 1006))
ANSWERED_AFTER_S: Final = 0.2
_EXTENSION: Final = re.compile(r"1\d{3}")
_ORIGINATE: Final = re.compile(
    r"(?:\{(?P<variables>[^}]*)\})?(?P<dial>\S+) (?P<what>&\w+(?:\([^)]*\))?|\S+)(?: XML (?P<context>\S+))?"
)
_ATT_XFER: Final = "att_xfer"
_VALET: Final = "valet_park"
_AUTO: Final = re.compile(r"auto in (?P<first>\d{1,9}) (?P<last>\d{1,9})")
_UUID_BITS: Final = 128
_MICROSECONDS: Final = 1_000_000


class Consultation(msgspec.Struct):
    """Somebody calls a third one while whom he talks to is held."""

    target: str
    """The leg that he calls."""
    pair: tuple[str, str] | None
    """The bridge that he left, which FreeSWITCH tells no end of."""
    answered: bool = False


class Switch:
    """The part of a simulated FreeSWITCH that acts.

    Args:
        state: What there is; it hears everything that is said.
        say: Says an event.
        begin: Runs something beside.
        clock: Seconds since the epoch.
        random: For ids.
    """

    def __init__(
        self,
        state: PbxState,
        say: Callable[[Headers], None],
        begin: Callable[["asyncio._CoroutineLike[None]"], None],
        clock: Callable[[], float],
        random: Random,
    ) -> None:
        self.telephones = TELEPHONES
        self._state = state
        self._say = say
        self._begin = begin
        self._clock = clock
        self._random = random
        self.center = CallCenter(self._custom, clock)
        self._consultations: dict[str, Consultation] = {}
        """By the leg of who consults."""
        self._parked: dict[str, tuple[str, str]] = {}
        """The leg and the lot of each parking slot."""
        self._commands: dict[str, Callable[[list[str]], str]] = {
            "uuid_kill": self._kill,
            "uuid_hold": self._hold,
            "uuid_transfer": self._transfer,
            "uuid_broadcast": self._broadcast,
            "uuid_record": self._record,
            "uuid_send_dtmf": self._press,
            "uuid_recv_dtmf": self._press,
            "callcenter_config": self.center.obey,
        }

    def obey(self, command: str) -> str | None:
        """Do what an ``api`` command says and return what it prints; None when it is no command that does something."""
        name, _, argument = command.partition(" ")
        handler = self._commands.get(name)
        if handler is None or command.startswith("callcenter_config queue"):
            return None
        told = {"Event-Name": "API", "Event-Date-Timestamp": self._now(), "API-Command": name, "API-Command-Argument": argument}
        # What a command does to legs goes on beside it, and is mostly told afterwards.
        if name != CONFIG:
            self._say(list(told.items()))
        printed = handler(_words(argument))
        if name == CONFIG:
            self._say(list(told.items()))
        return printed

    async def originate(self, argument: str) -> str:
        """Call a telephone, and let its leg run an application or the dial plan; return at its answer. Cancelling is safe."""
        found = _ORIGINATE.fullmatch(argument)
        if found is None:
            return USAGE
        variables = dict(each.partition("=")[::2] for each in (found["variables"] or "").split(","))
        number = _user(found["dial"])
        shown = variables.get("origination_caller_id_number", "0000000000")
        leg = variables.get("origination_uuid") or self._id()
        if leg in self._state.legs:
            return "-ERR CHAN_NOT_IMPLEMENTED\n"
        if not self._call(leg, number, shown, leg, found["context"] or "default"):
            return "-ERR USER_NOT_REGISTERED\n"
        await asyncio.sleep(ANSWERED_AFTER_S)
        if leg not in self._state.legs:
            return "-ERR ORIGINATOR_CANCEL\n"
        self._tell("CHANNEL_ANSWER", leg, {"Answer-State": "answered"})
        if found["what"].startswith("&"):
            application, _, data = found["what"][1:].partition("(")
            self._tell("CHANNEL_EXECUTE", leg, {"Application": application, "Application-Data": data.removesuffix(")")})
        else:
            self._begin(self._connect(leg, found["what"], variables.get("effective_caller_id_number", number)))
        return f"+OK {leg}\n"

    def _call(self, leg: str, number: str, shown: str, call: str, context: str) -> bool:
        """Let a telephone or the carrier ring; tell whether there is one."""
        inside = _EXTENSION.fullmatch(number) is not None
        if inside and number not in self.telephones:
            return False
        name = f"sofia/internal/{number}@192.0.2.{10 + int(number) % 200}" if inside else f"sofia/external/{number}@192.0.2.1"
        headers = {
            "Channel-Name": name,
            "Channel-State": "CS_INIT",
            "Call-Direction": "outbound",
            "Caller-Caller-ID-Number": shown,
            "Caller-Caller-ID-Name": shown,
            "Caller-Destination-Number": number,
            "Caller-Context": context,
            "Caller-Channel-Created-Time": self._now(),
            "Channel-Call-UUID": call,
            "Answer-State": "ringing",
        }
        if call != leg:
            headers["variable_originator"] = call
        if not inside:
            headers["variable_sip_gateway_name"] = "carrier"
        self._say([("Event-Name", "CHANNEL_CREATE"), ("Event-Date-Timestamp", self._now()), ("Unique-ID", leg), *headers.items()])
        self._tell("CHANNEL_PROGRESS", leg, {"Answer-State": "ringing"})
        return True

    async def _connect(self, leg: str, number: str, shown: str) -> None:
        """Let the dial plan of a leg call a number and bridge the two."""
        if leg not in self._state.legs:
            return
        if number in self._parked:
            self._pick_up(leg, number)
            return
        inside = _EXTENSION.fullmatch(number) is not None
        endpoint = f"user/{number}" if inside else f"sofia/gateway/carrier/{number}"
        self._tell("CHANNEL_EXECUTE", leg, {"Application": "bridge", "Application-Data": endpoint})
        other = self._id()
        if not self._call(other, number, shown, leg, "default"):
            self._end(leg, "NO_ROUTE_DESTINATION")
            return
        await asyncio.sleep(ANSWERED_AFTER_S)
        if leg not in self._state.legs:
            self._end(other, "ORIGINATOR_CANCEL")
        elif other in self._state.legs:
            self._tell("CHANNEL_ANSWER", other, {"Answer-State": "answered"})
            self._tell("CHANNEL_BRIDGE", leg, {"Bridge-A-Unique-ID": leg, "Bridge-B-Unique-ID": other})

    def _kill(self, words: list[str]) -> str:
        if not words or words[0] not in self._state.legs:
            return NO_CHANNEL
        leg, cause = words[0], words[1] if len(words) > 1 else "MANAGER_REQUEST"
        if leg in self._consultations:
            self._hand_over(leg, self._consultations.pop(leg), cause)
            return OK
        for consulting, one in self._consultations.items():
            if one.target == leg:
                self._come_back(consulting, cause)
                return OK
        other = self._part(leg)
        self._end(leg, cause)
        if other is not None:
            self._end(other, "NORMAL_CLEARING")
        return OK

    def _hold(self, words: list[str]) -> str:
        leg = words[-1] if words else ""
        if leg not in self._state.legs:
            return NO_CHANNEL
        self._tell("CHANNEL_UNHOLD" if words[0] == "off" else "CHANNEL_HOLD", leg, {})
        return OK

    def _transfer(self, words: list[str]) -> str:
        if len(words) < 2:
            return USAGE
        leg, number = words[0], words[1]
        if leg not in self._state.legs:
            return NO_CHANNEL
        if words[2:] == ["inline"]:
            return self._park(leg, number)
        source = f"{self._now()[:10]}:{self._id()}:bl_xfer:{number}/default/XML"
        other = self._part(leg, {"Caller-Transfer-Source": source, "Caller-Destination-Number": number})
        if other is not None:
            self._end(other, "NORMAL_CLEARING")
        self._begin(self._connect(leg, number, self._state.legs[leg].get("cid_num", "")))
        return OK

    def _broadcast(self, words: list[str]) -> str:
        """Have a leg run an application: of all that there are ``att_xfer``."""
        if len(words) != 3 or not words[1].startswith(f"{_ATT_XFER}::") or words[2] != "aleg":
            return USAGE
        if words[0] not in self._state.legs:
            return NO_CHANNEL
        self._begin(self._consult(words[0], words[1].partition("::")[2]))
        return "+OK Message sent\n"

    async def _consult(self, leg: str, endpoint: str) -> None:
        if leg not in self._state.legs:
            return
        self._tell("CHANNEL_EXECUTE", leg, {"Application": _ATT_XFER, "Application-Data": endpoint})
        pair = next((pair for pair in self._state.bridges.items() if leg in pair), None)
        if pair is not None:
            del self._state.bridges[pair[0]]
        number = endpoint.removeprefix("loopback/").partition("/")[0] if endpoint.startswith("loopback/") else _user(endpoint)
        one = self._consultations[leg] = Consultation(self._id(), pair)
        if not self._call(one.target, number, self._state.legs[leg].get("dest", ""), leg, "default"):
            self._come_back(leg, "NO_ROUTE_DESTINATION")
            return
        await asyncio.sleep(ANSWERED_AFTER_S)
        if self._consultations.get(leg) is one:
            one.answered = True
            self._tell("CHANNEL_ANSWER", one.target, {"Answer-State": "answered"})
            self._tell("CHANNEL_BRIDGE", leg, {"Bridge-A-Unique-ID": leg, "Bridge-B-Unique-ID": one.target})

    def _come_back(self, leg: str, cause: str) -> None:
        """Whoever was consulted is gone: who consulted is back with whom he held."""
        one = self._consultations.pop(leg)
        if one.answered:
            self._part(leg)
        self._end(one.target, cause)
        self._tell("CHANNEL_EXECUTE_COMPLETE", leg, {"Application": _ATT_XFER, "Answer-State": "answered"})
        if one.pair is None or not all(each in self._state.legs for each in one.pair):
            return
        self._state.bridges[one.pair[0]] = one.pair[1]
        if one.answered:
            # They are bridged anew; without an answer nothing became of their bridge.
            self._part(leg)
            held = one.pair[0] if one.pair[1] == leg else one.pair[1]
            self._tell("CHANNEL_BRIDGE", leg, {"Bridge-A-Unique-ID": leg, "Bridge-B-Unique-ID": held})

    def _hand_over(self, leg: str, one: Consultation, cause: str) -> None:
        """Whoever consulted hangs up: the two others are joined, once both are there."""
        held = next((each for each in one.pair or () if each != leg and each in self._state.legs), None)
        ended = {"Hangup-Cause": cause, "Answer-State": "hangup"}
        self._tell("CHANNEL_HANGUP", leg, ended)
        if one.answered:
            self._part(leg)
        self._tell("CHANNEL_EXECUTE_COMPLETE", leg, {"Application": _ATT_XFER, "Answer-State": "hangup"})
        self._tell("CHANNEL_HANGUP_COMPLETE", leg, ended)
        if one.answered and held is not None:
            self._tell("CHANNEL_BRIDGE", one.target, {"Bridge-A-Unique-ID": one.target, "Bridge-B-Unique-ID": held})
            return
        self._end(one.target, "NORMAL_CLEARING" if one.answered else "ORIGINATOR_CANCEL")
        if held is not None:
            self._end(held, "NORMAL_CLEARING")

    def _park(self, leg: str, what: str) -> str:
        application, _, data = what.partition(":")
        lot, _, wanted = data.partition(" ")
        if application != _VALET or not wanted:
            return USAGE
        self._parked = {slot: parked for slot, parked in self._parked.items() if parked[0] in self._state.legs}
        auto = _AUTO.fullmatch(wanted)
        slot: str | None = wanted
        if auto is not None:
            slots = map(str, range(int(auto["first"]), int(auto["last"]) + 1))
            slot = next((each for each in slots if each not in self._parked), None)
        source = f"{self._now()[:10]}:{self._id()}:bl_xfer:{what}/default/inline"
        other = self._part(leg, {"Caller-Transfer-Source": source})
        if other is not None:
            self._end(other, "NORMAL_CLEARING")
        self._tell("CHANNEL_EXECUTE", leg, {"Application": _VALET, "Application-Data": data})
        if slot is None:
            # All are taken.
            self._end(leg, "NORMAL_CLEARING")
        elif slot in self._parked:
            self._pick_up(leg, slot)
        else:
            self._parked[slot] = (leg, lot)
            self._valet(leg, "hold", slot, lot, {})
        return OK

    def _pick_up(self, leg: str, slot: str) -> None:
        parked, lot = self._parked.pop(slot)
        if parked in self._state.legs:
            self._valet(parked, "bridge", slot, lot, {"Bridge-To-UUID": leg})
            self._valet(parked, "exit", slot, lot, {})
            self._tell("CHANNEL_BRIDGE", leg, {"Bridge-A-Unique-ID": leg, "Bridge-B-Unique-ID": parked})

    def _valet(self, leg: str, action: str, slot: str, lot: str, more: Mapping[str, str]) -> None:
        told = {"Valet-Lot-Name": lot, "Valet-Extension": slot, "Action": action, **more}
        self._tell("CUSTOM", leg, {"Event-Subclass": "valet_parking::info", **told})

    def _record(self, words: list[str]) -> str:
        if len(words) < 3:
            return USAGE
        leg, what, file = words[:3]
        if leg not in self._state.legs:
            return NO_CHANNEL
        if what == "start":
            self._tell("RECORD_START", leg, {"Record-File-Path": file})
        elif what == "stop":
            self._tell("RECORD_STOP", leg, {"Record-File-Path": file})
        return "+OK Success\n" if what in ("start", "stop", "mask", "unmask") else USAGE

    def _press(self, words: list[str]) -> str:
        return OK if words and words[0] in self._state.legs else NO_CHANNEL

    def _part(self, leg: str, more: Mapping[str, str] | None = None) -> str | None:
        """Tell the end of a leg's bridge; return the other one."""
        for first, second in list(self._state.bridges.items()):
            if leg in (first, second):
                named = {"Bridge-A-Unique-ID": first, "Bridge-B-Unique-ID": second}
                self._tell("CHANNEL_UNBRIDGE", leg, {**named, **(more or {})})
                return second if leg == first else first
        return None

    def _end(self, leg: str, cause: str) -> None:
        if leg in self._state.legs:
            ended = {"Hangup-Cause": cause, "Answer-State": "hangup", "variable_sip_hangup_disposition": "send_bye"}
            self._tell("CHANNEL_HANGUP", leg, ended)
            self._tell("CHANNEL_HANGUP_COMPLETE", leg, ended)

    def _tell(self, name: str, leg: str, more: Mapping[str, str]) -> None:
        row = self._state.legs[leg]
        headers = {key: row[column] for column, key in ROW.items() if row.get(column)} | {"Unique-ID": leg} | dict(more)
        self._say([("Event-Name", name), ("Event-Date-Timestamp", self._now()), *headers.items()])

    def _custom(self, subclass: str, fields: Fields) -> None:
        stamp = ("Event-Date-Timestamp", self._now())
        self._say([("Event-Name", "CUSTOM"), ("Event-Subclass", subclass), stamp, *fields.items()])

    def _now(self) -> str:
        return str(int(self._clock() * _MICROSECONDS))

    def _id(self) -> str:
        return str(UUID(int=self._random.getrandbits(_UUID_BITS), version=4))


def _user(endpoint: str) -> str:
    return endpoint.rpartition("/")[2].partition("@")[0]


def _words(argument: str) -> list[str]:
    """Split as FreeSWITCH does: by blanks, but for what stands in single quotes."""
    return [quoted or word for quoted, word in re.findall(r"'([^']*)'|(\S+)", argument)]
