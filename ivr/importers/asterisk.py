"""The menus of an Asterisk dial plan, FreePBX's among them: what callers hear and where each key leads. Pure.

A menu is an extension that plays something in the background, or reads a key, and waits. Where a key leads is found by following
its steps, over other contexts and subroutines, to the first that gives the caller to somebody. What depends on something that
only a running Asterisk knows is reported, and the way that is taken otherwise is followed.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from ivr.importers.dialplan import Context, DialPlan, Step, called, split_arguments
from ivr.importers.menus import Entry, Goal, GoalKind, Imported, Menu, Prompt, Unread, begin_first

MAX_STEPS: Final = 150
"""That are followed for one key."""
HEARD: Final = frozenset({"background", "backgrounddetect", "playback", "read"})
WAITS: Final = frozenset({"background", "backgrounddetect", "waitexten", "read"})
HANDS_OVER: Final = frozenset(
    {"queue", "dial", "voicemail", "directory", "page", "meetme", "confbridge", "park", "followme", "agi"}
)
HARMLESS: Final = frozenset(
    {
        "absolutetimeout", "answer", "blacklist", "dbdel", "dbput", "lookupcidname", "mailboxexists", "nocdr", "sayunixtime",
        "busy", "celgenuserevent", "congestion", "digittimeout", "macroexit", "mixmonitor",
        "musiconhold", "noop", "playtones", "progress", "proceeding", "resetcdr", "responsetimeout", "return", "ringing",
        "saydigits", "saynumber", "set", "setcallerid", "setlanguage", "setmusiconhold", "setvar", "stopmusiconhold",
        "stopplaytones", "userevent", "verbose", "wait", "monitor", "log", "gosubif", "execif", "macroif", "dumpchan",
        "stackpop", "setglobalvar", "authenticate", "system", "trysystem",
    }
)  # fmt: skip
"""Applications that leave the caller where he is."""
ASKED_OF_ASTERISK: Final = frozenset({"gosubif", "execif", "macroif", "agi", "system", "trysystem", "authenticate"})
"""Of these what they do is not known here."""

_KEYS: Final = re.compile(r"[0-9*#]{1,8}")
_DEVICE: Final = re.compile(
    r"(?:PJSIP|SIP|IAX2|DAHDI|Zap|SCCP|Skinny|Local|Motif|H323|MGCP|Console|USTM)/([^&,|@/]+)(?:/([^&,|@]+))?", re.IGNORECASE
)
_OUTSIDE: Final = re.compile(r"^(?:[gGrR]\d+|\d{1,3}|.*trunk.*)$", re.IGNORECASE)
"""A device that is a line: what is dialled on it follows."""
_COMPARED: Final = re.compile(r"\$\[\s*\"?\$\{(\w+)\}\"?\s*=+\s*\"?([0-9*#]{1,8})\"?\s*\]\s*\?\s*(.*)$", re.DOTALL)
_FREEPBX: Final[tuple[tuple[re.Pattern[str], GoalKind], ...]] = (
    (re.compile(r"^ext-queues$"), GoalKind.QUEUE),
    (
        re.compile(r"^(?:from-did-direct|ext-local|ext-group|from-internal|ext-findmefollow|ext-miscdests|ext-meetme)$"),
        GoalKind.NUMBER,
    ),
    (re.compile(r"^app-blackhole$"), GoalKind.HANG_UP),
)
"""Contexts that FreePBX makes, by what an extension in them is."""
_FREEPBX_MAILBOX: Final = re.compile(r"^vm[busi]?(\d+)$")


def imported(plan: DialPlan) -> Imported:
    """Return the menus of a dial plan."""
    return _Importer(plan).imported()


class _Importer:
    def __init__(self, plan: DialPlan) -> None:
        self._contexts = plan.contexts
        self._unread: dict[Unread, None] = dict.fromkeys(plan.unread)
        self._menus: dict[str, Menu] = {}
        self._is_freepbx = any(re.match(r"^ivr-\d+$", name) for name in plan.contexts)
        self._places_known: frozenset[tuple[str, str]] = frozenset()

    def imported(self) -> Imported:
        places = [place for context in self._contexts.values() for place in self._places(context)]
        self._places_known = frozenset((context.name, extension) for context, extension in places)
        for context, extension in places:
            menu = self._menu(context, extension)
            self._menus[menu.id] = menu
        return Imported(menus=begin_first(self._menus, self._first()), unread=tuple(self._unread))

    def _places(self, context: Context) -> Iterator[tuple[Context, str]]:
        """Yield the extensions of a context that are menus; a macro asks somebody else than the caller."""
        if context.name.startswith("macro-"):
            return
        if self._is_freepbx and context.name.startswith("app-"):
            return  # its feature codes, for those who work there
        for extension, steps in context.extensions.items():
            names = [each for step in steps for each in (step.application, _inner(step))]
            waits = "waitexten" in names or ("read" in names and any(True for _ in self._read_keys(steps)))
            if waits or (WAITS & set(names) and extension in ("s", "start") and self._keys(context)):
                yield context, extension

    def _keys(self, context: Context) -> dict[str, list[Step]]:
        """Return the keys of a context and of what it includes, nearest first."""
        found: dict[str, list[Step]] = {}
        wanted, seen = [context.name], set[str]()
        while wanted:
            name = wanted.pop(0)
            if name in seen or name not in self._contexts:
                continue
            seen.add(name)
            for extension, steps in self._contexts[name].extensions.items():
                if steps and (_KEYS.fullmatch(extension) or extension.startswith("_")):
                    found.setdefault(extension, steps)
            wanted += self._contexts[name].includes
        return found

    def _menu(self, context: Context, extension: str) -> Menu:
        steps = context.extensions[extension]
        entries: list[Entry] = []
        for key, way in (*self._read_keys(steps), *self._keys(context).items()):
            if key.startswith("_"):
                self._note(
                    way[0], f"numbers of the shape {key} are no entry of a menu: name the extensions that callers may dial"
                )
                continue
            if any(entry.digits == key for entry in entries):
                continue
            label = next((step.comment for step in way if step.comment), "")
            if key != extension and (context.name, key) in self._places_known:
                goal = Goal(kind=GoalKind.MENU, target=_id(context.name, key))
            else:
                goal = self._goal(context.name, way)
            entries.append(Entry(digits=key, goal=goal, origin=way[0].origin, label=label))
        special = context.extensions
        return Menu(
            id=_id(context.name, extension),
            origin=steps[0].origin,
            label=context.comment or steps[0].comment,
            prompts=tuple(_prompts(steps)),
            entries=tuple(entries),
            on_silence=self._goal(context.name, special["t"]) if special.get("t") else None,
            on_wrong=self._goal(context.name, special["i"]) if special.get("i") else None,
        )

    def _read_keys(self, steps: Sequence[Step]) -> Iterator[tuple[str, list[Step]]]:
        """Yield the keys that steps compare what was read with, and the steps that follow each."""
        for step in steps:
            found = _COMPARED.match(",".join(step.arguments)) if step.application == "gotoif" else None
            if found is not None:
                way = Step(
                    application="goto",
                    arguments=tuple(split_arguments(found[3].partition(":")[0])),
                    origin=step.origin,
                    text=step.text,
                    comment=step.comment,
                )
                yield found[2], [way, *steps]

    def _goal(self, context: str, steps: Sequence[Step]) -> Goal:
        return _Way(self._contexts, self._places_known, self._unread).goal(context, steps)

    def _note(self, step: Step, why: str) -> None:
        self._unread[Unread(step.origin, step.text, why)] = None

    def _first(self) -> str | None:
        """Return the menu that calls from outside come to, where a context's name says so."""
        for name, context in self._contexts.items():
            if not re.match(r"^(from-trunk|from-pstn|incoming|inbound|ext-did)", name):
                continue
            for steps in context.extensions.values():
                # What cannot be followed there is no menu's.
                goal = _Way(self._contexts, self._places_known, {}).goal(name, steps)
                if goal.kind is GoalKind.MENU and goal.target in self._menus:
                    return goal.target
        return None


class _Way:
    """Follows the steps of one key."""

    def __init__(self, contexts: dict[str, Context], menus: frozenset[tuple[str, str]], unread: dict[Unread, None]) -> None:
        self._contexts = contexts
        self._menus = menus
        self._unread = unread
        self._prompts: list[Prompt] = []
        self._left = MAX_STEPS

    def goal(self, context: str, steps: Sequence[Step]) -> Goal:
        found = self._follow(context, steps, 0)
        if found is None and not self._prompts:
            self._note(steps[-1], "the steps end here, and nothing was said: the caller is hung up on")
        kind, target = found or (GoalKind.HANG_UP, "")
        return Goal(kind=kind, target=target, prompts=tuple(self._prompts))

    def _follow(self, context: str, steps: Sequence[Step], at: int) -> tuple[GoalKind, str] | None:
        """Return where the caller is given to; None where the steps end."""
        while at < len(steps):
            step = steps[at]
            self._left -= 1
            if self._left < 0:
                self._note(step, "the way goes round without end")
                return GoalKind.UNKNOWN, ""
            name, arguments = step.application, step.arguments
            if (inner := _inner(step)) and name == "execif" and inner in HEARD | HANDS_OVER | {"goto", "hangup"}:
                self._note(step, "a condition that only Asterisk knows: taken as false")
            if name == "read":
                self._note(step, "the caller is asked for digits: make a slot of it, under `needs`")
                self._prompts += _sounds(arguments[1:2])
            elif name in HEARD:
                self._prompts += _sounds(arguments)
            elif (given := self._given(step)) is not None:
                return given
            elif name in ("goto", "gotoif", "gotoiftime"):
                target = self._target(step)
                if target is not None:
                    return self._go(context, steps, step, target)
            elif name in ("gosub", "macro"):
                found = self._called(step)
                if found is not None:
                    return found
            elif name in ASKED_OF_ASTERISK and not inner:
                self._note(step, "what this does only Asterisk knows")
            elif name not in HARMLESS:
                self._note(step, f"the application {name} is not known")
            at += 1
        return None

    def _given(self, step: Step) -> tuple[GoalKind, str] | None:
        first = step.arguments[0] if step.arguments else ""
        match step.application:
            case "queue" if first:
                return GoalKind.QUEUE, first
            case "dial":
                number = _number(first)
                if number is None:
                    self._note(step, "no extension or number stands in it")
                    return GoalKind.UNKNOWN, ""
                if "&" in first:
                    self._note(step, f"several telephones ring: {number} is taken for all of them")
                return GoalKind.NUMBER, number
            case "voicemail":
                return GoalKind.VOICEMAIL, first.partition("@")[0].lstrip("bus")
            case "hangup" | "congestion" | "busy":
                return GoalKind.HANG_UP, ""
            case "directory" | "page" | "meetme" | "confbridge" | "park" | "followme":
                self._note(step, f"{step.application} has no place in a dialog: it leads to a human")
                return GoalKind.UNKNOWN, step.application
            case _:
                return None

    def _target(self, step: Step) -> str | None:
        """Return where a step goes to, None where it stays."""
        if step.application == "goto":
            return ",".join(step.arguments)
        condition, _, ways = ",".join(step.arguments).partition("?")
        yes, _, otherwise = ways.partition(":")
        if step.application == "gotoiftime":
            self._note(step, f"hours ({condition}): write them under `hours`; the other way is followed")
        else:
            self._note(step, f"a condition ({condition.strip()}): the way that is taken otherwise is followed")
        return otherwise.strip() or (None if yes.strip() else "")

    def _go(self, context: str, steps: Sequence[Step], step: Step, target: str) -> tuple[GoalKind, str] | None:
        parts = [each.strip() for each in split_arguments(target)]
        priority = parts[-1] if parts else ""
        if len(parts) <= 1:
            return self._follow_from(context, steps, step, priority)
        extension = parts[-2]
        to = parts[-3] if len(parts) > 2 else context
        if (known := self._known(to, extension)) is not None:
            return known
        found = self._contexts.get(to)
        if found is not None and extension not in found.extensions:
            found = next((self._contexts[name] for name in found.includes
                          if name in self._contexts and extension in self._contexts[name].extensions), found)  # fmt: skip
        if found is None or extension not in found.extensions:
            self._note(step, f"there is no {extension} in [{to}]")
            return GoalKind.UNKNOWN, to if extension == "s" else f"{to} {extension}"
        return self._follow_from(to, found.extensions[extension], step, priority)

    def _follow_from(self, context: str, steps: Sequence[Step], step: Step, priority: str) -> tuple[GoalKind, str] | None:
        at = next((place for place, each in enumerate(steps)
                   if priority and (each.label == priority or str(each.priority) == priority)), None)  # fmt: skip
        if at is None:
            self._note(step, f"there is no priority {priority}")
            return GoalKind.UNKNOWN, ""
        return self._follow(context, steps, at)

    def _known(self, context: str, extension: str) -> tuple[GoalKind, str] | None:
        """Return what a place is that needs not be followed: a menu, or one of FreePBX's."""
        if (mailbox := _FREEPBX_MAILBOX.match(extension)) is not None:
            return GoalKind.VOICEMAIL, mailbox[1]
        for pattern, kind in _FREEPBX:
            if pattern.match(context):
                return kind, "" if kind is GoalKind.HANG_UP else extension
        if (context, extension) in self._menus:
            return GoalKind.MENU, _id(context, extension)
        return None

    def _called(self, step: Step) -> tuple[GoalKind, str] | None:
        """Follow a subroutine; where it gives the caller to nobody, the steps go on."""
        if step.application == "macro":
            name, extension, arguments = f"macro-{step.arguments[0] if step.arguments else ''}", "s", step.arguments[1:]
        else:
            whole = ",".join(step.arguments)
            place, _, given = whole.partition("(")
            parts = [each.strip() for each in place.split(",")]
            name, extension = (parts[0], parts[1]) if len(parts) > 2 else ("", "s")
            arguments = tuple(split_arguments(given.rstrip(") ")))
        context = self._contexts.get(name)
        if context is None or extension not in context.extensions:
            numbers = [each for each in arguments if each.isdigit()]
            if re.search(r"exten|dial|user", name) and not re.search(r"callerid|hangup", name) and numbers:
                return GoalKind.NUMBER, numbers[-1] if name.endswith("exten-vm") else numbers[0]
            return None
        filled = [_filled(each, arguments) for each in context.extensions[extension]]
        return self._follow(name, filled, 0)

    def _note(self, step: Step, why: str) -> None:
        self._unread[Unread(step.origin, step.text, why)] = None


def _filled(step: Step, arguments: Sequence[str]) -> Step:
    def fill(text: str) -> str:
        return re.sub(r"\$\{ARG(\d+)\}", lambda found: _at(arguments, int(found[1])), text)

    return Step(
        application=step.application,
        arguments=tuple(map(fill, step.arguments)),
        origin=step.origin,
        text=step.text,
        label=step.label,
        priority=step.priority,
        comment=step.comment,
    )


def _at(arguments: Sequence[str], number: int) -> str:
    return arguments[number - 1] if 0 < number <= len(arguments) else ""


def _number(devices: str) -> str | None:
    """Return the extension or number that a Dial rings first."""
    found = _DEVICE.search(devices)
    if found is None:
        return None
    device, dialled = found[1].strip(), (found[2] or "").strip()
    if dialled and (_OUTSIDE.match(device) or dialled.isdigit()):
        device = dialled
    return device if re.fullmatch(r"[\w.+*#-]+", device) else None


def _inner(step: Step) -> str:
    """Return the application that an ExecIf would call, in small letters; empty where it is none."""
    return _conditional(step)[0]


def _conditional(step: Step) -> tuple[str, tuple[str, ...]]:
    """Return what an ExecIf would call: ``condition?call:call``, or of old ``condition,application,data``."""
    if step.application != "execif":
        return "", ()
    _, asks, call = ",".join(step.arguments).partition("?")
    if not asks and len(step.arguments) > 1:
        return step.arguments[1].casefold(), step.arguments[2:]
    return called(call.partition(":")[0].strip())


def _prompts(steps: Sequence[Step]) -> Iterator[Prompt]:
    variables: dict[str, str] = {}
    for step in steps:
        name, arguments = step.application, step.arguments
        if name == "set" and arguments:
            variable, _, value = ",".join(arguments).partition("=")
            variables[variable.strip().lstrip("_")] = value.strip()
        elif name == "execif" and _inner(step) in HEARD:
            name, arguments = _conditional(step)
        if name in HEARD:
            sounds = arguments[1:2] if name == "read" else arguments
            filled = [re.sub(r"\$\{(\w+)\}", lambda found: variables.get(found[1], ""), each) for each in sounds]
            yield from _sounds(filled)


def _sounds(arguments: Sequence[str]) -> Iterator[Prompt]:
    for sound in (arguments[0] if arguments else "").split("&"):
        if sound.strip() and not sound.strip().startswith("silence/"):
            yield Prompt(sound=sound.strip())


def _id(context: str, extension: str) -> str:
    return context if extension in ("s", "start") else f"{context}-{extension}"
