"""What the gateway asks of a CRM's adapter. ``docs/crm-adapter-guide.md`` builds one from nothing.

An adapter is :class:`CrmAdapter` and as many of the other classes as its CRM can do; its manifest lists them
(``abilities``). The gateway does the rest: it follows the calls, remembers what it sent, tries again, keeps the CRM's quota,
and asks never two things about one call at once.

Whatever cannot be done is one of the four errors below, and nothing else is raised. **Status 200 is not success**: many CRMs
answer so and say in the body what went wrong.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from gateway.model.crm import CallActivity, ClickToCall, CrmContact, CrmUser, Made, NewContact, NewTicket
from gateway.model.errors import PeerError
from gateway.model.ids import CallId
from gateway.model.numbers import PhoneQuery


class CrmError(PeerError):
    """A CRM did not do what was asked; the text names the CRM, the cause, and the cure where there is one."""


class CrmUnavailableError(CrmError):
    """It is away, too slow, or says that we ask too often. The same is asked again."""

    retryable = True

    def __init__(self, text: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s
        """Seconds for which it wants to be left alone, where it says so (``Retry-After``)."""


class CrmDeniedError(CrmError):
    """It does not know us, or not with this right: the operator must change a key here or a right there. Asked again slowly."""

    retryable = True


class CrmRefusedError(CrmError):
    """It will not take this, however often it is asked: a field is missing there, a value is not allowed. It goes to the dead
    letters with this reason."""


class CrmGoneError(CrmRefusedError):
    """What it should change is not there any more: somebody deleted it in the CRM. It is made anew once."""


class Pace(Protocol):
    """Keeps a CRM's quota; what a person waits for goes first. The kit's HTTP client asks it before each request."""

    async def turn(self) -> None:
        """Wait until a request may be sent.

        Raises:
            CrmUnavailableError: Somebody waits for the answer, and the turn would come too late for him.
        """

    def put_off(self, seconds: float) -> None:
        """The CRM said that nothing should be asked for so long."""


class CrmSurroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway gives an adapter."""

    name: str
    """What the configuration calls it: errors begin with it."""
    pace: Pace
    now: Callable[[], float]
    """Seconds since the epoch."""
    region: str
    """ISO 3166 country in which numbers without a country are, such as ``CN``."""


class CreateCrmAdapter(Protocol):
    """``create`` of a manifest of kind ``crm_adapter``."""

    def __call__(self, settings: Any, around: CrmSurroundings) -> "CrmAdapter":
        """Make it, without touching the network; ``settings`` is of the manifest's type.

        Raises:
            ConfigurationError: It cannot work with these settings; the text names the key and the cure.
        """


class CrmAdapter(Protocol):
    """One CRM. Several things may be asked of it at once, of different calls."""

    async def check(self) -> str:
        """Sign in and look round; return what it is, such as ``EspoCRM 8.4.2 as tieline``.

        Raises:
            CrmError: It cannot be worked with; the text says what to change where.
        """

    async def close(self) -> None:
        """Let go of all connections."""


@runtime_checkable
class FindsContacts(Protocol):
    async def find(self, query: PhoneQuery) -> Sequence[CrmContact]:
        """Return everybody who may have this number, companies and leads too. What only resembles it may be among them: the
        gateway compares each of their ``numbers`` in E.164 and drops the others."""


@runtime_checkable
class KeepsCalls(Protocol):
    async def put_call(self, activity: CallActivity, memo: str | None) -> str:
        """Let the CRM have one activity of this call, and let it say this.

        Args:
            activity: All that is known now.
            memo: What this returned of the same call before. None: never, or the answer was lost on its way; so the CRM is
                searched for the call's id before anything is made, where it can be.

        Returns:
            What the adapter wants to remember of the call, such as the activity's id; at most 4,000 characters.

        Raises:
            CrmGoneError: ``memo`` names what is not there any more.
        """


@runtime_checkable
class CountsCalls(Protocol):
    async def calls_of(self, call_id: CallId) -> Sequence[str]:
        """Return the ids of all activities that the CRM has of a call."""


@runtime_checkable
class WithdrawsCalls(Protocol):
    async def withdraw_call(self, activity: CallActivity, memo: str) -> None:
        """Take the activity away: its call turned out to be a part of another. Not an error when it is gone already."""


class Recording(Protocol):
    """A call's sound."""

    @property
    def file_name(self) -> str:
        """Such as ``2026-11-23T08-15-00_+8613800138000.wav``."""

    @property
    def content_type(self) -> str:
        """Such as ``audio/wav``."""

    @property
    def size(self) -> int:
        """Bytes."""

    def read(self) -> AsyncIterator[bytes]:
        """Return it piece by piece."""


@runtime_checkable
class KeepsRecordings(Protocol):
    async def attach_recording(self, activity: CallActivity, memo: str, recording: Recording) -> str:
        """Put the sound beside the call's activity, once, however often this is asked; return the new memo."""


@runtime_checkable
class MakesContacts(Protocol):
    async def make_contact(self, new: NewContact) -> CrmContact:
        """Add a contact or a lead; who is there already with this number is returned as he is."""


@runtime_checkable
class MakesTickets(Protocol):
    async def make_ticket(self, new: NewTicket) -> Made:
        """Make a ticket; of a call that has one already (``new.call_id``) that one, where the CRM can be searched for it."""


@runtime_checkable
class ListsUsers(Protocol):
    async def users(self) -> Sequence[CrmUser]:
        """Return those who may own a call. An empty list must mean that there is nobody, not that we may not see them."""


@runtime_checkable
class PopsCards(Protocol):
    async def pop(self, activity: CallActivity, user: CrmUser, memo: str | None) -> str | None:
        """Show this user the caller's card on the CRM's own pages, at once; his telephone rings. ``memo`` is that of
        ``put_call``, where there is one. Return the new one, or None where it stays."""

    async def unpop(self, activity: CallActivity, user: CrmUser, memo: str | None) -> None:
        """Take the card off again: his telephone stopped ringing, and he did not answer."""


class CallbackAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered to a CRM that called us."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    dial: ClickToCall | None = None
    """A call to begin."""


@runtime_checkable
class TakesCallbacks(Protocol):
    async def called_back(self, headers: Mapping[str, str], body: bytes) -> CallbackAnswer:
        """Read what the CRM sent to ``POST /crm/NAME/callback``; the adapter proves by a token or a signature that it was the
        CRM (401 otherwise). At most 64 kB come."""
