"""The connection that takes commands: kept beside the one that brings events, so that neither waits for the other."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID

from connectors._kit.backoff import Backoff
from connectors._kit.drain import Drain
from connectors._kit.stream import open_stream
from connectors.freeswitch_esl.keepalive import keep_alive
from connectors.freeswitch_esl.link import JOB, EslLink
from connectors.freeswitch_esl.login import Rights, enter
from connectors.freeswitch_esl.protocol.commands import encode_command
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.settings import FreeswitchSettings
from gateway.model.errors import PeerProtocolError, PeerRefusedError, PeerUnavailableError, TielineError
from gateway.model.ids import PbxName

_UUID_BITS: Final = 128
_MEMORY_BYTES: Final = 16 * 1024 * 1024


class CommandLink:
    """One FreeSWITCH's command connection; it outlives drops while :meth:`run` runs."""

    def __init__(
        self, pbx: PbxName, settings: FreeswitchSettings, state_dir: Path, clock: Callable[[], float], random: Random
    ) -> None:
        self._pbx = pbx
        self._settings = settings
        self._state_dir = state_dir
        self._clock = clock
        self._random = random
        self._link: EslLink | None = None
        self._rights: Rights | None = None

    @property
    def rights(self) -> Rights | None:
        """What our user may do; None while it is not connected."""
        return None if self._link is None else self._rights

    @property
    def is_ready(self) -> bool:
        """Whether it is connected and logged in."""
        return self._link is not None

    async def job(self, command: str, timeout_s: float, before: Callable[[bytes], Awaitable[None]], job_id: str = "") -> str:
        """Run an ``api`` command in the background, once, and return what it printed.

        Args:
            command: Such as ``uuid_kill UUID``.
            timeout_s: Seconds to wait for the result.
            before: Awaited with the command's bytes before they are sent.
            job_id: Its Job-UUID; empty takes one by chance.

        Raises:
            PeerUnavailableError: There is no connection. Nothing was sent.
            CommandRefusedError: It was not sent, or FreeSWITCH does not take it.
            CommandUnansweredError: No result came in time. Whether it was done is not known.
        """
        link = self._link
        if link is None:
            raise PeerUnavailableError(f"{self._pbx} is not connected for commands")
        job_id = job_id or str(UUID(int=self._random.getrandbits(_UUID_BITS), version=4))
        await before(encode_command("bgapi", command, [("Job-UUID", job_id)]))
        return await link.job(command, job_id, timeout_s)

    async def run(self, remark: Callable[[str], None]) -> None:
        """Keep connected until cancelled.

        Args:
            remark: Called with what is wrong, for the operator; and with nothing when all is well again.
        """
        retry = Backoff(self._settings.retry_min_s, self._settings.retry_max_s, self._random)

        def ready() -> None:
            remark("")
            retry.reset()

        while True:
            try:
                stream = await open_stream(self._settings.where)
            except TielineError as error:
                failure: TielineError = error
            else:
                failure = await self._live(stream, ready)
            remark(f"no commands go out: {failure}")
            await asyncio.sleep(retry.next_s())

    async def _live(self, stream: tuple[asyncio.StreamReader, asyncio.StreamWriter], ready: Callable[[], None]) -> TielineError:
        decoder = EslDecoder(frozenset({JOB}), self._settings.site.encoding_fallback)
        drain = Drain(self._state_dir, _MEMORY_BYTES, self._settings.spool_bytes, lambda _: None)
        link = EslLink(stream, drain, decoder, self._clock)
        try:
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(link.read(), name=f"{self._pbx}.commands.read")
                talking = tasks.create_task(self._talk(link, ready), name=f"{self._pbx}.commands.talk")
                await self._consume(link)
                link.answer_nothing_more()
                reading.cancel()
                talking.cancel()
        finally:
            self._link = None
            link.answer_nothing_more()
            link.drain.close()
        assert link.failure is not None
        return link.failure

    async def _consume(self, link: EslLink) -> None:
        try:
            while pieces := await link.drain.take():
                for piece in pieces:
                    for message in link.decoder.receive_data(piece.data):
                        link.take_note(message)
                await asyncio.sleep(0)
        except PeerProtocolError as error:
            link.fail(error)

    async def _talk(self, link: EslLink, ready: Callable[[], None]) -> None:
        try:
            self._rights = await enter(link, self._settings, self._pbx)
            reply = await link.ask("event", f"plain {JOB}", self._settings.command_timeout_s)
            if not reply.name.startswith("+OK"):
                raise PeerRefusedError(f"the user may not hear {JOB}, by which results come: add it to `esl-allowed-events`")
            self._link = link
            ready()
            await keep_alive(link, self._settings)
        except TielineError as error:
            self._link = None
            link.fail(error)
