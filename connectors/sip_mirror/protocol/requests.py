"""Requests that we send, each until it is answered: what stands in them, and when they are sent again.

Source: RFC 3261, chapters 8.1, 12.2 and 17.1.2. Time, in seconds of any clock that does not go back, comes in as an argument.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from connectors.sip_mirror.protocol.digest import authorization
from connectors.sip_mirror.protocol.message import SipMessage, parameter, render, uri_in
from gateway.model.errors import PeerRefusedError
from gateway.model.secret import Secret

T1_S: Final = 0.5
"""Seconds until a request is sent again over UDP, twice as long each time."""
T2_S: Final = 4.0
TRANSACTION_S: Final = 64 * T1_S
"""Seconds for the final response."""
NEVER: Final = float("inf")
NewId = Callable[[], str]
"""Makes a word that nobody guesses and that was not there before."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks whom, as it is written into messages."""

    domain: str
    """Behind the @ of the PBX's addresses, with the port where it is not the usual one."""
    user: str
    auth_user: str
    secret: Secret | None
    via: str
    """``SIP/2.0/UDP 192.0.2.7:40000``."""
    contact: str
    """``<sip:tieline@192.0.2.7:40000>``."""
    agent: str
    reliable: bool
    """The transport repeats what is lost: TCP and TLS."""

    @property
    def address(self) -> str:
        """Return our own address."""
        return f"<sip:{self.user}@{self.domain}>"


class Transaction:
    """One request on its way; it is over when ``answered``, or at ``gives_up_at``."""

    def __init__(self, data: bytes, branch: str, at: float, reliable: bool) -> None:
        self.data = data
        self.branch = branch
        self.gives_up_at = at + TRANSACTION_S
        self._wait_s = T1_S
        self._next_at = NEVER if reliable else at + T1_S

    @property
    def due(self) -> float:
        """When it has to be woken."""
        return min(self._next_at, self.gives_up_at)

    def wake(self, at: float) -> list[bytes]:
        """Return what is to be sent (again) now."""
        if at < self._next_at or at >= self.gives_up_at:
            return []
        self._wait_s = min(self._wait_s * 2, T2_S)
        self._next_at = at + self._wait_s
        return [self.data]


class Dialogue:
    """Requests of one Call-ID, one after the other, with digest where the PBX asks for it."""

    def __init__(self, identity: Identity, target: str, new_id: NewId) -> None:
        self._identity = identity
        self._new_id = new_id
        self.target = target
        """The Request-URI until the PBX names a Contact."""
        self._to = f"<{target}>"
        self.call_id = new_id()
        self.local_tag = new_id()
        self._routes: list[str] = []
        self._sequence = 0
        self._nonces: set[str] = set()
        self.transaction: Transaction | None = None

    @property
    def due(self) -> float:
        """When it has to be woken."""
        return NEVER if self.transaction is None else self.transaction.due

    def ask(self, method: str, extra: Sequence[tuple[str, str]], at: float) -> list[bytes]:
        """Begin a request and return what is to be sent."""
        self._nonces.clear()
        return self._send(method, extra, at)

    def _send(self, method: str, extra: Sequence[tuple[str, str]], at: float) -> list[bytes]:
        self._sequence += 1
        me = self._identity
        branch = f"z9hG4bK{self._new_id()}"
        headers = [("Via", f"{me.via};branch={branch};rport"), ("Max-Forwards", "70")]
        headers += [("Route", route) for route in self._routes]
        headers += [("From", f"{me.address};tag={self.local_tag}"), ("To", self._to), ("Call-ID", self.call_id)]
        headers += [("CSeq", f"{self._sequence} {method}"), ("Contact", me.contact), ("User-Agent", me.agent), *extra]
        data = render(f"{method} {self.target} SIP/2.0", headers)
        self.transaction = Transaction(data, branch, at, me.reliable)
        return [data]

    def answered(self, response: SipMessage) -> bool:
        """Tell whether this is the final response to what is on its way, which it then ends."""
        transaction = self.transaction
        if transaction is None or response.branch != transaction.branch or response.code < 200:
            return False
        self.transaction = None
        return True

    def establish(self, message: SipMessage, peer: str) -> None:
        """Take over where the PBX wants what follows; ``peer`` is its From or To."""
        self._to = peer
        self.target = uri_in(message.get("contact")) or self.target
        routes = [route.strip() for line in message.all("record-route") for route in line.split(",")]
        # Of a response they stand in the order from us, of a request in the order to us.
        self._routes = routes[::-1] if message.code else routes

    def authorize(self, response: SipMessage, method: str, extra: Sequence[tuple[str, str]], at: float) -> list[bytes]:
        """Ask again with the password, as a 401 or 407 wants it.

        Raises:
            PeerRefusedError: We have none, it is wrong, or is asked for in a way that we do not know.
        """
        me = self._identity
        if me.secret is None:
            raise PeerRefusedError("the PBX asks for a password: set `secret`")
        proxy = response.code == 407
        challenges = response.all("proxy-authenticate" if proxy else "www-authenticate")
        nonce, value = authorization(challenges, me.auth_user, me.secret.reveal(), method, self.target, self._new_id())
        stale = any(parameter(";" + each.replace(",", ";"), "stale").strip('"').lower() == "true" for each in challenges)
        if self._nonces and (nonce in self._nonces or not stale):
            raise PeerRefusedError(f"the PBX does not take the password of {me.auth_user}: look at `secret` and `auth_user`")
        self._nonces.add(nonce)
        return self._send(method, [*extra, ("Proxy-Authorization" if proxy else "Authorization", value)], at)
