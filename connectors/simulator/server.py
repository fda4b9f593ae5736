"""An AMI server: takes logins, answers actions, sends events. It behaves as Asterisk 22 does, also towards bad clients.

Source: captures of Asterisk 22.10 (login_actions, md5_login, wrong_secret, readonly, midcall_connect).
"""

import asyncio
import hmac
import ssl
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from hashlib import md5
from random import Random
from typing import Final

import structlog

from connectors._kit.listen import listen
from connectors.simulator import obeying
from connectors.simulator.pbx_state import Fields, PbxState
from gateway.model.secret import Secret

GREETING: Final = b"Asterisk Call Manager/11.0.0\r\n"
MAX_UNREAD_BYTES: Final = 2_900_000
"""Bytes that a client may leave unread before it is cut off, in the middle of an event: as Asterisk does."""
MAX_ACTION_BYTES: Final = 64 * 1024
WRONG_SECRET_WAIT_S: Final = 1.0
OBEYED: Final = ("Hangup", "Setvar", "QueuePause")
"""The actions by which something is commanded that it does."""
PLAYS: Final = "the simulated PBX plays recorded calls: it ends and holds them, and gives agents a break, and can do no more"

log = structlog.get_logger(__name__)


class AmiServer:
    """One simulated PBX on one port."""

    def __init__(self, username: str, secret: Secret, clock: Callable[[], float], random: Random) -> None:
        """Make a server that nobody can reach yet.

        Args:
            username: Who may log in.
            secret: With what.
            clock: Seconds since the epoch.
            random: For challenges.
        """
        self.username = username
        self.secret = secret
        self.clock = clock
        self.random = random
        self.greeting = GREETING
        self.state = PbxState()
        self.calls_of: Callable[[str], Collection[str]] = lambda linked: {linked}
        """Stops whoever plays the call of this linked id, and returns those of all that he plays."""
        self.somebody_listens = asyncio.Event()
        """Set once a client has logged in."""
        self.sessions: set[Session] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen, and return the port: a free one when ``port`` is 0.

        Raises:
            OSError: The port is taken.
        """
        self._server = await listen(self._begin, host, port, limit=MAX_ACTION_BYTES, tls=tls)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Listen no more and cut all clients off."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Cut all clients off, as a broken line does."""
        for session in list(self.sessions):
            session.cut()

    def say(self, event: bytes) -> None:
        """Send an event to everybody who is logged in, and remember what it changes."""
        event = self.state.with_break(event)
        self.state.hear(event, self.clock())
        for session in list(self.sessions):
            if session.logged_in:
                session.send(event)

    def tell(self, said: obeying.Said) -> None:
        """Say what a command brought."""
        for name, fields in said:
            self.say(_event(name, fields))

    def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> "Session":
        """Make what serves one client."""
        return Session(self, reader, writer)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: one that asyncio's streams make complains when it is cancelled.
        task = asyncio.get_running_loop().create_task(self._serve(self.session(reader, writer)), name="simulator.session")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, session: "Session") -> None:
        self.sessions.add(session)
        try:
            await session.serve()
        finally:
            self.sessions.discard(session)
            session.cut()


class Session:
    """One client's connection."""

    def __init__(self, server: AmiServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self._reader = reader
        self._writer = writer
        self._challenge = ""
        self.logged_in = False

    async def serve(self) -> None:
        """Answer until the client goes. Cancelling is safe."""
        self.send(self.server.greeting)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while True:
                action = _read_action(await self._reader.readuntil(b"\r\n\r\n"))
                if not await self.answer(action):
                    await self._writer.drain()
                    return

    def cut(self) -> None:
        """Break the connection off."""
        self._writer.transport.abort()

    def send(self, data: bytes) -> None:
        """Send bytes, or cut a client off that does not read."""
        if self._writer.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            log.warning("client_cut_off", because="it does not read")
            self._writer.write(data[: len(data) // 2])
            self.cut()
        else:
            self._writer.write(data)

    async def answer(self, action: Fields) -> bool:
        """Answer one action; tell whether the connection goes on."""
        name = action.get("action", "").lower()
        if name == "logoff":
            self._respond(action, "Goodbye", Message="Thanks for all the fish.")
            return False
        if name == "challenge":
            self._challenge = str(self.server.random.randrange(10**8, 10**9))
            self._respond(action, "Success", Challenge=self._challenge)
        elif name == "login":
            return await self._log_in(action)
        elif not self.logged_in:
            self._respond(action, "Error", Message="Permission denied")
        else:
            self._act(name, action)
        return True

    async def _log_in(self, action: Fields) -> bool:
        secret = self.server.secret.reveal()
        if action.get("authtype", "").lower() == "md5":
            given = action.get("key", "")
            expected = md5((self._challenge + secret).encode(), usedforsecurity=False).hexdigest() if self._challenge else ""
        else:
            given, expected = action.get("secret", ""), secret
        known = action.get("username") == self.server.username
        if not (known and expected and hmac.compare_digest(given.encode(), expected.encode())):
            await asyncio.sleep(WRONG_SECRET_WAIT_S)
            self._respond(action, "Error", Message="Authentication failed")
            return False
        self.logged_in = True
        self._respond(action, "Success", Message="Authentication accepted")
        self.send(b"Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 60\r\nLastReload: 60\r\nStatus: Fully Booted\r\n\r\n")
        self.server.somebody_listens.set()
        return True

    def _act(self, name: str, action: Fields) -> None:
        state, now = self.server.state, self.server.clock()
        match name:
            case "ping":
                self._respond(action, "Success", Ping="Pong", Timestamp=f"{now:.6f}")
            case "events":
                self._respond(action, "Success", Events="On")
            case "corestatus":
                self._respond(action, "Success", CoreCurrentCalls=str(len(state.legs)))
            case "coresettings":
                self._respond(action, "Success", AMIversion="11.0.0", AsteriskVersion="22.10.1", SystemName="cc1")
            case "coreshowchannels":
                self._list(
                    action, "Channels will follow", _each("CoreShowChannel", state.channels(now)), "CoreShowChannelsComplete"
                )
            case "status":
                self._list(action, "Channel status will follow", _each("Status", state.statuses(now)), "StatusComplete")
            case "bridgelist":
                items = _each("BridgeListItem", state.bridge_list())
                self._list(action, "Bridge listing will follow", items, "BridgeListComplete")
            case "bridgeinfo":
                legs = _each("BridgeInfoChannel", state.bridge_legs(action.get("bridgeuniqueid", "")))
                self._list(action, "Bridge channel listing will follow", legs, "BridgeInfoComplete")
            case "queuestatus":
                self._list(action, "Queue status will follow", state.queue_status(now), "QueueStatusComplete")
            case "devicestatelist":
                items = [("DeviceStateChange", {"Device": device, "State": word}) for device, word in state.devices.items()]
                self._list(action, "Device State listing follows", items, "DeviceStateListComplete")
            case "originate":
                self._originate(action)
            case "listcommands":
                self._respond(action, "Success", Message=PLAYS, **dict.fromkeys(OBEYED, "See the simulator's README."))
            case "hangup":
                self._hang_up(action)
            case "setvar":
                self._set(action)
            case "queuepause":
                self._pause(action)
            case "command":
                self._respond(action, "Error", Message="Command output follows", Output="This PBX plays recordings only.")
            case _:
                self._respond(action, "Error", Message="Invalid/unknown command")

    def _hang_up(self, action: Fields) -> None:
        leg = obeying.find(self.server.state, action.get("channel", ""))
        if leg is None:
            self._respond(action, "Error", Message="No such channel")
            return
        self._respond(action, "Success", Message="Channel Hungup")
        self.server.tell(obeying.ended(self.server.state, self.server.calls_of(leg.get("Linkedid", ""))))

    def _set(self, action: Fields) -> None:
        """Take how loud a leg is: by that a party is held, and nobody hears recorded calls anyway."""
        if obeying.find(self.server.state, action.get("channel", "")) is None:
            self._respond(action, "Error", Message="No such channel")
        elif action.get("variable", "").startswith("VOLUME("):
            self._respond(action, "Success", Message="Variable Set")
        else:
            self._respond(action, "Error", Message=PLAYS)

    def _pause(self, action: Fields) -> None:
        is_paused = action.get("paused", "").lower() in ("1", "true", "yes")
        interface, queue = action.get("interface", ""), action.get("queue", "")
        reason = action.get("reason", "") if is_paused else ""
        said = obeying.paused(self.server.state, interface, queue, is_paused=is_paused, reason=reason)
        if not said:
            self._respond(action, "Error", Message="Interface not found")
            return
        self._respond(action, "Success", Message=f"Interface {'paused' if is_paused else 'unpaused'} successfully")
        self.server.tell(said)

    def _originate(self, action: Fields) -> None:
        """Accept, and then fail: nobody is there to pick up."""
        self._respond(action, "Success", Message="Originate successfully queued")
        fields = {
            "ActionID": action.get("actionid", ""),
            "Response": "Failure",
            "Channel": action.get("channel", ""),
            "Context": action.get("context", ""),
            "Exten": action.get("exten", ""),
            "Reason": "0",
            "Uniqueid": action.get("channelid", "<unknown>"),
            "CallerIDNum": "<unknown>",
            "CallerIDName": "<unknown>",
        }
        self.server.say(_event("OriginateResponse", fields))

    def _list(self, action: Fields, message: str, items: Sequence[tuple[str, Fields]], end: str) -> None:
        action_id = action.get("actionid", "")
        self._respond(action, "Success", EventList="start", Message=message)
        for name, fields in items:
            self.send(_event(name, {"ActionID": action_id, **fields}))
        self.send(_event(end, {"ActionID": action_id, "EventList": "Complete", "ListItems": str(len(items))}))

    def _respond(self, action: Fields, response: str, **fields: str) -> None:
        lines = {"Response": response}
        if "actionid" in action:
            lines["ActionID"] = action["actionid"]
        self.send(_block({**lines, **fields}))


def _each(name: str, items: Iterable[Fields]) -> list[tuple[str, Fields]]:
    return [(name, {key: value for key, value in fields.items() if key != "Event"}) for fields in items]


def _event(name: str, fields: Fields) -> bytes:
    return _block({"Event": name, **fields})


def _block(fields: Fields) -> bytes:
    return "".join(f"{key}: {value}\r\n" for key, value in fields.items()).encode() + b"\r\n"


def _read_action(data: bytes) -> Fields:
    """Return an action's headers, their names in small letters."""
    fields: Fields = {}
    for line in data.decode("utf-8", "replace").split("\r\n"):
        key, colon, value = line.partition(":")
        if colon:
            fields.setdefault(key.lower(), value.strip())
    return fields
