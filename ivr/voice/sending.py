"""Sends a caller to whom the dialog hands him over: by his number, or through the old menu where that stays."""

import time
from collections.abc import Mapping
from typing import Final

import structlog

from gateway.model.errors import CommandError, CommandUnansweredError, PeerUnavailableError
from gateway.ports.media import DrivableSession, MediaSession
from ivr.definition.values import Dialog, Target
from ivr.driving import NoWayError, OldMenus, way_to
from ivr.voice.driver import Refuge, drive
from ivr.voice.settings import VoiceSettings

HANDED_OVER: Final = "handed_over"
NOT_PUT_THROUGH: Final = "not_put_through"
DRIVEN: Final = "driven"
"""Begins the outcome of a caller who was led through the old menu: ``driven_arrived``."""

_log = structlog.get_logger()


class Sender:
    """One session's."""

    def __init__(self, dialog: Dialog, session: MediaSession, settings: VoiceSettings) -> None:
        self._dialog = dialog
        self._session = session
        self._settings = settings

    async def send(self, target: Target, node: str, context: Mapping[str, str]) -> str:
        """Send him, or to the dialog's human where that cannot be; return how it ended.

        Args:
            node: Where the dialog stands: the old menu is driven to there, if it is driven.
        """
        driven = await self._drive(node, context)
        if driven is not None:
            return driven
        numbers = (number_of(target, self._settings), number_of(self._dialog.human, self._settings))
        for to in dict.fromkeys(each for each in numbers if each is not None):
            try:
                await self._session.transfer(to, context)
            except (CommandError, PeerUnavailableError) as error:
                _log.error("caller_not_put_through", session=self._session.info.id, to=to, reason=str(error))
                if isinstance(error, CommandUnansweredError):
                    break  # it may have been done: nobody is sent twice
            else:
                return HANDED_OVER
        return NOT_PUT_THROUGH

    async def _drive(self, node: str, context: Mapping[str, str]) -> str | None:
        """Lead him through the old menu; None where it is not driven, or leads nowhere near; or he was led astray before."""
        drives = self._settings.drive
        if drives is None or not node or not isinstance(self._session, DrivableSession):
            return None
        old = OldMenus(names=drives.menus)
        try:
            way_to(self._dialog, node, old)
            call = await self._session.drive(drives.to, context)
        except NoWayError as error:
            _log.warning("old_menu_not_driven", node=node, reason=str(error))
            return None
        except (CommandError, PeerUnavailableError) as error:
            _log.error("old_menu_not_driven", node=node, to=drives.to, reason=str(error))
            return NOT_PUT_THROUGH if isinstance(error, CommandUnansweredError) else None
        if call is None:
            return None
        refuge = Refuge(back=drives.back, human=number_of(self._dialog.human, self._settings), context=context)
        return f"{DRIVEN}_{await drive(self._dialog, node, old, call, refuge, now=time.monotonic)}"


def number_of(target: Target, settings: VoiceSettings) -> str | None:
    """Return what is dialled at the PBX to reach somebody; None where nobody says."""
    if target.number is not None:
        return target.number
    if target.agent is not None:
        return target.agent
    queue = target.queue or ""
    return settings.queues.get(queue, queue if queue.isdecimal() else None)


def unreachable(dialog: Dialog, settings: VoiceSettings) -> list[str]:
    """Return the queues of a dialog that nothing is dialled for."""
    targets = [dialog.human, *(node.transfer for node in dialog.nodes.values() if node.transfer is not None)]
    return sorted({each.queue for each in targets if each.queue is not None and number_of(each, settings) is None})
