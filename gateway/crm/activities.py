"""Puts together what a CRM is told of a call: the call as it is now, who is on its ends, what was written of it, its sound."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from hashlib import blake2b
from typing import Protocol

import msgspec
import structlog

from gateway.crm.lookups import Lookups
from gateway.crm.users import CrmUsers
from gateway.model.calls import Call
from gateway.model.crm import CallActivity, CrmContact, RecordingLink
from gateway.model.crm_calls import CrmRules, activity_of, agent_of, chosen
from gateway.model.customers import outside_number
from gateway.model.desk import calls_within
from gateway.model.dispositions import Disposition
from gateway.model.errors import RecordingError, StorageError
from gateway.model.ids import CallId, Tenant
from gateway.model.recordings import Recording, RecordingState
from gateway.model.site import Site
from gateway.ports.crm import CrmRefusedError
from gateway.ports.desk import DeskStore
from gateway.ports.recordings import Audio

_log = structlog.get_logger()


class Library(Protocol):
    """Where sounds are."""

    def audio(self, recording: Recording, *, original: bool) -> Audio | None:
        """Return the sound of an available recording."""


class Sounds:
    """Recordings, as CRMs are given them.

    Args:
        of_calls: Returns the recordings of these calls, the first one first.
        library: Has their sounds.
        address: Returns the gateway's own for browsers, with a stroke at its end.
    """

    def __init__(
        self,
        of_calls: Callable[[Tenant, Sequence[CallId]], Awaitable[Sequence[Recording]]],
        library: Library,
        address: Callable[[], str],
    ) -> None:
        self._of_calls = of_calls
        self._library = library
        self._address = address

    async def of(self, call: Call) -> Recording | None:
        """Return the recording of a call, or of one that became a part of it; the longest where there are several.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        found = await self._of_calls(call.tenant, calls_within(call))
        there = [each for each in found if each.state is RecordingState.AVAILABLE and each.sound is not None]
        return max(there, key=lambda each: (each.sound.duration_s or 0.0) if each.sound else 0.0, default=None)

    def link(self, recording: Recording) -> RecordingLink:
        """Return where a browser hears it, once it has signed in."""
        seconds = None if recording.sound is None else recording.sound.duration_s
        return RecordingLink(url=f"{self._address()}api/v1/recordings/{recording.id}/audio", seconds=seconds)

    def sound(self, recording: Recording) -> "Sound | None":
        """Return its sound; None where it cannot be read."""
        audio = self._library.audio(recording, original=False)
        return None if audio is None else Sound(audio)


class Sound:
    """See :class:`gateway.ports.crm.Recording`."""

    def __init__(self, audio: Audio) -> None:
        self._audio = audio
        self.file_name = audio.file_name
        self.content_type = audio.media_type
        self.size = audio.size
        self.problem: str | None = None
        """Why it could not be read to its end: what an adapter says then is not the CRM's doing."""

    async def read(self) -> AsyncIterator[bytes]:
        """Return it piece by piece."""
        try:
            async with aclosing(self._audio.read(0, self._audio.size)) as pieces:
                async for piece in pieces:
                    yield piece
        except (RecordingError, StorageError, OSError) as error:
            self.problem = str(error)
            raise


class Activities:
    """Makes the activities of one CRM.

    Args:
        rules: What it is told.
        lookups: Knows whom it has.
        users: Knows who works with it.
        desk: Has what was written about calls.
        dispositions: Returns the list by which they are filed.
        sounds: Has their recordings.
        names: Returns people's names by extension.
        is_shared: Tells whether a number is known to be several people's.
    """

    def __init__(
        self,
        rules: CrmRules,
        lookups: Lookups,
        users: CrmUsers,
        *,
        desk: DeskStore,
        dispositions: Callable[[], Awaitable[Sequence[Disposition]]],
        sounds: Sounds,
        names: Callable[[Call], Mapping[str, str]],
        is_shared: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._rules = rules
        self._lookups = lookups
        self._users = users
        self._desk = desk
        self._dispositions = dispositions
        self._sounds = sounds
        self._names = names
        self._is_shared = is_shared

    async def of(
        self, call: Call, site: Site, contact: CrmContact | None, *, afresh: bool = False
    ) -> tuple[CallActivity, Recording | None]:
        """Return a call's activity, and its recording where it is there.

        Args:
            contact: Whom the agent chose; None lets the rules choose.
            afresh: What is remembered of who calls and who works there may be wrong.

        Raises:
            CrmError: The CRM does not say who calls, or who works with it.
            StoreUnavailableError: The store does not answer.
        """
        number = outside_number(call, site)
        if afresh:
            self._users.doubt()
            self._lookups.forget(number or "")
        owner = await self._users.at(agent_of(call, site, self._rules))
        if contact is None and number is not None:
            contact = chosen(await self._having(number), self._rules, owner=owner, shared=await self._is_shared(number))
        work = await self._desk.work(call.tenant, calls_within(call))
        dispositions = await self._dispositions() if any(each.disposition for each in work) else ()
        recording = None if self._rules.recordings == "none" or not call.ended else await self._sounds.of(call)
        activity = activity_of(
            call,
            site,
            self._rules,
            contact=contact,
            owner=owner,
            names=self._names(call),
            work=work,
            dispositions={each.id: getattr(each.label, self._rules.language) for each in dispositions},
            recording=None if recording is None else self._sounds.link(recording),
        )
        return activity, recording

    async def _having(self, number: str) -> Sequence[CrmContact]:
        """Return whom the CRM knows with a number: nobody where it will not say, for the call is told all the same."""
        try:
            return await self._lookups.find(number, urgent=False)
        except CrmRefusedError as error:
            _log.warning("crm_does_not_say_who_called", reason=str(error))
            return ()

    def sound(self, recording: Recording) -> Sound | None:
        """Return a recording's sound; None where it cannot be read."""
        return self._sounds.sound(recording)


def digest_of(activity: CallActivity) -> str:
    """Return what changes with what an activity says."""
    # When a contact was spoken to last changes by our own telling.
    contact = None if activity.contact is None else CrmContact(id=activity.contact.id)
    return blake2b(msgspec.json.encode(msgspec.structs.replace(activity, contact=contact)), digest_size=16).hexdigest()
