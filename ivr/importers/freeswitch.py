"""The menus of FreeSWITCH's ``ivr_menus`` XML, and of its dial plan what the numbers are that they transfer to. Pure.

``<menu>`` and ``<entry>`` as ``mod_dptools``' application ``ivr`` reads them (developer.signalwire.com/freeswitch, "mod_ivr").
"""

import re
from collections.abc import Sequence
from typing import Final

from ivr.importers.menus import Entry, Goal, GoalKind, Imported, Menu, Origin, Prompt, Unread, begin_first
from ivr.importers.xml import Element, parse_xml

_EXACT: Final = re.compile(r"^\^?\(?(\d+)\)?\$?$")
_DEVICE: Final = re.compile(r"(?:user|sofia/gateway/[^/]+|sofia/[\w.${}-]+|loopback|group|error)/(?:\d+%)?([\w.+*#-]+)")
_KEYS: Final = re.compile(r"[0-9*#]{1,8}")
_PLAIN: Final = re.compile(r"/\^?\(?\[?([0-9*#])\]?\)?\$/|/\^\(?([0-9*#]{1,8})\)?\$/")
"""An expression that one key, or one row of keys, fits."""
_GIVES: Final = frozenset({"callcenter", "fifo", "bridge", "voicemail", "ivr", "transfer", "hangup", "playback", "conference"})
MAX_HOPS: Final = 10
"""Numbers that lead to numbers."""


def imported(files: Sequence[tuple[str, str]]) -> Imported:
    """Return the menus of these files, each a name and its text.

    Raises:
        XmlRefusedError: One is no XML that is read here.
    """
    return _Importer([(name, parse_xml(text, name)) for name, text in files]).imported()


class _Importer:
    def __init__(self, documents: Sequence[tuple[str, Element]]) -> None:
        self._documents = documents
        self._unread: list[Unread] = []
        self._numbers = {
            exact[1]: extension.all("action")
            for _, document in documents
            for extension in document.all("extension")
            for condition in extension.all("condition")
            if condition.get("field") == "destination_number" and (exact := _EXACT.match(condition.get("expression")))
        }

    def imported(self) -> Imported:
        menus: dict[str, Menu] = {}
        for name, document in self._documents:
            for element in document.all("menu"):
                menu = self._menu(name, element)
                if menu.id in menus:
                    why = f"there is a menu of this name already, at {menus[menu.id].origin}: that one is kept"
                    self._unread += [Unread(each, menu.id, why) for each in (menu.origin, *(key.origin for key in menu.entries))]
                menus.setdefault(menu.id, menu)
        return Imported(menus=begin_first(menus), unread=tuple(self._unread))

    def _menu(self, file: str, element: Element) -> Menu:
        name = element.get("name") or f"menu-{element.line}"
        entries = []
        for each in element.children:
            if each.tag == "entry":
                entries += self._entry(file, name, each)
            else:
                self._unread.append(Unread(Origin(file, each.line), f"<{each.tag}>", "it is no entry of a menu"))
        exit_app = element.get("exit-app") or element.get("timeout-app")
        return Menu(
            id=name,
            origin=Origin(file, element.line),
            label=element.comment,
            prompts=prompts_of(element.get("greet-long") or element.get("greet-short")),
            entries=tuple(entries),
            on_silence=self._goal(Origin(file, element.line), exit_app) if exit_app else None,
        )

    def _entry(self, file: str, menu: str, element: Element) -> list[Entry]:
        origin, digits, param = Origin(file, element.line), element.get("digits"), element.get("param")
        text = f"{element.get('action')} {digits} {param}".strip()
        if (plain := _PLAIN.fullmatch(digits)) is not None:
            digits = plain[1] or plain[2]
        if _KEYS.fullmatch(digits) is None:
            self._unread.append(
                Unread(origin, text, "keys of this shape are no entry of a menu: name the extensions that callers may dial")
            )
            return []
        match element.get("action"):
            case "menu-sub":
                goal = Goal(kind=GoalKind.MENU, target=param)
            case "menu-exec-app":
                goal = self._goal(origin, param)
            case "menu-play-sound":
                goal = Goal(kind=GoalKind.MENU, target=menu, prompts=prompts_of(param))
            case "menu-exit":
                goal = Goal(kind=GoalKind.HANG_UP)
            case "menu-top" | "menu-back":
                self._unread.append(Unread(origin, text, "every dialog has keys for it: `keys:` says which"))
                return []
            case action:
                self._unread.append(Unread(origin, text, f"the action {action!r} is not known: it leads to a human"))
                goal = Goal(kind=GoalKind.UNKNOWN)
        return [Entry(digits=digits, goal=goal, origin=origin, label=element.get("description") or element.comment)]

    def _goal(self, origin: Origin, call: str, hops: int = 0) -> Goal:
        """Return where an application with its data leads, such as ``transfer 1001 XML default``."""
        application, _, data = call.strip().partition(" ")
        first = data.strip().partition(" ")[0]
        match application:
            case "transfer" if first in self._numbers and hops < MAX_HOPS:
                return self._dialled(origin, first, hops)
            case "transfer" if re.fullmatch(r"[\d+*#]+", first):
                return Goal(kind=GoalKind.NUMBER, target=first)
            case "callcenter" | "fifo" if first:
                return Goal(kind=GoalKind.QUEUE, target=first.partition("@")[0] or first)
            case "bridge":
                if (found := _DEVICE.search(data)) is not None:
                    return Goal(kind=GoalKind.NUMBER, target=found[1])
            case "voicemail":
                return Goal(kind=GoalKind.VOICEMAIL, target=data.split(" ")[-1])
            case "ivr" if first:
                return Goal(kind=GoalKind.MENU, target=first)
            case "hangup":
                return Goal(kind=GoalKind.HANG_UP)
            case "playback" | "phrase" | "say" | "speak":
                return Goal(kind=GoalKind.HANG_UP, prompts=prompts_of(data))
            case _:
                pass
        self._unread.append(Unread(origin, call, "where it leads is known to FreeSWITCH alone"))
        return Goal(kind=GoalKind.UNKNOWN, target=first)

    def _dialled(self, origin: Origin, number: str, hops: int) -> Goal:
        """Return what a number is in the dial plan: a queue or a menu; else the number itself."""
        for action in self._numbers[number]:
            if action.get("application") in _GIVES:
                call = f"{action.get('application')} {action.get('data')}"
                goal = self._goal(origin, call, hops + 1)
                return goal if goal.kind in (GoalKind.QUEUE, GoalKind.MENU) else Goal(kind=GoalKind.NUMBER, target=number)
        return Goal(kind=GoalKind.NUMBER, target=number)


def prompts_of(sound: str) -> tuple[Prompt, ...]:
    """Return what a sound is: a text that is read aloud (``say:…``), a phrase or a recording."""
    kind, colon, rest = sound.strip().partition(":")
    if not sound.strip():
        return ()
    if colon and kind in ("say", "speak", "tts"):
        return (Prompt(text=rest.strip()),)
    if colon and kind == "phrase":
        return (Prompt(sound=rest.strip()),)
    if "!" in sound or sound.startswith("file_string://"):
        return tuple(Prompt(sound=each.strip()) for each in sound.removeprefix("file_string://").split("!") if each.strip())
    return (Prompt(sound=re.sub(r"\.(wav|mp3|ogg|gsm)$", "", sound.strip())),)
