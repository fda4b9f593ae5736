"""What stands in a template: which requests make which of a CRM's abilities. ``README.md`` shows one.

Texts here may have placeholders (:mod:`crm_adapters.rest_template.text`) where their docstrings say which. A *path* is where
something stands in an answer, such as ``result[0].id``; an empty one is the whole answer.
"""

from typing import Annotated, Any, Literal

import msgspec

from gateway.model.crm import CallStage

Status = Annotated[int, msgspec.Meta(ge=100, le=599)]
Word = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*$")]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class File(_Part, frozen=True, kw_only=True):
    """The recording, as a form's file."""

    field: str
    name: str = "{{recording.file_name}}"


class Ask(_Part, frozen=True, kw_only=True):
    """One request. ``json``, ``form`` and ``file`` exclude each other, but that fields of ``form`` go with a ``file``."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: str
    """Behind ``base``; what its placeholders become is percent-encoded."""
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    json: Any = None
    """A key whose placeholder finds nothing is left out."""
    form: dict[str, str] = {}
    file: File | None = None
    empty_on: tuple[Status, ...] = ()
    """Statuses that say: there is nothing. Many answer 404 to a search without a match."""


class Pages(_Part, frozen=True, kw_only=True):
    """A list that comes in pages: it is asked for until one brings nothing new."""

    query: str
    """The parameter of the page's number."""
    first: int = 1
    most: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 20


class Search(Ask, frozen=True, kw_only=True):
    """A request whose answer is a list."""

    rows: str = ""
    """Path to the list; what is no list there is one row, and nothing is none."""
    pages: Pages | None = None


class Contact(_Part, frozen=True, kw_only=True):
    """How a row becomes a contact; all are texts with ``{{row.…}}``."""

    id: str
    kind: Literal["contact", "lead", "company"] = "contact"
    name: str | None = None
    company: str | None = None
    numbers: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    email: str | None = None
    language: str | None = None
    owner: str | None = None
    url: str | None = None


class Find(Search, frozen=True, kw_only=True):
    """A search for a number, with ``{{number.e164}}``, ``.form``, ``.digits``, ``.country_code`` and ``.wildcard``
    (``%1%3%8%``)."""

    each: Literal["number", "form"] = "number"
    """``form`` asks once for each way in which the number may be written, ``{{number.form}}``."""
    forms: Annotated[int, msgspec.Meta(ge=1, le=30)] = 12
    """At most so many ways, the likeliest first."""
    contact: Contact


class Step(Ask, frozen=True, kw_only=True):
    """A request that changes something; a later one sees what it kept as ``{{made.NAME}}``."""

    keep: dict[Word, str] = {}
    """What is remembered, as texts with ``{{answer.…}}``: ``{id: "{{answer.id}}"}``."""
    since: CallStage = CallStage.RINGING
    """Not before the call has come so far."""
    only_if: str | None = None
    """Only where this text finds something: ``{{call.note}}``."""
    once: Word | None = None
    """A name under which it is remembered that this was done, so that it is done once a call."""


class Known(Search, frozen=True, kw_only=True):
    """A search for what is there already of a call, by ``{{call.id}}`` (a ticket: ``{{new.call_id}}``)."""

    keep: dict[Word, str]
    """What is remembered of a row, as texts with ``{{row.…}}``."""
    proof: str | None = None
    """A text with ``{{row.…}}`` in which the call's id must stand, where the search finds too much."""


class Calls(_Part, frozen=True, kw_only=True):
    find: Known | None = None
    """Without it, a call whose answer was lost may come twice."""
    create: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1)]
    update: tuple[Step, ...] = ()
    """When it is there already."""
    then: tuple[Step, ...] = ()
    """After either."""
    withdraw: tuple[Step, ...] = ()
    recording: tuple[Step, ...] = ()
    """With ``{{recording.file_name}}``, ``.content_type``, ``.size`` and ``.base64``, or a ``file``."""


class Make(_Part, frozen=True, kw_only=True):
    """Makes something of ``{{new.…}}``; what the steps keep must have an ``id``."""

    steps: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1)]
    find: Known | None = None
    """Of a ticket: one that the call has already."""
    url: str | None = None
    """Its page: a text with ``{{made.id}}``."""


class User(_Part, frozen=True, kw_only=True):
    """How a row becomes a user; all are texts with ``{{row.…}}``."""

    id: str
    login: str | None = None
    name: str | None = None
    email: str | None = None
    extension: str | None = None


class Users(Search, frozen=True, kw_only=True):
    user: User


class Auth(_Part, frozen=True, kw_only=True):
    """How requests prove who we are: texts with ``{{values.…}}`` and ``{{session.…}}``."""

    headers: dict[str, str] = {}
    bearer: str | None = None
    basic: str | None = None
    """Written ``user:password``, and sent in base64."""
    scheme: str = "Basic"
    """The word before it; Tryton says ``Session``."""


class SignIn(Ask, frozen=True, kw_only=True):
    """A request whose answer lets us in."""

    keep: dict[Word, str]
    """Texts with ``{{answer.…}}``; requests have them as ``{{session.NAME}}``."""
    again_on: tuple[Status, ...] = (401,)
    """Statuses that say that the session is over."""


class Failure(_Part, frozen=True, kw_only=True):
    """What in an answer says that it failed, whatever its status; the first rule that fits decides."""

    at: str
    """Path; an empty one is the whole answer, also one that is no JSON. Without one of the next three keys it fits whatever is
    neither null, false, 0 nor empty there."""
    equals: str | int | bool | None = None
    differs: str | int | bool | None = None
    """It is there, and something else."""
    matches: str | None = None
    """A regular expression that is searched there."""
    status: Status | None = None
    """Only in answers of this status."""
    reason: str = ""
    """Path to what it says of the cause."""
    means: Literal["refused", "denied", "unavailable", "gone", "empty"] = "refused"
    cure: str = ""
    """What people should do about it."""


class Check(Ask, frozen=True, kw_only=True):
    says: str
    """What it is, with ``{{answer.…}}``."""


class Template(_Part, frozen=True, kw_only=True):
    """One CRM."""

    crm: str
    """Its name, and the versions that this was written for."""
    values: dict[Word, str] = {}
    """What the operator gives, and what it is."""
    base: str
    """Begins each address, with ``{{values.url}}``."""
    auth: Auth = Auth()
    sign_in: SignIn | None = None
    headers: dict[str, str] = {}
    failed: tuple[Failure, ...] = ()
    words: dict[Word, dict[str, str]] = {}
    """The CRM's words for ours: ``{direction: {inbound: in}}`` for ``{{call.direction | direction}}``; ``default`` is for all
    others."""
    check: Check
    find: tuple[Find, ...] = ()
    calls: Calls | None = None
    contacts: Make | None = None
    tickets: Make | None = None
    users: Users | None = None
