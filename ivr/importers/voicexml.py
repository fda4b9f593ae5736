"""The menus of VoiceXML 2.0 and 2.1 documents: ``<menu>``, and ``<field>`` whose keys ``<filled>`` compares. Pure.

W3C Recommendations "Voice Extensible Markup Language" 2.0 and 2.1, sections 2.2 (menus), 2.3 (fields), 5.3 (what is executed).
What a server would answer (``<submit>``, ``<subdialog src>``, ``expr``) is not known here, and reported.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from ivr.importers.menus import Entry, Goal, GoalKind, Imported, Menu, Origin, Prompt, Unread, begin_first
from ivr.importers.xml import Element, parse_xml

MAX_HOPS: Final = 20
"""Dialogs that lead to each other, for one key."""
_KEYS: Final = re.compile(r"[0-9*#]{1,8}")
_COMPARED: Final = re.compile(r"([\w.$]+)\s*==+\s*['\"]?([\w*# -]+?)['\"]?\s*(?=\)|$|&&|\|\|)")
_LITERAL: Final = re.compile(r"['\"]((?:tel|sips?):[^'\"]+)['\"]")
_TAGGED: Final = re.compile(r"=\s*['\"]?([\w*#-]+)")
_SPACE: Final = re.compile(r"\s+")


def imported(files: Sequence[tuple[str, str]]) -> Imported:
    """Return the menus of these documents, each a name and its text.

    Raises:
        XmlRefusedError: One is no XML that is read here.
    """
    return _Importer([(name, parse_xml(text, name)) for name, text in files]).imported()


class _Importer:
    def __init__(self, documents: Sequence[tuple[str, Element]]) -> None:
        self._unread: list[Unread] = []
        self._followed = set[int]()
        """Lines are not enough: several may stand on one."""
        self._dialogs: dict[str, tuple[str, Element]] = {}
        """By file name, ``#`` and id; by the file name alone the first of it."""
        self._several = len(documents) > 1
        self._documents = documents
        for file, root in documents:
            short = _short(file)
            for place, dialog in enumerate(root.all("menu", "form")):
                key = f"{short}#{dialog.get('id') or f'dialog-{place + 1}'}"
                self._dialogs.setdefault(key, (file, dialog))
                self._dialogs.setdefault(short, (file, dialog))

    def imported(self) -> Imported:
        menus: dict[str, Menu] = {}
        first = None
        for key, (file, dialog) in self._dialogs.items():
            if "#" in key and self._is_menu(dialog):
                for menu in self._menus(key, file, dialog):
                    menus[menu.id] = menu
                    first = first or menu.id
        for file, root in self._documents:
            for link in root.all("link"):
                text = f"link {link.get('dtmf')} {link.get('next')}".strip()
                why = "it works everywhere: `keys:` of the dialog says which keys do"
                self._unread.append(Unread(Origin(file, link.line), text, why))
            for step in root.all("transfer", "goto", "submit", "subdialog"):
                if id(step) not in self._followed:
                    where = next(filter(None, map(step.get, ("dest", "destexpr", "next", "src", "expr", "nextitem"))), "")
                    why = "no key is known that leads here"
                    self._unread.append(Unread(Origin(file, step.line), f"{step.tag} {where}".strip(), why))
        return Imported(menus=begin_first(menus, first), unread=tuple(self._unread))

    def _is_menu(self, dialog: Element) -> bool:
        return dialog.tag == "menu" or any(_has_keys(dialog, field) for field in dialog.all("field"))

    def _menus(self, key: str, file: str, dialog: Element) -> Iterator[Menu]:
        """Yield a menu for a ``<menu>``, or one for each field of a form that has keys; the first has the form's name."""
        if dialog.tag == "menu":
            yield self._menu(self._name(key), file, dialog, dialog, list(self._choices(file, dialog)))
            return
        name = self._name(key)
        for place, field in enumerate(dialog.all("field"), 1):
            if _has_keys(dialog, field):
                yield self._menu(name, file, dialog, field, list(self._compared(file, dialog, field)))
                name = f"{self._name(key)}-{place + 1}"
            else:
                what = f"field {field.get('name')} {field.get('type')}".strip()
                self._unread.append(Unread(Origin(file, field.line), what, "it asks for a value: make a slot of it"))

    def _menu(self, name: str, file: str, dialog: Element, asked: Element, entries: list[Entry]) -> Menu:
        return Menu(
            id=name,
            origin=Origin(file, dialog.line),
            label=dialog.comment,
            prompts=prompts_of(asked) or prompts_of(dialog),
            entries=tuple(entries),
            on_silence=self._caught(file, dialog, "noinput"),
            on_wrong=self._caught(file, dialog, "nomatch"),
        )

    def _choices(self, file: str, menu: Element) -> Iterator[Entry]:
        numbered = menu.get("dtmf") == "true"
        choices = [each for each in menu.children if each.tag == "choice"]
        for place, choice in enumerate(choices, 1):
            digits = choice.get("dtmf").replace(" ", "") or (str(place) if numbered and place < 10 else "")
            origin, words = Origin(file, choice.line), _SPACE.sub(" ", choice.text).strip()
            if _KEYS.fullmatch(digits) is None:
                self._unread.append(
                    Unread(origin, words or "choice", "it has no key: write its words as `examples:` of its node")
                )
                continue
            goal = self._to(file, choice, 0)
            yield Entry(digits=digits, goal=goal, origin=origin, label=words or choice.comment)

    def _compared(self, file: str, dialog: Element, field: Element) -> Iterator[Entry]:
        """Yield what the keys of a field lead to, by the conditions of ``<filled>``."""
        ways: dict[str, tuple[int, Goal]] = {}
        otherwise: tuple[int, Goal] | None = None
        for condition in _conditions(dialog, field):
            for written, steps in _branches(condition):
                values = _compared_with(written, dialog, field)
                if not values and any(_compared_with(written, dialog, each) for each in dialog.all("field")):
                    continue  # another field's
                found, why = (condition.line, self._follow(file, steps, 0)), "a condition that is not understood"
                for value in values:
                    if ways.setdefault(value, found) is not found:
                        why = "it is compared a second time: the first is taken"
                        values = []
                if not written and otherwise is None:
                    otherwise = found
                elif not values or "&&" in written:
                    self._lost(file, condition.line, written or "else", found[1], why)
        direct = None
        if not ways:
            direct = next((self._follow(file, filled.children, 0) for filled in _filled(dialog, field)), None)
        seen, used, left = set[str](), set[str](), otherwise
        for digits, value, line, words in _values(field):
            used |= {digits, value}
            if _KEYS.fullmatch(digits) is None or digits in seen:
                self._unread.append(Unread(Origin(file, line), digits or words, "it has no key of its own"))
                continue
            seen.add(digits)
            way = ways.get(value) or ways.get(digits)
            if way is None and otherwise is not None:
                way, left = otherwise, None
            goal = way[1] if way is not None else direct
            if goal is None:
                self._unread.append(Unread(Origin(file, line), f"{digits} {words}".strip(), "what is done with it is not here"))
            yield Entry(digits=digits, goal=goal or Goal(kind=GoalKind.UNKNOWN), origin=Origin(file, line), label=words)
        for value, (line, goal) in ways.items():
            # The grammar is built in, or elsewhere: what is compared says which keys there are.
            if value not in used and _KEYS.fullmatch(value) is not None:
                yield Entry(digits=value, goal=goal, origin=Origin(file, line))
            elif value not in used:
                self._lost(file, line, value, goal, "no key is known for it")
        if left is not None and left[1].target:
            self._lost(file, left[0], "else", left[1], "every key has a way of its own")

    def _lost(self, file: str, line: int, what: str, goal: Goal, why: str) -> None:
        self._unread.append(Unread(Origin(file, line), f"{what}: {goal.kind} {goal.target}".strip(), why))

    def _caught(self, file: str, dialog: Element, event: str) -> Goal | None:
        for catcher in (each for each in dialog.all(event, "catch") if each.tag == event or event in each.get("event").split()):
            if any(each.tag in ("goto", "exit", "disconnect", "transfer") for each in catcher.all("goto", "exit", "disconnect")):
                return self._follow(file, catcher.children, 0)
        return None

    def _to(self, file: str, element: Element, hops: int) -> Goal:
        """Return where ``next`` leads."""
        origin, target = Origin(file, element.line), element.get("next")
        if not target:
            what = element.get("expr") or element.get("event") or element.tag
            self._unread.append(Unread(origin, what, "where it leads is known only while it runs"))
            return Goal(kind=GoalKind.UNKNOWN)
        if target.startswith(("tel:", "sip:", "sips:")):
            return Goal(kind=GoalKind.NUMBER, target=_number(target))
        document, _, fragment = target.partition("#")
        short = _short(document.partition("?")[0]) or _short(file)
        key = f"{short}#{fragment}" if fragment else short
        if key not in self._dialogs or hops >= MAX_HOPS:
            self._unread.append(Unread(origin, target, "there is no such dialog in what was read"))
            return Goal(kind=GoalKind.UNKNOWN, target=fragment or short)
        there, dialog = self._dialogs[key]
        if self._is_menu(dialog):
            whole = next(name for name, (_, each) in self._dialogs.items() if each is dialog and "#" in name)
            return Goal(kind=GoalKind.MENU, target=self._name(whole))
        return self._follow(there, dialog.children, hops + 1)

    def _follow(self, file: str, steps: Sequence[Element], hops: int) -> Goal:
        """Return where what is executed leads first, with what is said on the way."""
        said: list[Prompt] = []
        for step in _flat(steps):
            self._followed.add(id(step))
            match step.tag:
                case "prompt" | "audio":
                    said += prompts_of(step)
                case "transfer":
                    literal = _LITERAL.fullmatch(step.get("destexpr"))
                    number = _number(step.get("dest") or (literal[1] if literal else ""))
                    if not number:
                        text = f"transfer {step.get('dest') or step.get('destexpr')}".strip()
                        self._unread.append(Unread(Origin(file, step.line), text, "its number is known only while it runs"))
                    said += prompts_of(step)
                    kind = GoalKind.NUMBER if number else GoalKind.UNKNOWN
                    return Goal(kind=kind, target=number, prompts=tuple(said))
                case "goto":
                    goal = self._to(file, step, hops)
                    return Goal(kind=goal.kind, target=goal.target, prompts=(*said, *goal.prompts))
                case "submit" | "subdialog":
                    where = step.get("next") or step.get("src")
                    self._unread.append(
                        Unread(Origin(file, step.line), f"{step.tag} {where}", "what the server does is not here")
                    )
                    return Goal(kind=GoalKind.UNKNOWN, target=_short(where.partition("?")[0]), prompts=tuple(said))
                case "exit" | "disconnect":
                    return Goal(kind=GoalKind.HANG_UP, prompts=tuple(said))
                case "if":
                    self._unread.append(
                        Unread(Origin(file, step.line), step.get("cond"), "a condition: what follows it is taken")
                    )
                case _:
                    pass  # variables, scripts, logs
        return Goal(kind=GoalKind.HANG_UP, prompts=tuple(said))

    def _name(self, key: str) -> str:
        document, _, name = key.partition("#")
        return f"{document}-{name}" if self._several else name


def _filled(dialog: Element, field: Element) -> list[Element]:
    """Return what is done when a field has its value: its own, and that of the whole form."""
    return field.all("filled") + [each for each in dialog.children if each.tag == "filled"]


def _conditions(dialog: Element, field: Element) -> list[Element]:
    return [each for filled in _filled(dialog, field) for each in filled.all("if")]


def _compared_with(condition: str, dialog: Element, field: Element) -> list[str]:
    """Return the values that a condition compares this field with."""
    others = {each.get("name") for each in dialog.all("field")} - {field.get("name")}
    return [
        value.strip()
        for name, value in _COMPARED.findall(condition)
        if not name.endswith((".length", ".confidence", "$.inputmode")) and re.split(r"[.$]", name)[0] not in others
    ]


def _has_keys(dialog: Element, field: Element) -> bool:
    if any(True for _ in _values(field)):
        return True
    compared = (
        value
        for condition in _conditions(dialog, field)
        for written, _ in _branches(condition)
        for value in _compared_with(written, dialog, field)
    )
    return any(_KEYS.fullmatch(value) is not None for value in compared)


def _flat(steps: Sequence[Element]) -> Iterator[Element]:
    """Yield what is executed, in order, without what is inside conditions and grammars."""
    for step in steps:
        yield step
        if step.tag in ("block", "filled"):
            yield from _flat(step.children)


def _branches(condition: Element) -> Iterator[tuple[str, list[Element]]]:
    """Yield each condition of an ``<if>`` with what is executed then; that of ``<else/>`` is empty."""
    written, steps = condition.get("cond"), list[Element]()
    for child in condition.children:
        if child.tag in ("elseif", "else"):
            yield written, steps
            written, steps = (child.get("cond") if child.tag == "elseif" else ""), []
        else:
            steps.append(child)
    yield written, steps


def _values(field: Element) -> Iterator[tuple[str, str, int, str]]:
    """Yield key, value, line and words of what may be pressed in a field: its options, and the items of its grammars."""
    for option in field.all("option"):
        digits = option.get("dtmf").replace(" ", "")
        words = _SPACE.sub(" ", option.text).strip()
        if digits:
            yield digits, option.get("value") or words, option.line, words
    for grammar in field.all("grammar"):
        if grammar.get("mode") == "dtmf":
            for item in grammar.all("item"):
                tag = next((_TAGGED.search(each.text) for each in item.all("tag")), None)
                digits = re.sub(r"\s", "", item.text.partition(next((each.text for each in item.all("tag")), "\0"))[0])
                if not item.all("item") and digits:
                    yield digits, tag[1] if tag else digits, item.line, item.comment


def prompts_of(element: Element) -> tuple[Prompt, ...]:
    """Return what an element says: its prompts, and each recording with the text that is read where it is missing."""
    found: list[Prompt] = []
    prompts = (
        [element]
        if element.tag in ("prompt", "audio")
        else [each for each in element.children if each.tag in ("prompt", "audio")]
    )
    for prompt in prompts:
        sounds = [each.get("src") for each in ([prompt] if prompt.tag == "audio" else prompt.all("audio")) if each.get("src")]
        text = _SPACE.sub(" ", prompt.text).strip()
        if text or sounds:
            found.append(Prompt(sound=re.sub(r"\.\w{2,4}$", "", _short(sounds[0])) if sounds else "", text=text))
    return tuple(found)


def _number(address: str) -> str:
    """Return the number of ``tel:+4930…;ext=1`` or the user of ``sip:1001@host``."""
    return re.split(r"[;@?]", address.strip().strip("'").partition(":")[2])[0].replace("-", "").replace(".", "")


def _short(path: str) -> str:
    """Return a file's name, however it is written, without its suffix."""
    name = re.split(r"[/\\]", path)[-1]
    return re.sub(r"\.(vxml|xml|jsp|php|asp|cgi)$", "", name)
