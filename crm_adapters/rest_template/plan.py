"""From a template's file to what the adapter does: all texts are read, so that a wrong one is known before any request."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from crm_adapters.rest_template.template import Ask, Contact, Failure, Find, Known, Make, Search, Step, Template, User
from crm_adapters.rest_template.text import Filled, TextError, check_query, steps_of, text_of, value_of
from gateway.model.errors import ConfigurationError
from gateway.model.yaml_text import parse, read_text

BUILT_IN: Final = Path(__file__).parent / "templates"
MAX_FILE_BYTES: Final = 256 * 1024

_Path = tuple[str | int, ...]
_ALWAYS: Final = frozenset({"values", "session"})


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request; all texts are ready to be filled."""

    method: str
    path: Filled
    query: Filled
    headers: Filled
    json: Filled | None
    form: Filled
    file_field: str | None
    file_name: Filled
    empty_on: frozenset[int]
    rows: _Path = ()
    page_query: str | None = None
    first_page: int = 1
    most_pages: int = 1


class Doing(msgspec.Struct, frozen=True, kw_only=True):
    """A step."""

    request: Request
    keep: Mapping[str, Filled]
    step: Step
    only_if: Filled | None
    is_in_json: bool
    """The recording stands in its body."""


class Existing(msgspec.Struct, frozen=True, kw_only=True):
    """A search for what is there of a call."""

    request: Request
    keep: Mapping[str, Filled]
    proof: Filled | None


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """A search for a number."""

    request: Request
    forms: int
    """How many forms are asked for; 0 asks once for the number."""
    contact: Mapping[str, Filled]
    numbers: Sequence[Filled]
    kind: str


class Making(msgspec.Struct, frozen=True, kw_only=True):
    steps: Sequence[Doing]
    find: Existing | None
    url: Filled | None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    failure: Failure
    at: _Path
    reason: _Path
    matches: re.Pattern[str] | None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A template that was read."""

    template: Template
    base: Filled
    headers: Mapping[str, Filled]
    """Of each request."""
    basic: Filled | None
    sign_in: Request | None
    session: Mapping[str, Filled]
    rules: Sequence[Rule]
    check: Request
    says: Filled
    find: Sequence[Asking]
    known: Existing | None
    create: Sequence[Doing]
    update: Sequence[Doing]
    then: Sequence[Doing]
    withdraw: Sequence[Doing]
    recording: Sequence[Doing]
    contacts: Making | None
    tickets: Making | None
    users: Request | None
    user: Mapping[str, Filled]


def load(file: str | None, template: str | None) -> Plan:
    """Read a template of the operator's, or one that comes with Tieline.

    Raises:
        ConfigurationError: It is wrong, or neither or both are named; the text names the file, the line and the key.
    """
    if (file is None) == (template is None):
        raise ConfigurationError(f"write one of file and template; there come: {', '.join(built_in())}")
    path = Path(file) if file is not None else BUILT_IN / f"{template}.yaml"
    if file is None and not path.is_file():
        raise ConfigurationError(f"there is no template {template}; there is: {', '.join(built_in())}")
    return plan_of(read_text(path), path)


def built_in() -> list[str]:
    """Return the names of the templates that come with Tieline."""
    return sorted(each.stem for each in BUILT_IN.glob("*.yaml"))


def plan_of(text: str, file: Path) -> Plan:
    """Read the text of a template's file.

    Raises:
        ConfigurationError: It is wrong; the text names the file and the key.
    """
    if len(text.encode()) > MAX_FILE_BYTES:
        raise ConfigurationError(f"{file}: a template has {MAX_FILE_BYTES} bytes at most")
    document = parse(text, file, "crm")
    try:
        template = msgspec.convert(document.data, Template)
    except msgspec.ValidationError as error:
        what, _, where = str(error).rpartition(" - at `$")
        key = where.strip("`. ") if what else ""
        raise ConfigurationError(f"{file}: {key + ': ' if key else ''}{what or error}") from error
    for name in re.findall(r"\{\{\s*values\.(\w+)", text):
        if name not in template.values:
            raise ConfigurationError(f"{file}: values: there is no {name}, which the template asks for: add it, and what it is")
    return _Reader(template, file).plan()


class _Reader:
    def __init__(self, template: Template, file: Path) -> None:
        self._template = template
        self._file = file

    def plan(self) -> Plan:
        told = self._template
        calls, signs = told.calls, told.sign_in
        headers = {f"headers.{name}": text for name, text in told.headers.items()}
        headers |= {f"auth.headers.{name}": text for name, text in told.auth.headers.items()}
        if told.auth.bearer is not None:
            headers["auth.bearer.Authorization"] = f"Bearer {told.auth.bearer}"
        return Plan(
            template=told,
            base=self._text("base", told.base, {"values"}),
            headers={key.rpartition(".")[2]: self._text(key, text, _ALWAYS) for key, text in headers.items()},
            basic=self._maybe("auth.basic", told.auth.basic, _ALWAYS),
            sign_in=None if signs is None else self._request("sign_in", signs, {"values"}),
            session={} if signs is None else self._texts("sign_in.keep", signs.keep, {"answer"}),
            rules=[self._rule(f"failed[{index}]", each) for index, each in enumerate(told.failed)],
            check=self._request("check", told.check, _ALWAYS),
            says=self._text("check.says", told.check.says, _ALWAYS | {"answer"}),
            find=[self._find(f"find[{index}]", each) for index, each in enumerate(told.find)],
            known=None if calls is None or calls.find is None else self._known("calls.find", calls.find, "call"),
            create=[] if calls is None else self._steps("calls.create", calls.create, {"call"}),
            update=[] if calls is None else self._steps("calls.update", calls.update, {"call"}),
            then=[] if calls is None else self._steps("calls.then", calls.then, {"call"}),
            withdraw=[] if calls is None else self._steps("calls.withdraw", calls.withdraw, {"call"}),
            recording=[] if calls is None else self._steps("calls.recording", calls.recording, {"call", "recording"}),
            contacts=None if told.contacts is None else self._making("contacts", told.contacts),
            tickets=None if told.tickets is None else self._making("tickets", told.tickets),
            users=None if told.users is None else self._request("users", told.users, _ALWAYS),
            user={} if told.users is None else self._mapping("users.user", told.users.user),
        )

    def _request(self, key: str, ask: Ask, known: set[str] | frozenset[str]) -> Request:
        if ask.json is not None and (ask.form or ask.file):
            raise self._error(key, "json does not go with form or file: keep one of them")
        if isinstance(ask, Search):
            for name, part in (("query", ask.query), ("json", ask.json), ("form", ask.form)):
                try:
                    check_query(part)
                except TextError as error:
                    raise self._error(f"{key}.{name}", error) from error
        pages = ask.pages if isinstance(ask, Search) else None
        return Request(
            method=ask.method,
            path=self._text(f"{key}.path", ask.path, known, path=True),
            query=self._value(f"{key}.query", ask.query, known),
            headers=self._value(f"{key}.headers", ask.headers, known),
            json=None if ask.json is None else self._value(f"{key}.json", ask.json, known),
            form=self._value(f"{key}.form", ask.form, known),
            file_field=None if ask.file is None else ask.file.field,
            file_name=self._text(f"{key}.file.name", "" if ask.file is None else ask.file.name, known),
            empty_on=frozenset(ask.empty_on),
            rows=self._path(f"{key}.rows", ask.rows) if isinstance(ask, Search) else (),
            page_query=None if pages is None else pages.query,
            first_page=1 if pages is None else pages.first,
            most_pages=1 if pages is None else pages.most,
        )

    def _find(self, key: str, find: Find) -> Asking:
        return Asking(
            request=self._request(key, find, _ALWAYS | {"number"}),
            forms=find.forms if find.each == "form" else 0,
            contact=self._mapping(f"{key}.contact", find.contact),
            numbers=[self._text(f"{key}.contact.numbers", each, {"row", "values"}) for each in find.contact.numbers],
            kind=find.contact.kind,
        )

    def _mapping(self, key: str, wanted: Contact | User) -> Mapping[str, Filled]:
        texts = {name: text for name, text in msgspec.structs.asdict(wanted).items() if name not in ("numbers", "kind")}
        return {name: self._text(f"{key}.{name}", text, {"row", "values"}) for name, text in texts.items() if text is not None}

    def _known(self, key: str, known: Known, word: str) -> Existing:
        return Existing(
            request=self._request(key, known, _ALWAYS | {word}),
            keep=self._texts(f"{key}.keep", known.keep, {"row"}),
            proof=self._maybe(f"{key}.proof", known.proof, {"row"}),
        )

    def _steps(self, key: str, steps: Sequence[Step], words: set[str]) -> list[Doing]:
        known = _ALWAYS | {"made"} | words
        return [
            Doing(
                request=self._request(f"{key}[{index}]", step, known),
                keep=self._texts(f"{key}[{index}].keep", step.keep, known | {"answer"}),
                step=step,
                only_if=self._maybe(f"{key}[{index}].only_if", step.only_if, known),
                is_in_json=b"recording.base64" in msgspec.json.encode([step.json, step.form]),
            )
            for index, step in enumerate(steps)
        ]

    def _making(self, key: str, make: Make) -> Making:
        if not any("id" in step.keep for step in make.steps):
            raise self._error(f"{key}.steps", 'no step keeps an id: write such as `keep: {id: "{{answer.id}}"}`')
        return Making(
            steps=self._steps(f"{key}.steps", make.steps, {"new"}),
            find=None if make.find is None else self._known(f"{key}.find", make.find, "new"),
            url=self._maybe(f"{key}.url", make.url, {"made", "values"}),
        )

    def _rule(self, key: str, failure: Failure) -> Rule:
        try:
            pattern = None if failure.matches is None else re.compile(failure.matches)
        except re.error as error:
            raise self._error(f"{key}.matches", error) from error
        at, reason = self._path(f"{key}.at", failure.at), self._path(f"{key}.reason", failure.reason)
        return Rule(failure=failure, at=at, reason=reason, matches=pattern)

    def _texts(self, key: str, texts: Mapping[str, str], known: set[str] | frozenset[str]) -> dict[str, Filled]:
        return {name: self._text(f"{key}.{name}", text, known) for name, text in texts.items()}

    def _maybe(self, key: str, plain: str | None, known: set[str] | frozenset[str]) -> Filled | None:
        return None if plain is None else self._text(key, plain, known)

    def _text(self, key: str, plain: str, known: set[str] | frozenset[str], *, path: bool = False) -> Filled:
        try:
            return text_of(plain, frozenset(known), self._template.words, path=path)
        except TextError as error:
            raise self._error(key, error) from error

    def _value(self, key: str, plain: Any, known: set[str] | frozenset[str]) -> Filled:
        try:
            return value_of(plain, frozenset(known), self._template.words)
        except TextError as error:
            raise self._error(key, error) from error

    def _path(self, key: str, plain: str) -> _Path:
        try:
            return steps_of(plain)
        except TextError as error:
            raise self._error(key, error) from error

    def _error(self, key: str, what: object) -> ConfigurationError:
        return ConfigurationError(f"{self._file}: {key}: {what}")
