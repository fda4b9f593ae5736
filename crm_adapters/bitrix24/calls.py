"""Calls in a Bitrix24 portal.

The portal keeps a call in three steps: ``register`` gives it a ``CALL_ID``, ``show`` and ``hide`` its card, ``finish`` writes it
into the statistics and, of a caller whom the portal knows, onto his card. So there is never an activity before ``finish``.

An answer that was lost does no harm. ``register`` returns the same ``CALL_ID`` while user, number, type, line and
``EXTERNAL_CALL_ID`` are the same and the call began less than 30 minutes ago (apidocs.bitrix24.com; which fields, by the
portal's source); else another one, and the first never becomes anything. ``finish`` forgets the call and refuses it from then
on, and it is found in the statistics. Two of them at the same moment would make two activities: none is sent before the other
was answered or given up after 20 seconds.
"""

import asyncio
import base64
import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final
from weakref import WeakValueDictionary

import msgspec

from crm_adapters._kit.memos import memo_of
from crm_adapters.bitrix24 import mapping
from crm_adapters.bitrix24.client import Bitrix24
from crm_adapters.bitrix24.events import ClickedCalls
from crm_adapters.bitrix24.mapping import Memo
from crm_adapters.bitrix24.settings import Bitrix24Settings
from gateway.model.crm import CallActivity, CallStage, CrmUser
from gateway.model.ids import CallId
from gateway.ports.crm import CrmGoneError, CrmRefusedError, CrmSurroundings, Recording

INLINE_BYTES: Final = 512 * 1024
"""Of a recording that goes within one request; a longer one goes piece by piece to an address that the portal gives."""
MAX_REMEMBERED: Final = 1_000
"""Calls whose registration is known without their memo; about 300 bytes each."""


class Calls:
    """The calls of one portal; see :mod:`gateway.ports.crm` for what is asked of it.

    Args:
        unowned: The user who gets calls of nobody.
        clicked: Calls that the portal has registered itself.
    """

    def __init__(
        self, portal: Bitrix24, settings: Bitrix24Settings, around: CrmSurroundings, unowned: int, clicked: ClickedCalls
    ) -> None:
        self._portal = portal
        self._settings = settings
        self._around = around
        self._unowned = unowned
        self._clicked = clicked
        self._registered_here: OrderedDict[CallId, Memo] = OrderedDict()
        self._turns: WeakValueDictionary[CallId, asyncio.Lock] = WeakValueDictionary()

    async def put(self, activity: CallActivity, memo: str | None) -> str:
        """Let the portal have the call, and return the new memo."""
        known = self._known(memo) or await self._registered(activity)
        if activity.stage is not CallStage.ENDED:
            return _written(known)
        if not known.done:
            known = await self._finished(activity, known)
        try:
            return _written(await self._noted(activity, known))
        except CrmGoneError as error:
            # It would be made anew, and that is once too much: what was finished is in the statistics for good.
            raise CrmRefusedError(f"{error}. Somebody deleted the call in the portal") from error

    async def of(self, call_id: CallId) -> Sequence[str]:
        """Return the ids of a call's activities, or of its rows in the statistics where it has none."""
        rows = await self._statistic({"EXTERNAL_CALL_ID": call_id})
        return [str(mapping.number_in(row.get("CRM_ACTIVITY_ID")) or row.get("ID")) for row in rows]

    async def withdraw(self, activity: CallActivity, memo: str) -> None:
        """Take a call's activity away. What stands in the statistics stays there."""
        known = self._known(memo)
        if known is None:
            return
        try:
            if known.activity is not None:
                await self._portal.call("crm.activity.delete", {"id": known.activity})
            elif not known.done:
                # What is never finished becomes no activity.
                await self._portal.call("telephony.externalCall.hide", {"CALL_ID": known.call})
        except CrmGoneError:
            return

    async def attach(self, activity: CallActivity, memo: str, recording: Recording) -> str:
        """Put the sound to the call; a second one replaces the first."""
        if not recording.file_name.lower().endswith((".wav", ".mp3")):
            raise CrmRefusedError(f"{self._around.name}: Bitrix24 takes wav and mp3, and not {recording.file_name!r}")
        memo = await self.put(activity, memo)
        said: dict[str, Any] = {"CALL_ID": memo_of(memo, Memo, self._around.name).call, "FILENAME": recording.file_name}
        if recording.size <= INLINE_BYTES:
            sound = b"".join([piece async for piece in recording.read()])
            said["FILE_CONTENT"] = base64.b64encode(sound).decode("ascii")
        try:
            answer = await self._portal.call("telephony.externalCall.attachRecord", said)
        except CrmGoneError as error:
            raise CrmRefusedError(f"{error}. Somebody deleted the call in the portal") from error
        there = answer if isinstance(answer, dict) else {}
        if recording.size > INLINE_BYTES:
            url, field = str(there.get("uploadUrl") or ""), str(there.get("fieldName") or "file")
            done = await self._portal.upload(url, field, recording.file_name, recording.content_type, recording.read())
            there = done if isinstance(done, dict) else {}
        if mapping.number_in(there.get("FILE_ID")) is None:
            raise CrmRefusedError(f"{self._around.name}: telephony.externalCall.attachRecord kept no file")
        return memo

    async def pop(self, activity: CallActivity, user: CrmUser, memo: str | None) -> str | None:
        """Show the call's card to one user."""
        known = self._known(memo)
        if known is None:
            known = await self._registered(activity)
        if await self._portal.call("telephony.externalCall.show", _card(known, user)) is not True:
            self._forget(activity.call_id)
            raise CrmGoneError(f"{self._around.name}: the portal does not know call {known.call} any more")
        return _written(known) if memo is None else None

    async def unpop(self, activity: CallActivity, user: CrmUser, memo: str | None) -> None:
        """Hide it from him."""
        known = self._known(memo)
        if known is not None and not known.done:
            await self._portal.call("telephony.externalCall.hide", _card(known, user))

    async def _registered(self, activity: CallActivity) -> Memo:
        """Return the call as the portal has it, registered now where it has not.

        A card may be wanted while the call is being registered, for another user: the portal would take it for a second call.
        """
        turn = self._turns.setdefault(activity.call_id, asyncio.Lock())
        async with turn:
            known = self._registered_here.get(activity.call_id)
            if known is None:
                known = await self._register(activity)
                self._registered_here[activity.call_id] = known
                if len(self._registered_here) > MAX_REMEMBERED:
                    self._registered_here.popitem(last=False)
            return known

    def _forget(self, call_id: CallId) -> None:
        """The portal does not know the call any more."""
        self._registered_here.pop(call_id, None)
        self._clicked.drop(call_id)

    async def _register(self, activity: CallActivity) -> Memo:
        clicked = self._clicked.take(activity, self._around.now())
        if clicked is not None and clicked.call is not None:
            return Memo(call=clicked.call, entity=clicked.entity)
        if activity.stage is CallStage.ENDED:
            # Only then may it be finished already, by a request whose answer was lost.
            for row in await self._statistic({"EXTERNAL_CALL_ID": activity.call_id}):
                return _of_row(str(row.get("CALL_ID") or ""), row)
        if activity.number is None:
            raise CrmRefusedError(f"{self._around.name}: Bitrix24 keeps no call without a number, and this caller's is withheld")
        settings = self._settings
        asked = mapping.register_of(
            activity, user=self._unowned, create=settings.create, source=settings.source, chat=settings.chat, clicked=clicked
        )
        answer = await self._portal.call("telephony.externalCall.register", asked)
        said = answer if isinstance(answer, dict) else {}
        call = said.get("CALL_ID")
        if not isinstance(call, str) or not call:
            raise CrmRefusedError(f"{self._around.name}: telephony.externalCall.register answered no CALL_ID")
        return Memo(call=call, entity=mapping.entity_named(said))

    async def _finished(self, activity: CallActivity, known: Memo) -> Memo:
        asked = mapping.finish_of(activity, known.call, user=self._unowned, chat=self._settings.chat)
        try:
            answer = await self._portal.call("telephony.externalCall.finish", asked)
        except CrmGoneError:
            for row in await self._statistic({"CALL_ID": known.call}):
                return _of_row(known.call, row)
            self._forget(activity.call_id)
            raise
        return _of_row(known.call, answer if isinstance(answer, dict) else {})

    async def _noted(self, activity: CallActivity, known: Memo) -> Memo:
        """Put what was said of the call beside it; each text once."""
        entity = None if known.entity is None else mapping.entity_of(known.entity)
        note = mapping.note_of(activity)
        if known.activity is not None and entity is not None and note is not None and _digest(note) != known.note:
            asked = {
                "ownerTypeId": mapping.ENTITY_TYPES[entity[0]],
                "ownerId": entity[1],
                "itemType": 2,
                "itemId": known.activity,
                "text": note,
            }
            await self._portal.call("crm.timeline.note.save", asked)
            known = msgspec.structs.replace(known, note=_digest(note))
        turns = mapping.messages_of(activity.transcript or "")
        if turns and _digest(activity.transcript or "") != known.transcript:
            await self._portal.call("telephony.call.attachTranscription", {"CALL_ID": known.call, "MESSAGES": turns})
            known = msgspec.structs.replace(known, transcript=_digest(activity.transcript or ""))
        return known

    def _known(self, memo: str | None) -> Memo | None:
        return None if memo is None else memo_of(memo, Memo, self._around.name)

    async def _statistic(self, only: Mapping[str, str]) -> list[dict[str, Any]]:
        rows = await self._portal.call("voximplant.statistic.get", {"FILTER": dict(only)})
        # A portal that does not know the field answers with everything.
        found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return [row for row in found if all(row.get(key) == value for key, value in only.items())]


def _of_row(call: str, row: Mapping[str, Any]) -> Memo:
    """Return what an answer of ``finish`` or a row of the statistics says of a finished call."""
    return Memo(
        call=call,
        done=True,
        activity=mapping.number_in(row.get("CRM_ACTIVITY_ID")),
        entity=mapping.entity_named(row),
    )


def _card(known: Memo, user: CrmUser) -> dict[str, Any]:
    return {"CALL_ID": known.call, "USER_ID": mapping.number_in(user.id) or 0}


def _written(memo: Memo) -> str:
    return msgspec.json.encode(memo).decode()


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()
