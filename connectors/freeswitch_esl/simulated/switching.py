"""What the simulated FreeSWITCH does when it is told to: calls begin, are held, handed over and end, and it says so.

Every number is answered after a moment, but for extensions without a telephone.

Source: captures of 1.10.12 (originate_*, uuid_kill, hold_uuid_hold, blind_transfer_uuid_transfer).
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Final
from uuid import UUID

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
_UUID_BITS: Final = 128
_MICROSECONDS: Final = 1_000_000


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
        self._commands: dict[str, Callable[[list[str]], str]] = {
            "uuid_kill": self._kill,
            "uuid_hold": self._hold,
            "uuid_transfer": self._transfer,
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
        number = found["dial"].rpartition("/")[2].partition("@")[0]
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
        source = f"{self._now()[:10]}:{self._id()}:bl_xfer:{number}/default/XML"
        other = self._part(leg, {"Caller-Transfer-Source": source, "Caller-Destination-Number": number})
        if other is not None:
            self._end(other, "NORMAL_CLEARING")
        self._begin(self._connect(leg, number, self._state.legs[leg].get("cid_num", "")))
        return OK

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


def _words(argument: str) -> list[str]:
    """Split as FreeSWITCH does: by blanks, but for what stands in single quotes."""
    return [quoted or word for quoted, word in re.findall(r"'([^']*)'|(\S+)", argument)]
