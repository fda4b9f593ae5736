"""``tieline user add|list|password|disable|enable|unlock|sessions|revoke``: which people may sign in, in the database that a
configuration names. As with tokens, it works beside a gateway that runs, which knows within seconds of what has changed."""

import argparse
import asyncio
import getpass
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from secrets import token_bytes

import msgspec

from gateway.api.passwords import Passwords, one_time
from gateway.api.user_views import session_view, user_view
from gateway.cli.client import print_json
from gateway.cli.tables import day_of, table
from gateway.cli.token import refuse_strangers_file
from gateway.model.access import AccessEntry, AccessKind, entry_of
from gateway.model.errors import ConfigurationError, UsageError
from gateway.model.ids import DEFAULT_TENANT, TAIL_BYTES, PbxName, ulid
from gateway.model.passwords import weakness
from gateway.model.sessions import SessionId, SessionRules
from gateway.model.site import Site
from gateway.model.tokens import COMMAND_LINE
from gateway.model.users import NewUser, User, UserId, at_only_pbx, lack, made
from gateway.settings.folders import state_folder
from gateway.settings.load import load_settings
from gateway.store.database import Database
from gateway.store.opening import database_of, make_ready
from gateway.store.urls import MEMORY
from gateway.store.users import SqlUsers


class _Book:
    """The users of a configuration.

    Args:
        users: Beside a gateway, perhaps.
        sites: The PBXs and what their numbers mean.
        rules: How long sessions last.
    """

    def __init__(self, users: SqlUsers, sites: Mapping[PbxName, Site], rules: SessionRules) -> None:
        self.users = users
        self.sites = sites
        self.rules = rules

    async def found(self, login: str) -> User:
        """Return the user who signs in so.

        Raises:
            UsageError: There is none.
        """
        user = await self.users.by_login(DEFAULT_TENANT, login)
        if user is None:
            raise UsageError(f"nobody signs in as {login!r}: `tieline user list` shows who there is")
        return user


def run(options: argparse.Namespace) -> int:
    """Do what was asked with the configured database."""
    settings = load_settings(options.config)
    if settings.store.url == MEMORY:
        raise ConfigurationError(f"{options.config} keeps nothing (store.url), so it would forget its users with each start")
    database = database_of(settings.store.url, settings.store.password, state_folder(settings.state_dir))
    refuse_strangers_file(database)
    sites = {entry.pbx: entry.site for entry in settings.connectors}
    book = _Book(SqlUsers(database, beside_gateway=True), sites, settings.api.sessions)
    asyncio.run(_with(database, book, options))
    return 0


async def _with(database: Database, book: _Book, options: argparse.Namespace) -> None:
    try:
        await make_ready(database)
        await _WORK[options.command.removeprefix("user ")](book, options)
    finally:
        await database.close()


async def _add(book: _Book, options: argparse.Namespace) -> None:
    given = {name: getattr(options, name) for name in ("login", "role", "pbx", "extension", "language")}
    given["name"] = options.name or options.login
    try:
        wanted = msgspec.convert(given, NewUser)
    except msgspec.ValidationError as error:
        raise UsageError(f"such a user cannot be made: {error}") from error
    now = time.time()
    user_id = UserId(ulid(now, token_bytes(TAIL_BYTES)))
    user = made(wanted, user_id, password=None, one_time=False, created_by=COMMAND_LINE, now=now)
    user = at_only_pbx(user, book.sites)
    reason = lack(user, book.sites)
    if reason is not None:
        raise UsageError(f"such a user cannot be made: {reason}")
    password, is_own = _password(options, user)
    user = msgspec.structs.replace(user, password=await Passwords().hashed(password), one_time=not is_own)
    if not await book.users.add(user, _entry(AccessKind.USER_MADE, user, f"{user.login}, {user.role}")):
        raise UsageError(f"somebody signs in as {user.login!r} already")
    shown = None if is_own else password
    if options.json:
        print_json(msgspec.to_builtins(user_view(user)) | {"one_time_password": shown})
        return
    sys.stdout.write(f"{user.name} may sign in as {user.login}, with the role {user.role}.\n")
    _show_password(shown)


async def _list(book: _Book, options: argparse.Namespace) -> None:
    users = await book.users.all(DEFAULT_TENANT)
    if options.json:
        print_json([msgspec.to_builtins(user_view(user)) for user in users])
        return
    now = time.time()
    rows = [
        (
            user.login,
            user.name,
            user.role,
            "" if user.extension is None else f"{user.extension} at {user.pbx}",
            _state(user, now),
            "never" if user.last_sign_in_at is None else day_of(user.last_sign_in_at),
        )
        for user in users
    ]
    sys.stdout.write(table(("login", "name", "role", "desk", "state", "last signed in"), rows))


async def _set_password(book: _Book, options: argparse.Namespace) -> None:
    user = await book.found(options.login)
    password, is_own = _password(options, user)
    kept = await Passwords().hashed(password)
    await book.users.change(
        user.tenant,
        user.id,
        lambda now: msgspec.structs.replace(now, password=kept, one_time=not is_own, failures=0, locked_until=None),
        _entry(AccessKind.PASSWORD_SET, user, "at the command line"),
    )
    await book.users.end(user.tenant, user.id, time.time())
    shown = None if is_own else password
    if options.json:
        print_json({"one_time_password": shown})
        return
    sys.stdout.write(f"{user.name} is signed out, and has another password.\n")
    _show_password(shown)


async def _switch(book: _Book, options: argparse.Namespace) -> None:
    user = await book.found(options.login)
    disabled = options.command == "user disable"
    entry = _entry(AccessKind.USER_DISABLED if disabled else AccessKind.USER_ENABLED, user, "at the command line")
    changed = await book.users.change(user.tenant, user.id, lambda now: msgspec.structs.replace(now, disabled=disabled), entry)
    if disabled:
        await book.users.end(user.tenant, user.id, time.time())
    _told(options, changed or user, "may not sign in any more" if disabled else "may sign in again")


async def _unlock(book: _Book, options: argparse.Namespace) -> None:
    user = await book.found(options.login)
    entry = _entry(AccessKind.USER_UNLOCKED, user, "at the command line")
    changed = await book.users.change(
        user.tenant, user.id, lambda now: msgspec.structs.replace(now, failures=0, locked_until=None), entry
    )
    _told(options, changed or user, "is locked no more")


async def _sessions(book: _Book, options: argparse.Namespace) -> None:
    user, now = await book.found(options.login), time.time()
    sessions = [each for each in await book.users.sessions(user.tenant, user.id) if each.refusal(book.rules, now) is None]
    if options.json:
        print_json([msgspec.to_builtins(session_view(each, None)) for each in sessions])
        return
    rows = [(each.id, day_of(each.created_at), day_of(each.used_at), each.address, each.way, each.agent) for each in sessions]
    sys.stdout.write(table(("session", "since", "last used", "from", "by", "browser"), rows))


async def _revoke(book: _Book, options: argparse.Namespace) -> None:
    user = await book.found(options.login)
    only = None if options.session is None else SessionId(options.session)
    entry = _entry(AccessKind.SESSIONS_ENDED, user, only or "all")
    ended = await book.users.end(user.tenant, user.id, time.time(), only=only, entry=entry)
    if only is not None and not ended:
        raise UsageError(f"{user.login} has no session {only} that lets in: `tieline user sessions` shows those that there are")
    _told(options, user, f"is signed out ({ended} sessions); a gateway that runs knows it within seconds")


def _told(options: argparse.Namespace, user: User, what: str) -> None:
    if options.json:
        print_json(msgspec.to_builtins(user_view(user)))
    else:
        sys.stdout.write(f"{user.name} ({user.login}) {what}.\n")


def _password(options: argparse.Namespace, user: User) -> tuple[str, bool]:
    """Return a password for the user, and whether it may stay: one that we made is for the first time alone."""
    if options.password_stdin:
        password, is_own = sys.stdin.readline().rstrip("\r\n"), True
    elif sys.stdin.isatty():
        password, is_own = getpass.getpass(f"Password of {user.login} (nothing makes one): "), True
        if password and getpass.getpass("Once more: ") != password:
            raise UsageError("the two are not the same")
    else:
        password, is_own = "", False
    if not password and not options.password_stdin:
        return one_time(), False
    reason = weakness(password, login=user.login, name=user.name)
    if reason is not None:
        raise UsageError(f"choose another password: {reason}")
    return password, is_own


def _show_password(password: str | None) -> None:
    if password is not None:
        sys.stdout.write(f"{password}\n")
        sys.stderr.write("The password is shown this once, for the first time that he comes; he chooses another then.\n")


def _state(user: User, now: float) -> str:
    if user.disabled:
        return "disabled"
    if user.locked_until is not None and now < user.locked_until:
        return f"locked for strangers until {day_of(user.locked_until)}"
    return "one-time password" if user.one_time else "works"


def _entry(kind: AccessKind, user: User, detail: str) -> AccessEntry:
    return entry_of(
        kind,
        user,
        tenant=user.tenant,
        by=COMMAND_LINE,
        address=None,
        detail=detail,
        at=time.time(),
        random=token_bytes(TAIL_BYTES),
    )


_WORK: dict[str, Callable[[_Book, argparse.Namespace], Awaitable[None]]] = {
    "add": _add,
    "list": _list,
    "password": _set_password,
    "disable": _switch,
    "enable": _switch,
    "unlock": _unlock,
    "sessions": _sessions,
    "revoke": _revoke,
}
