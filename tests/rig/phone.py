"""A scripted SIP telephone (UDP, loopback), good enough to be every telephone and trunk of a test.

It registers with digest, dials, answers, rejects, deflects, cancels, holds, transfers (REFER blind and with Replaces), takes
a call over (INVITE with Replaces), presses digits and speaks. It notes when what happened: its log is the truth that call
records are compared with. Source: RFC 3261, 3264, 3515, 3891, 4733.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable
from typing import Final, Literal

from rig import sip
from rig.leg import Answer, Behaviour, Deflect, PhoneLeg, Reject, Ring, Silent, State

REPEAT_S: Final = (0.5, 1.0, 2.0, 4.0)
"""Seconds after which a request is sent again as long as nothing came back (RFC 3261's timers A and E)."""
ANSWER_TIMEOUT_S: Final = 10.0
"""Seconds that the PBX may take for the final response to anything but an INVITE."""


class Phone(asyncio.DatagramProtocol):
    """A telephone, or a trunk's far end; ``behaviour`` says what it does when called.

    Start it with ``await open()`` and end it with ``await close()``, which hangs up what is left.
    """

    def __init__(
        self, user: str, pbx: tuple[str, int], host: str = "127.0.0.1", port: int = 0, password: str = "", name: str = ""
    ) -> None:
        self.user, self.pbx, self.host, self.port = user, pbx, host, port
        self.password, self.name = password, name
        self.behaviour: Behaviour = Answer()
        self.numbers: dict[str, Behaviour] = {}
        """What is done instead for a called number (a trunk has many)."""
        self.legs: list[PhoneLeg] = []
        self.incoming: asyncio.Queue[PhoneLeg] = asyncio.Queue()
        self._transport: asyncio.DatagramTransport | None = None
        self._by_id: dict[str, PhoneLeg] = {}
        self._responses: dict[tuple[str, str], asyncio.Queue[sip.SipMessage]] = {}
        self._answers: dict[tuple[str, str], bytes] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> "Phone":
        """Bind the port."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.host, self.port))
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def close(self) -> None:
        """Hang up every leg, then give the ports back; the legs can still be read."""
        await self._end_all()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    async def hang_up_all(self) -> None:
        """End what is still up and forget all legs, so that the next scenario starts clean."""
        await self._end_all()
        # What is over stays known by its Call-ID: an INVITE that comes once more is no new call.
        self.legs = []
        while not self.incoming.empty():
            self.incoming.get_nowait()

    async def _end_all(self) -> None:
        for leg in self.legs:
            if not leg.ended.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(3):
                        await leg.hang_up()
            leg.voice.close()
            await leg.voice.closed()

    async def register(self, expires_s: int = 3600) -> int:
        """REGISTER (0 seconds: unregister) and return the final code."""
        leg = PhoneLeg(self, secrets.token_hex(16), True, "", "")
        leg.local = f"{self.identity};tag={leg.local_tag}"
        leg.remote, leg.target = self.identity, f"sip:{self.pbx[0]}:{self.pbx[1]}"
        extra = sip.Headers().add("Expires", str(expires_s))
        response = await self._request("REGISTER", leg, extra)
        if response.code == 401:
            extra.add("Authorization", self._authorization(response, "REGISTER", leg.target))
            response = await self._request("REGISTER", leg, extra)
        return response.code

    async def next_leg(self, timeout_s: float = 15) -> PhoneLeg:
        """The next call that the PBX makes to this telephone."""
        async with asyncio.timeout(timeout_s):
            return await self.incoming.get()

    @property
    def identity(self) -> str:
        """The From of what this telephone sends."""
        return (f'"{self.name}" ' if self.name else "") + f"<sip:{self.user}@{self.pbx[0]}>"

    @property
    def contact(self) -> str:
        """The Contact of what this telephone sends."""
        return f"<sip:{self.user}@{self.host}:{self.port}>"

    async def dial(self, number: str, caller: str = "", headers: sip.Headers | None = None) -> PhoneLeg:
        """Send an INVITE and return at once; ``caller`` is a whole name-addr, as a trunk gives many."""
        leg = PhoneLeg(self, secrets.token_hex(16), True, number, number)
        leg.local = f"{caller or self.identity};tag={leg.local_tag}"
        leg.target, leg.remote = f"sip:{number}@{self.pbx[0]}:{self.pbx[1]}", f"<sip:{number}@{self.pbx[0]}>"
        self._adopt(leg)
        await leg.voice.open(self.host)
        self._spawn(self._invite(leg, headers or sip.Headers()), "invite")
        return leg

    async def take_over(self, number: str, replaced: PhoneLeg) -> PhoneLeg:
        """INVITE with Replaces: become the far side of another telephone's dialog (RFC 3891)."""
        ours, theirs = replaced.local_tag, replaced.remote_tag
        value = f"{replaced.call_id};to-tag={theirs};from-tag={ours}"
        return await self.dial(number, headers=sip.Headers().add("Require", "replaces").add("Replaces", value))

    async def hang_up(self, leg: PhoneLeg) -> None:
        """See ``PhoneLeg.hang_up``."""
        match leg.state:
            case "up":
                self._end(leg, "ended", "phone")
                await self._request("BYE", leg)
            case "dialling" | "ringing" if leg.outgoing:
                leg.ended_by = "phone"
                self._send(self._render("CANCEL", leg, sip.Headers(), "", leg.sequence, leg.branch))
                await leg.until_ended(ANSWER_TIMEOUT_S)
            case "dialling" | "ringing" if leg.invite is not None:
                self._final(leg, 486)
            case _:
                pass

    async def reinvite(self, leg: PhoneLeg, direction: str) -> None:
        """Offer the media again with another direction."""
        leg.direction, leg.sdp_version = direction, leg.sdp_version + 1
        body = sip.offer(leg.voice.address, direction, leg.sdp_version)
        response = await self._request("INVITE", leg, body=body)
        branch = leg.branch if response.code >= 300 else sip.new_branch()
        self._send(self._render("ACK", leg, sip.Headers(), "", leg.sequence, branch))

    async def refer(self, leg: PhoneLeg, to: str, replaces: PhoneLeg | None = None) -> int:
        """See ``PhoneLeg.refer``."""
        uri = f"sip:{to}@{self.pbx[0]}:{self.pbx[1]}"
        if replaces is not None:
            tags = f"%3Bto-tag%3D{replaces.remote_tag}%3Bfrom-tag%3D{replaces.local_tag}"
            uri += f"?Replaces={replaces.call_id}{tags}"
        headers = sip.Headers().add("Refer-To", f"<{uri}>").add("Referred-By", self.identity)
        response = await self._request("REFER", leg, headers)
        if response.code < 300:
            leg.transferred_at = time.time()
            leg.hold_over()
        return response.code

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take one SIP message."""
        message = sip.parse(data)
        if message is None:
            return
        if message.code:
            self._on_response(message)
        else:
            self._on_request(message)

    # --- what we ask of the PBX

    def _spawn(self, work: "asyncio._CoroutineLike[None]", name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=f"{self.user}.{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _adopt(self, leg: PhoneLeg) -> None:
        leg.invited_at = time.time()
        self._by_id[leg.call_id] = leg
        self.legs.append(leg)

    def _send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.sendto(data, self.pbx)

    def _authorization(self, response: sip.SipMessage, method: str, uri: str) -> str:
        return sip.digest(response.first("www-authenticate"), self.user, self.password, method, uri)

    def _render(self, method: str, leg: PhoneLeg, extra: sip.Headers, body: str, sequence: int, branch: str) -> bytes:
        headers = sip.Headers().add("Via", f"SIP/2.0/UDP {self.host}:{self.port};branch={branch};rport")
        headers.add("Max-Forwards", "70").add("From", leg.local).add("To", leg.remote).add("Call-ID", leg.call_id)
        headers.add("CSeq", f"{sequence} {method}").add("Contact", self.contact).add("User-Agent", "scripted-phone")
        headers.lines += extra.lines
        return headers.render(f"{method} {leg.target} SIP/2.0", body)

    async def _request(
        self,
        method: str,
        leg: PhoneLeg,
        extra: sip.Headers | None = None,
        body: str = "",
        on_provisional: Callable[[sip.SipMessage], None] | None = None,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> sip.SipMessage:
        """Send a request and return its final response.

        Raises:
            TimeoutError: None came in time.
        """
        leg.sequence += 1
        leg.branch = sip.new_branch()
        request = self._render(method, leg, extra or sip.Headers(), body, leg.sequence, leg.branch)
        key = (leg.call_id, f"{leg.sequence} {method}")
        responses = self._responses[key] = asyncio.Queue()
        try:
            self._send(request)
            async with asyncio.timeout(timeout_s):
                for wait_s in REPEAT_S:
                    try:
                        response = await asyncio.wait_for(responses.get(), wait_s)
                        break
                    except TimeoutError:
                        self._send(request)
                else:
                    response = await responses.get()
                while response.code < 200:
                    if on_provisional is not None:
                        on_provisional(response)
                    response = await responses.get()
                return response
        finally:
            del self._responses[key]

    async def _invite(self, leg: PhoneLeg, headers: sip.Headers) -> None:
        def provisional(response: sip.SipMessage) -> None:
            # The early dialog's tag is what a Replaces of a ringing leg needs.
            if sip.tag_of(response.first("to")):
                leg.early = response.first("to")
            if response.code in (180, 183) and leg.ringing_at is None:
                leg.state, leg.ringing_at = "ringing", time.time()
                leg.rang.set()

        bare = leg.remote
        while True:
            body = sip.offer(leg.voice.address, leg.direction, leg.sdp_version)
            response = await self._request("INVITE", leg, headers, body, provisional, timeout_s=180)
            leg.remote = response.first("to")
            if response.code < 300:
                break
            self._send(self._render("ACK", leg, sip.Headers(), "", leg.sequence, leg.branch))
            if response.code == 401 and self.password and not any(n == "Authorization" for n, _ in headers.lines):
                leg.remote = bare
                headers.add("Authorization", self._authorization(response, "INVITE", leg.target))
                continue
            leg.code = response.code
            self._end(leg, "cancelled" if leg.ended_by == "phone" else "rejected", leg.ended_by or "pbx")
            return
        leg.code, leg.target = response.code, sip.uri_of(response.first("contact"))
        leg.ack = self._render("ACK", leg, sip.Headers(), "", leg.sequence, sip.new_branch())
        self._send(leg.ack)
        leg.voice.speak_to(sip.media_address(response.body))
        self._up(leg)

    def _up(self, leg: PhoneLeg) -> None:
        leg.state, leg.answered_at = "up", time.time()
        leg.answered.set()

    def _end(self, leg: PhoneLeg, state: State, by: Literal["phone", "pbx"]) -> None:
        leg.state, leg.ended_at, leg.ended_by = state, time.time(), by
        leg.hold_over()
        leg.voice.close()
        leg.ended.set()
        leg.released.set()

    def _on_response(self, response: sip.SipMessage) -> None:
        waiting = self._responses.get((response.call_id, response.first("cseq")))
        if waiting is not None:
            waiting.put_nowait(response)
            return
        leg = self._by_id.get(response.call_id)
        # The 200 came again: our ACK was lost or late.
        if leg is not None and leg.ack and response.code == 200 and response.method == "INVITE":
            self._send(leg.ack)

    # --- what the PBX asks of us

    def _reply(self, request: sip.SipMessage, code: int, tag: str, body: str = "", extra: sip.Headers | None = None) -> None:
        data = sip.respond(request, code, tag, self.contact, extra or sip.Headers(), body)
        if code >= 200:
            self._answers[(request.call_id, request.first("cseq"))] = data
        self._send(data)

    def _on_request(self, request: sip.SipMessage) -> None:
        leg = self._by_id.get(request.call_id)
        repeated = self._answers.get((request.call_id, request.first("cseq")))
        method = request.start.split()[0]
        tag = leg.local_tag if leg is not None else secrets.token_hex(4)
        if method == "ACK":
            return
        if repeated is not None:
            self._send(repeated)
            return
        match method:
            case "INVITE" if leg is None:
                self._on_invite(request)
            case "INVITE" if leg is not None and leg.answered_at is not None:
                leg.voice.speak_to(sip.media_address(request.body))
                self._reply(request, 200, tag, sip.offer(leg.voice.address, leg.direction, leg.sdp_version))
            case "INVITE":
                pass  # the first one again, while we ring
            case "CANCEL":
                self._reply(request, 200, tag)
                if leg is not None and leg.invite is not None and not leg.ended.is_set() and leg.answered_at is None:
                    self._reply(leg.invite, 487, leg.local_tag)
                    leg.code = 487
                    self._end(leg, "cancelled", "pbx")
            case "BYE":
                self._reply(request, 200, tag)
                if leg is not None and not leg.ended.is_set():
                    self._end(leg, "ended", "pbx")
            case "NOTIFY":
                if leg is not None:
                    leg.notifies.append(request.body.strip())
                self._reply(request, 200, tag)
            case "OPTIONS" | "INFO" | "MESSAGE":
                self._reply(request, 200, tag)
            case "UPDATE" if leg is not None:
                body = sip.offer(leg.voice.address, leg.direction, leg.sdp_version) if request.body else ""
                self._reply(request, 200, tag, body)
            case _:
                self._reply(request, 501, tag)

    def _on_invite(self, request: sip.SipMessage) -> None:
        shown = request.first("from")
        dialled = sip.user_of(request.start.split()[1])
        leg = PhoneLeg(self, request.call_id, False, sip.user_of(sip.uri_of(shown)), dialled, shown=shown)
        leg.invite, leg.remote = request, shown
        leg.local = f"{request.first('to')};tag={leg.local_tag}"
        leg.target = sip.uri_of(request.first("contact"))
        self._adopt(leg)
        behaviour = self.numbers.get(dialled, self.behaviour)
        if not isinstance(behaviour, Silent):
            self._reply(request, 100, leg.local_tag)
            self._spawn(self._behave(leg, behaviour), "called")
        self.incoming.put_nowait(leg)

    async def _behave(self, leg: PhoneLeg, behaviour: Behaviour) -> None:
        match behaviour:
            case Answer(after_s, rings, early_media):
                if early_media:
                    await self._progress(leg)
                if not await self._ring(leg, after_s, rings=rings and not early_media):
                    await self._pick_up(leg)
            case Ring():
                if not await self._ring(leg, None):
                    await self._pick_up(leg)
            case Reject(code, after_s):
                if not await self._ring(leg, after_s, rings=after_s > 0):
                    self._final(leg, code)
            case Deflect(to, after_s):
                if not await self._ring(leg, after_s, rings=after_s > 0):
                    self._final(leg, 302, f"<sip:{to}@{self.pbx[0]}:{self.pbx[1]}>")
            case Silent():
                pass

    async def _ring(self, leg: PhoneLeg, for_s: float | None, *, rings: bool = True) -> bool:
        """Ring until told otherwise or the time is over; True when the caller gave up meanwhile."""
        assert leg.invite is not None
        if rings:
            self._reply(leg.invite, 180, leg.local_tag)
            leg.state, leg.ringing_at = "ringing", time.time()
            leg.rang.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(for_s):
                await leg.released.wait()
        return leg.ended.is_set()

    async def _progress(self, leg: PhoneLeg) -> None:
        """Speak before the answer: 183 with a session description."""
        assert leg.invite is not None
        await leg.voice.open(self.host)
        self._reply(leg.invite, 183, leg.local_tag, sip.offer(leg.voice.address, leg.direction, leg.sdp_version))
        leg.voice.speak_to(sip.media_address(leg.invite.body))

    async def _pick_up(self, leg: PhoneLeg) -> None:
        assert leg.invite is not None
        if not leg.voice.address[1]:
            await leg.voice.open(self.host)
        self._reply(leg.invite, 200, leg.local_tag, sip.offer(leg.voice.address, leg.direction, leg.sdp_version))
        leg.code = 200
        leg.voice.speak_to(sip.media_address(leg.invite.body))
        self._up(leg)

    def _final(self, leg: PhoneLeg, code: int, contact: str = "") -> None:
        assert leg.invite is not None
        data = sip.respond(leg.invite, code, leg.local_tag, contact or self.contact, sip.Headers())
        self._answers[(leg.call_id, leg.invite.first("cseq"))] = data
        self._send(data)
        leg.code = code
        self._end(leg, "rejected", "phone")
