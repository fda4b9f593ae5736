"""People who sign in: what is kept of each, and what may be said of one."""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Annotated, Final, Literal, NewType

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.model.ids import DEFAULT_TENANT, PbxName, Tenant
from gateway.model.principals import Principal, Role
from gateway.model.roles import SCOPES_OF
from gateway.model.site import Site
from gateway.model.tokens import DeviceNumber

UserId = NewType("UserId", str)
"""A ULID."""

MAX_LOGIN_CHARACTERS: Final = 100
MAX_NAME_CHARACTERS: Final = 100

Login = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_LOGIN_CHARACTERS,
        pattern=r"^[^\s\x00-\x1f\x7f]+(?![\s\S])",  # in Python `$` would leave a line end unseen
        description="What a person signs in with; small and capital letters are the same.",
    ),
]
PersonName = Annotated[
    str,
    Meta(
        min_length=1, max_length=MAX_NAME_CHARACTERS, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*(?![\s\S])"
    ),
]
Language = Literal["en", "zh"]
Theme = Literal["light", "dark", "system"]
Pop = Literal["ringing", "answered", "never"]


class UserSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a person likes his pages."""

    language: Language | None = None
    """None takes the browser's."""
    theme: Theme = "system"
    sound: bool = True
    """Whether a call is heard in the browser."""
    notifications: bool = False
    """Whether the browser tells of a call when its page is not seen."""
    pop: Pop | None = None
    """When a call is shown by itself, where the configuration allows it; None is as configured."""


class SettingsChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New settings; what is left out stays."""

    language: Language | UnsetType | None = UNSET
    theme: Theme | UnsetType = UNSET
    sound: bool | UnsetType = UNSET
    notifications: bool | UnsetType = UNSET
    pop: Pop | UnsetType | None = UNSET


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person. Times are seconds since the epoch."""

    id: UserId
    login: str
    name: str
    role: Role
    pbx: PbxName | None = None
    extension: str | None = None
    password: str | None = None
    """Its hash in PHC's form (``$argon2id$…``); None lets nobody in by password."""
    one_time: bool = False
    """Whether somebody else chose the password: it lets in, and nothing is done with it but choosing another."""
    settings: UserSettings = UserSettings()
    disabled: bool = False
    failures: int = 0
    """Wrong passwords since the last right one, from addresses that are not his."""
    locked_until: float | None = None
    oidc_issuer: str | None = None
    oidc_subject: str | None = None
    """Who this is for a company's OpenID provider."""
    tenant: Tenant = DEFAULT_TENANT
    created_at: float
    created_by: str
    last_sign_in_at: float | None = None

    @property
    def principal_id(self) -> str:
        """What audits name him by."""
        return f"user:{self.id}"

    def principal(self, session: str) -> Principal:
        """Return who he is in one of his sessions."""
        is_agent = self.role is Role.AGENT
        return Principal(
            id=self.principal_id,
            name=self.name,
            login=self.login,
            role=self.role,
            scopes=frozenset() if self.one_time else SCOPES_OF[self.role],
            extension=self.extension,
            pbx=self.pbx,
            may_act_for_others=not is_agent,
            sees_own_only=is_agent,
            session=session,
            tenant=self.tenant,
        )


class NewUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user shall be."""

    login: Login
    name: PersonName
    role: Role
    pbx: str | None = None
    """Where the extension is; may be left out where there is only one PBX."""
    extension: DeviceNumber | None = None
    """The telephone of an agent; a supervisor may have one too, to listen with."""
    language: Language | None = None


class UserChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall be another way; what is left out stays."""

    login: Login | UnsetType = UNSET
    name: PersonName | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    pbx: str | UnsetType | None = UNSET
    extension: DeviceNumber | UnsetType | None = UNSET
    language: Language | UnsetType | None = UNSET
    disabled: bool | UnsetType = UNSET


def login_key(login: str) -> str:
    """Return what a login is found by: the same for every way to write it."""
    return unicodedata.normalize("NFKC", login).strip().casefold()


def with_settings(user: User, change: SettingsChange) -> User:
    """Return the user with these settings changed."""
    given = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    return msgspec.structs.replace(user, settings=msgspec.structs.replace(user.settings, **given))


def with_change(user: User, change: UserChange) -> User:
    """Return the user as he shall be."""
    given = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    settings = user.settings
    if "language" in given:
        settings = msgspec.structs.replace(settings, language=given.pop("language"))
    return msgspec.structs.replace(user, settings=settings, **given)


def lack(user: User, sites: Mapping[PbxName, Site]) -> str | None:
    """Say what is missing or wrong in a user, by his role and what the PBXs have; None when nothing is."""
    if user.role is Role.AGENT and user.extension is None:
        return "an agent has an extension: it is his own calls that he sees and steers"
    if user.extension is not None and user.pbx is None:
        return f"say at which PBX the extension is: {', '.join(sites)}"
    if user.pbx is not None and user.pbx not in sites:
        return f"no PBX is called {user.pbx!r}; there is: {', '.join(sites)}"
    if user.extension is not None and user.pbx is not None and not sites[user.pbx].is_extension(user.extension):
        return f"{user.extension!r} is no extension of {user.pbx}: its `site.extensions` is {sites[user.pbx].extensions}"
    return None


def made(wanted: NewUser, user_id: UserId, *, password: str | None, one_time: bool, created_by: str, now: float) -> User:
    """Return a new user; ``password`` is a hash."""
    return User(
        id=user_id,
        login=wanted.login,
        name=wanted.name,
        role=wanted.role,
        pbx=None if wanted.pbx is None else PbxName(wanted.pbx),
        extension=wanted.extension,
        password=password,
        one_time=one_time,
        settings=UserSettings(language=wanted.language),
        created_at=now,
        created_by=created_by,
    )


def seated_at(users: Iterable[User], pbx: PbxName, extension: str) -> User | None:
    """Return who sits at an extension; where several share it, who signed in last."""
    there = [user for user in users if (user.pbx, user.extension, user.disabled) == (pbx, extension, False)]
    return max(there, key=lambda user: (user.last_sign_in_at or 0.0, user.id), default=None)


def at_only_pbx(user: User, pbxs: Iterable[PbxName]) -> User:
    """Return the user at the one PBX that there is, where nobody said at which his extension is."""
    known = tuple(pbxs)
    if user.extension is None or user.pbx is not None or len(known) != 1:
        return user
    return msgspec.structs.replace(user, pbx=known[0])


def differences(before: User, after: User) -> str:
    """Say for an audit what has changed: ``role agent -> supervisor``."""
    told = []
    for name in ("login", "name", "role", "pbx", "extension", "disabled"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            told.append(f"{name} {'-' if old is None else old} -> {'-' if new is None else new}")
    if before.settings != after.settings:
        told.append("settings")
    return ", ".join(told) or "nothing"
