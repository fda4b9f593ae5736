"""The voice sessions of one PBX: who may bring one, whose leg it is, and the application that talks."""

import asyncio
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address, ip_network
from typing import Final, Protocol

import structlog

from connectors._kit.voice import Said
from gateway.model.ids import LegId, PbxName
from gateway.ports.media import CallApplication, LegCommands, MediaSession

LEG_KNOWN_S: Final = 1.0
"""Seconds in which the PBX's events tell of a leg whose voice is here already."""

_log = structlog.get_logger()


class ServedSession(MediaSession, Protocol):
    """A session that can be given back."""

    @property
    def mouth(self) -> Said:
        """Sends what is said while it runs."""

    async def leave(self) -> None:
        """Give the caller back to the PBX's own plan, if he is still here."""


class VoiceSessions:
    """See the module.

    Args:
        allow: Addresses and networks that are listened to.
        max_calls: At once.
    """

    def __init__(
        self, pbx: PbxName, allow: Sequence[str], max_calls: int, application: CallApplication, commands: LegCommands
    ) -> None:
        self.pbx = pbx
        self.commands = commands
        self._application = application
        self._allowed = [ip_network(network, strict=False) for network in allow]
        self._max_calls = max_calls
        self._live = 0

    def may_come(self, host: str) -> bool:
        """Tell whether this address is listened to."""
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return False
        # IPv4 that comes to an IPv6 socket is ::ffff:a.b.c.d.
        mapped = getattr(address, "ipv4_mapped", None)
        allowed = any((mapped or address) in network for network in self._allowed)
        if not allowed:
            _log.warning("media_from_elsewhere", pbx=self.pbx, address=host, cure="add it to `allow` if it is your PBX")
        return allowed

    async def leg(self, is_it: Callable[[LegId], bool]) -> LegId | None:
        """Return the live leg that it is; None when the PBX told of none in time."""
        return await self.commands.find(is_it, LEG_KNOWN_S)

    def has_room(self) -> bool:
        """Tell whether one more call may come."""
        if self._live >= self._max_calls:
            _log.warning("media_full", pbx=self.pbx, calls=self._live, cure="raise `max_calls`")
        return self._live < self._max_calls

    async def serve(self, session: ServedSession) -> None:
        """Let the application talk until it is done or the caller has gone, then give him back to the PBX's own plan.

        Cancelling ends the session at once.
        """
        self._live += 1
        began = time.monotonic()
        info = session.info
        log = _log.bind(pbx=self.pbx, session=info.id, way=info.way, leg=info.leg)
        log.info("media_began")
        try:
            async with asyncio.TaskGroup() as tasks:
                pace = tasks.create_task(session.mouth.run(), name=f"{info.id}.say")
                try:
                    await self._application.run(session)
                except Exception:  # an application's fault costs this one call
                    log.exception("media_application_failed")
                await session.leave()
                pace.cancel()
        finally:
            self._live -= 1
            ended = session.ended
            how = {} if ended is None else {"by": ended.by, "detail": ended.detail}
            log.info("media_ended", lasted_s=round(time.monotonic() - began, 1), dropped_frames=session.dropped, **how)
