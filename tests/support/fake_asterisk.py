"""The simulated PBX on a script: it says what a test wants, when it wants it, and remembers what it was asked."""

import asyncio
import ssl
from collections.abc import Callable
from random import Random
from typing import Final

from connectors.simulator.pbx_state import Fields
from connectors.simulator.server import AmiServer, Session
from gateway.model.secret import Secret

USERNAME: Final = "tieline"
SECRET: Final = "a secret"

Reply = Callable[[Fields], bytes | None]
"""From an action's headers, their names in small letters, to the bytes of the answer; None says nothing."""


def block(**fields: str) -> bytes:
    """Return a message; ``ActionID`` and such are keywords."""
    return "".join(f"{key}: {value}\r\n" for key, value in fields.items()).encode() + b"\r\n"


def refuse(message: str) -> Reply:
    """Return a reply that refuses the action."""
    return lambda action: block(Response="Error", ActionID=action.get("actionid", ""), Message=message)


def leg_event(name: str, number: int, **fields: str) -> bytes:
    """Return an event about leg ``number`` of a carrier."""
    leg = {"Channel": f"PJSIP/carrier-{number:08x}", "Uniqueid": f"1795000000.{number}", "Linkedid": f"1795000000.{number}"}
    state = {
        "ChannelState": "4",
        "CallerIDNum": "+85291234567",
        "CallerIDName": "Chan",
        "Context": "from-carrier",
        "Exten": "5000",
    }
    return block(Event=name, **{**leg, **state, **fields})


class FakeAsterisk(AmiServer):
    """A PBX of the tests; it can be started again on the same port."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(USERNAME, Secret(SECRET), clock, Random(1))
        self.port = 0
        self.asked: list[Fields] = []
        """Every action that came."""
        self.replies: dict[str, Reply] = {}
        """What to answer instead, by action in small letters."""
        self.silent = False
        """Takes actions and says nothing."""
        self.connected_at: list[float] = []
        """When each connection was made, in seconds since the epoch."""

    async def listen(self, tls: ssl.SSLContext | None = None) -> None:
        """Listen: on a free port first, then on that one again."""
        self.port = await self.start("127.0.0.1", self.port, tls)

    def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> "Scripted":
        self.connected_at.append(self.clock())
        return Scripted(self, reader, writer)

    @property
    def connections(self) -> int:
        """How many there were."""
        return len(self.connected_at)

    def write(self, data: bytes) -> None:
        """Send bytes as they are to everybody who is logged in."""
        for session in self.sessions:
            if session.logged_in:
                session.send(data)

    def asked_for(self, name: str) -> list[Fields]:
        """Return the actions of this name that came."""
        return [action for action in self.asked if action.get("action", "").lower() == name.lower()]


class Scripted(Session):
    """A session of the script."""

    server: FakeAsterisk

    async def answer(self, action: Fields) -> bool:
        """Answer by the script, else as the simulator does."""
        self.server.asked.append(action)
        reply = self.server.replies.get(action.get("action", "").lower())
        if self.server.silent:
            return True
        if reply is not None:
            said = reply(action)
            if said is not None:
                self.send(said)
            return True
        return await super().answer(action)
