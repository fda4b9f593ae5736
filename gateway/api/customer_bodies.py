"""What is asked of ``/api/v1/customers``."""

from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.model.claims import Evidence

MAX_CUSTOMERS: Final = 500
"""Customers in one answer, about 1 kB each."""

ChannelKind = Literal["phone", "wechat", "app", "email", "web"]
"""Identities that come by a channel; see :class:`gateway.model.claims.IdentityKind`."""
CHANNEL_KINDS: Final[tuple[ChannelKind, ...]] = get_args(ChannelKind)

_Text = Annotated[str, Meta(max_length=200)]
_Tag = Annotated[str, Meta(min_length=1, max_length=50)]
_Tags = Annotated[tuple[_Tag, ...], Meta(max_length=50)]
_Id = Annotated[str, Meta(min_length=1, max_length=26)]
_Note = Annotated[str, Meta(min_length=1, max_length=20_000)]
_Label = Annotated[Annotated[str, Meta(max_length=50)] | None, Meta(description="Such as `mobile`.")]
_Language = Annotated[str, Meta(max_length=35, description="BCP 47, such as `zh-CN`.")]
_ExternalId = Annotated[str, Meta(min_length=1, max_length=200, description="What your system calls him; each once.")]
_Number = Annotated[str, Meta(min_length=1, max_length=60, description="With + and country, or as it is dialled at the PBXs.")]


class CustomersQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which customers; of the filters one at most."""

    number: Annotated[str | None, Meta(description="Who is behind this telephone number.")] = None
    identity: Annotated[str | None, Meta(description="Who has this, such as `email:w@example.com`.")] = None
    q: Annotated[
        Annotated[str, Meta(min_length=1, max_length=200)] | None, Meta(description="In name, company or external id.")
    ] = None
    limit: Annotated[int, Meta(ge=1, le=MAX_CUSTOMERS)] = 100
    cursor: Annotated[str | None, Meta(description="The `next` of the page before, with the same filters.")] = None


class NotesQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which notes."""

    limit: Annotated[int, Meta(ge=1, le=500)] = 100
    cursor: Annotated[str | None, Meta(description="The `next` of the page before.")] = None


class IdentityBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Under which a customer appears."""

    kind: ChannelKind
    value: _Number
    evidence: Annotated[Evidence, Meta(description="How well it is founded.")] = Evidence.TYPED
    label: _Label = None


class NewCustomer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer to add."""

    name: _Text | None = None
    company: _Text | None = None
    language: _Language | None = None
    vip: bool = False
    tags: _Tags = ()
    external_id: _ExternalId | None = None
    numbers: Annotated[tuple[_Number, ...], Meta(max_length=20, description="In short for identities of kind `phone`.")] = ()
    identities: Annotated[tuple[IdentityBody, ...], Meta(max_length=20)] = ()


class CustomerPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes; null empties."""

    name: _Text | UnsetType | None = UNSET
    company: _Text | UnsetType | None = UNSET
    language: _Language | UnsetType | None = UNSET
    vip: bool | UnsetType = UNSET
    tags: _Tags | UnsetType = UNSET
    external_id: _ExternalId | UnsetType | None = UNSET


class NewNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A note to write down."""

    text: _Note
    call_id: Annotated[_Id | None, Meta(description="The call in which it was written.")] = None


class NoteText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A note's next version."""

    text: _Note


class MergeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is the same person."""

    customer_id: _Id


class SharedBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What several people use."""

    kind: ChannelKind
    value: _Number
