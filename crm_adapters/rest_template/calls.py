"""Keeps one record of each call, by the steps that a template names.

The memo is JSON: what the steps kept (``made``), and the names of those that are done once a call (``done``). What a try got done
before it failed is remembered until the process ends, so that the next try goes on behind it.
"""

from base64 import b64encode
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from crm_adapters.rest_template.client import Client
from crm_adapters.rest_template.facts import of_call
from crm_adapters.rest_template.plan import Doing, Existing, Plan
from crm_adapters.rest_template.text import written
from gateway.model.crm import CallActivity, CallStage
from gateway.model.ids import CallId
from gateway.ports.crm import CrmGoneError, CrmRefusedError, Recording

MAX_BEGUN: Final = 1_000
"""Calls of which it is remembered how far a failed try came."""
MAX_MEMO_CHARACTERS: Final = 4_000
MAX_KEPT_CHARACTERS: Final = 500
"""Of one value that a step keeps."""
MAX_BASE64_BYTES: Final = 32 * 1024 * 1024
"""Of a recording that a template sends inside JSON; what it sends as a file has no bound."""
RECORDED: Final = "recording"
"""Done once: the recording's steps."""

_STAGES: Final = list(CallStage)


class Kept(msgspec.Struct, forbid_unknown_fields=True):
    """What is remembered of a call."""

    made: dict[str, str] = {}
    done: list[str] = []


class Calls:
    """The calls of one CRM."""

    def __init__(self, plan: Plan, client: Client) -> None:
        self._plan = plan
        self._client = client
        self._begun: OrderedDict[CallId, Kept] = OrderedDict()

    async def put(self, activity: CallActivity, memo: str | None) -> str:
        """See :meth:`gateway.ports.crm.KeepsCalls.put_call`."""
        kept = await self._kept(activity, memo)
        try:
            if kept.made:
                await self._do(self._plan.update, activity, kept)
            else:
                await self._do(self._plan.create, activity, kept)
            await self._do(self._plan.then, activity, kept)
        except CrmGoneError:
            self._begun.pop(activity.call_id, None)
            raise
        return self._memo(activity.call_id, kept)

    async def of(self, call_id: CallId) -> list[str]:
        """Return the ids of a call's records."""
        assert self._plan.known is not None
        rows = await existing(self._client, self._plan.known, {"call": {"id": call_id}}, call_id)
        return [written(each.get("id")) for each in rows]

    async def withdraw(self, activity: CallActivity, memo: str) -> None:
        """See :meth:`gateway.ports.crm.WithdrawsCalls.withdraw_call`."""
        kept = await self._kept(activity, memo)
        if not kept.made:
            return
        with suppress(CrmGoneError):
            await self._do(self._plan.withdraw, activity, kept)
        self._begun.pop(activity.call_id, None)

    async def record(self, activity: CallActivity, memo: str, recording: Recording) -> str:
        """See :meth:`gateway.ports.crm.KeepsRecordings.attach_recording`."""
        kept = await self._kept(activity, memo)
        if RECORDED not in kept.done:
            await self._do(self._plan.recording, activity, kept, recording)
            kept.done.append(RECORDED)
        return self._memo(activity.call_id, kept)

    async def _kept(self, activity: CallActivity, memo: str | None) -> Kept:
        begun = self._begun.get(activity.call_id)
        kept = None if memo is None else _read(memo)
        if kept is not None:
            return kept if begun is None or len(begun.done) < len(kept.done) else begun
        if begun is not None and begun.made:
            return begun
        kept = Kept()
        if self._plan.known is not None:
            known = {"call": of_call(activity)}
            for made in await existing(self._client, self._plan.known, known, activity.call_id):
                kept.made = made
                break
        return kept

    async def _do(self, steps: Sequence[Doing], activity: CallActivity, kept: Kept, recording: Recording | None = None) -> None:
        sound: dict[str, Any] = {}
        if recording is not None:
            sound = {"file_name": recording.file_name, "content_type": recording.content_type, "size": recording.size}
            if any(each.is_in_json for each in steps):
                sound["base64"] = await _base64(self._client.name, recording)
        known: dict[str, Any] = self._client.known(call=of_call(activity), made=kept.made, recording=sound)
        for each in steps:
            step = each.step
            if _STAGES.index(activity.stage) < _STAGES.index(step.since) or (step.once is not None and step.once in kept.done):
                continue
            if each.only_if is not None and each.only_if(known) in (None, "", False):
                continue
            answer = await self._client.ask(each.request, known, recording)
            kept.made |= kept_of(self._client.name, each, {**known, "answer": answer})
            if step.once is not None:
                kept.done.append(step.once)
            self._begun[activity.call_id] = kept
            self._begun.move_to_end(activity.call_id)
            while len(self._begun) > MAX_BEGUN:
                self._begun.popitem(last=False)

    def _memo(self, call_id: CallId, kept: Kept) -> str:
        memo = msgspec.json.encode(kept).decode()
        if len(memo) > MAX_MEMO_CHARACTERS:
            raise CrmRefusedError(f"{self._client.name}: its template keeps too much of a call: keep ids only")
        self._begun.pop(call_id, None)
        return memo


async def existing(client: Client, known: Existing, words: dict[str, Any], call_id: CallId) -> list[dict[str, str]]:
    """Return what is kept of each row that a search by the call's id finds, and that has it."""
    found = []
    for row in await client.rows(known.request, client.known(**words)):
        if known.proof is None or call_id in written(known.proof({"row": row})):
            made = {name: written(text({"row": row}))[:MAX_KEPT_CHARACTERS] for name, text in known.keep.items()}
            found.append({name: value for name, value in made.items() if value})
    return [each for each in found if each]


def kept_of(name: str, doing: Doing, known: dict[str, Any]) -> dict[str, str]:
    """Return what a step keeps of its answer.

    Raises:
        CrmRefusedError: The answer has it not.
    """
    kept = {each: text(known) for each, text in doing.keep.items()}
    for each, value in kept.items():
        if value is None or value == "" or isinstance(value, dict | list) or len(written(value)) > MAX_KEPT_CHARACTERS:
            raise CrmRefusedError(f"{name}: {doing.request.method} answered no {each}: its template does not fit this CRM")
    return {each: written(value) for each, value in kept.items()}


def _read(memo: str) -> Kept | None:
    try:
        return msgspec.json.decode(memo, type=Kept)
    except msgspec.MsgspecError:
        # Of another adapter: the CRM is searched.
        return None


async def _base64(name: str, recording: Recording) -> str:
    if recording.size > MAX_BASE64_BYTES:
        raise CrmRefusedError(
            f"{name}: the recording has {recording.size} bytes; its template sends it in JSON, so at most {MAX_BASE64_BYTES}"
        )
    return b64encode(b"".join([piece async for piece in recording.read()])).decode()
