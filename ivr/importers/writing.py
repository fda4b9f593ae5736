"""Menus that were read, as the YAML of a dialog: keys and destinations stay, and what could not be known is asked for. Pure."""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from ivr.importers.menus import Entry, Goal, GoalKind, Imported, Menu, Origin, Prompt, Unread

KINDS: Final = {
    GoalKind.QUEUE: ("queue", "queue"),
    GoalKind.NUMBER: ("number", "number"),
}
"""Of what a dialog transfers to: the key of its target, and how a node is called."""
MAX_CHOICE: Final = re.compile(r"[0-9*#]{1,8}")


class Written(msgspec.Struct, frozen=True):
    """A dialog's file, and all that has no place in it."""

    text: str
    unread: tuple[Unread, ...]


def written(imported: Imported, *, name: str, language: str) -> Written:
    """Write the dialog; the first menu is where it begins."""
    return _Writer(imported, name, language).written()


class _Writer:
    def __init__(self, imported: Imported, name: str, language: str) -> None:
        self._imported = imported
        self._name = identifier(name)
        self._language = language
        self._unread = list(imported.unread)
        self._menus = {menu.id: menu for menu in imported.menus}
        self._ids: dict[str, str] = {}
        self._goals: dict[tuple[GoalKind, str, tuple[Prompt, ...]], tuple[str, str]] = {}
        """Node and label of each destination that is no menu."""
        for menu in imported.menus:
            self._ids[menu.id] = self._unique(identifier(menu.id))

    def written(self) -> Written:
        if not self._menus:
            return Written("", tuple(self._unread))
        nodes = [line for menu in self._imported.menus for line in self._menu(menu)]
        human = next((goal for goal in self._goals if goal[0] is GoalKind.QUEUE), None) or next(
            (goal for goal in self._goals if goal[0] is GoalKind.NUMBER), None
        )
        lines = ["itr: 1", f"name: {self._name}", f"languages: [{self._language}]", f"start: {next(iter(self._ids.values()))}"]
        if human is None:
            lines.append("human: {queue: support}   # nobody takes over in what was read: name a queue, an agent or a number")
        else:
            lines.append(f"human: {{{KINDS[human[0]][0]}: {_quoted(human[1])}}}   # the first that was found: is it right?")
        lines += ["", "nodes:", *nodes, *self._destinations()]
        return Written("\n".join(lines) + "\n", tuple(self._unread))

    def _menu(self, menu: Menu) -> Iterator[str]:
        label = menu.label or _spoken(menu.prompts) or menu.id
        yield f"  {self._ids[menu.id]}:   # {_plain(str(menu.origin))}"
        yield f"    label: {self._words(label)}"
        if menu is not self._imported.menus[0]:
            yield self._examples()
        yield from self._said(menu.prompts, label)
        for goal, when in ((menu.on_silence, "after a silence"), (menu.on_wrong, "after a wrong key")):
            if goal is not None and not (goal.kind is GoalKind.MENU and goal.target == menu.id):
                where = f"{goal.kind} {goal.target}".strip()
                why = "Tieline asks again, and at last goes to a human"
                self._unread.append(Unread(menu.origin, f"[{menu.id}] {when}: {where}", why))
        entries = [entry for entry in menu.entries if self._is_choice(entry)]
        if not entries:
            yield "    listen: true"
            return
        yield "    choices:"
        for entry in entries:
            label = f", label: {self._words(entry.label)}" if entry.label else ""
            yield f"      - {{digit: {_quoted(entry.digits)}, go: {self._node(entry)}{label}}}   # {_plain(str(entry.origin))}"

    def _is_choice(self, entry: Entry) -> bool:
        if MAX_CHOICE.fullmatch(entry.digits):
            return True
        self._unread.append(Unread(entry.origin, entry.digits, "these keys are no entry of a menu"))
        return False

    def _node(self, entry: Entry) -> str:
        goal = entry.goal
        if goal.kind is GoalKind.MENU and goal.target in self._ids and not goal.prompts:
            return self._ids[goal.target]
        key = (goal.kind, goal.target, goal.prompts)
        if key not in self._goals:
            label = entry.label or _spoken(goal.prompts) or f"{goal.kind} {goal.target}".replace("_", " ").strip()
            self._goals[key] = (self._unique(identifier(f"{goal.kind}-{goal.target}".strip("-"))), label)
            self._explain(goal, entry.origin)
        return self._goals[key][0]

    def _explain(self, goal: Goal, origin: Origin) -> None:
        match goal.kind:
            case GoalKind.VOICEMAIL:
                why = "a dialog has no mailbox: it leads to a human"
            case GoalKind.UNKNOWN:
                why = "where it leads is not known: it leads to a human"
            case GoalKind.MENU if goal.target not in self._ids:
                why = "there is no such menu: it leads to a human"
            case _:
                return
        self._unread.append(Unread(origin, f"{goal.kind} {goal.target}".strip(), why))

    def _destinations(self) -> Iterator[str]:
        for (kind, target, prompts), (node, label) in self._goals.items():
            yield f"  {node}:"
            yield f"    label: {self._words(label)}"
            yield self._examples()
            yield from self._said(prompts, "")
            if kind is GoalKind.HANG_UP:
                yield from () if prompts else [f"    say: {self._words(label)}   # what do callers hear?"]
                yield "    end: true"
            elif kind is GoalKind.MENU and target in self._ids:
                yield f"    then: {self._ids[target]}"
            elif kind in KINDS:
                yield f"    transfer: {{{KINDS[kind][0]}: {_quoted(target)}}}"
            else:
                yield "    transfer: {queue: support}   # was not known: name who takes over"

    def _said(self, prompts: tuple[Prompt, ...], otherwise: str) -> Iterator[str]:
        text = " ".join(each.text for each in prompts if each.text) or _spoken(prompts) or otherwise
        if not text:
            return
        sounds = [each.sound for each in prompts if each.sound]
        where = f" in {_plain(sounds[0])}" if sounds else ""
        hint = "" if any(each.text for each in prompts) else f"   # write what is said{where}"
        yield f"    say: {self._words(text)}{hint}"
        if sounds:
            yield f"    prompt: {_quoted(sounds[0])}"

    def _examples(self) -> str:
        return f"    examples: {{{self._language}: []}}   # examples wanted: five to ten ways to ask for this"

    def _words(self, text: str) -> str:
        return f"{{{self._language}: {_quoted(text)}}}"

    def _unique(self, wanted: str) -> str:
        taken = {*self._ids.values(), *(node for node, _ in self._goals.values())}
        found, number = wanted, 2
        while found in taken:
            found, number = f"{wanted}-{number}", number + 1
        return found


_YAML_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
"""YAML 1.1, what a plain scalar may mean."""


def identifier(text: str) -> str:
    """Return a node's id for a name of any kind."""
    made = re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")[:48].strip("-")
    # Some words are no texts in YAML.
    return made if made[:1].isalpha() and made not in _YAML_WORDS else f"menu-{made}".strip("-")


def _spoken(prompts: tuple[Prompt, ...]) -> str:
    """Return what prompts are about: their text, or their files' names as words."""
    names = [each.text or re.sub(r"[-_/]+", " ", each.sound.rpartition("/")[2]).strip() for each in prompts]
    return ", ".join(name for name in names if name)


def _quoted(text: str) -> str:
    # JSON strings of what can be printed are YAML strings.
    return msgspec.json.encode(_plain(text)).decode()


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", "".join(letter if letter.isprintable() else " " for letter in text)).strip()
