"""What a dialog names must be there: nodes, slots, handlers and hours that it speaks of."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.model.yaml_text import Document, KeyPath, Problem
from ivr.definition.hours import HoursError, days_of, spans_of
from ivr.definition.values import AnyOf, Catalogue, Dialog, Hours, Node, Product, Slot, SlotKind, Target


def reference_problems(dialog: Dialog, document: Document) -> list[Problem]:
    """Return what a dialog names and has not, and what its parts cannot be together."""
    return list(_Checked(dialog, document).problems())


class _Checked:
    def __init__(self, dialog: Dialog, document: Document) -> None:
        self._dialog = dialog
        self._document = document

    def problems(self) -> Iterator[Problem]:
        dialog = self._dialog
        yield from self._named(("start",), dialog.start, dialog.nodes, "node")
        yield from self._target(("human",), dialog.human)
        yield from self._named(("human", "within"), dialog.human.within, dialog.hours, "hours")
        for name, node in dialog.nodes.items():
            yield from self._node(("nodes", name), node)
        for name, slot in dialog.slots.items():
            key: KeyPath = ("slots", name)
            if slot.pattern is not None:
                try:
                    re.compile(slot.pattern)
                except re.error as error:
                    yield self._wrong((*key, "pattern"), f"is no regular expression: {error}", "Write one, such as SF\\d{8}")
            if slot.time is not None and slot.type is not SlotKind.DATE:
                yield self._wrong((*key, "time"), f"is for dates, and this is of type {slot.type.value}", "Take it out")
            if slot.type is SlotKind.CHOICE and not slot.options:
                yield self._wrong(key, "has nothing to choose from", "Add `options:`")
        for name, hours in dialog.hours.items():
            yield from self._hours(("hours", name), hours)
        for name, catalogue in dialog.catalogues.items():
            if isinstance(catalogue, Catalogue):
                yield from self._catalogue(("catalogues", name), catalogue)
        seen: set[str] = set()
        for position, answer in enumerate(dialog.answers):
            if answer.id in seen:
                yield self._wrong(("answers", position), f"{answer.id} is the id of another answer", "Give each its own")
            seen.add(answer.id)

    def _node(self, key: KeyPath, node: Node) -> Iterator[Problem]:
        dialog = self._dialog
        taken: dict[str, int] = {}
        for position, choice in enumerate(node.choices):
            place = (*key, "choices", position)
            yield from self._named((*place, "go"), choice.go, dialog.nodes, "node")
            if choice.digit is not None:
                if choice.digit in taken:
                    first = self._document.place((*key, "choices", taken[choice.digit])).line
                    what = f"digit {choice.digit} stands here again, first on line {first}"
                    yield self._wrong((*place, "digit"), what, "Give each choice its own")
                taken.setdefault(choice.digit, position)
        for position, need in enumerate(node.needs):
            for slot in need.any_of if isinstance(need, AnyOf) else (need,):
                yield from self._named((*key, "needs", position), slot, dialog.slots, "slot")
                if not isinstance(need, AnyOf) and slot in dialog.slots and dialog.slots[slot].ask is None:
                    yield self._wrong(("slots", slot), "is asked for and has no question", "Add `ask:`")
        if node.recommend is not None:
            place = (*key, "recommend")
            yield from self._named((*place, "catalogue"), node.recommend.catalogue, dialog.catalogues, "catalogue")
            yield from self._named((*place, "none"), node.recommend.none, dialog.nodes, "node")
            for position, slot in enumerate(node.recommend.ask):
                yield from self._named((*place, "ask", position), slot, dialog.slots, "slot")
                if slot in dialog.slots and dialog.slots[slot].ask is None:
                    yield self._wrong(("slots", slot), "is asked for and has no question", "Add `ask:`")
        if node.look_up is not None:
            yield from self._named((*key, "look_up", "handler"), node.look_up.handler, dialog.handlers, "handler")
            yield from self._named((*key, "look_up", "not_found"), node.look_up.not_found, dialog.nodes, "node")
            yield from self._named((*key, "look_up", "down"), node.look_up.down, dialog.nodes, "node")
        for position, when in enumerate(node.when):
            yield from self._named((*key, "when", position, "go"), when.go, dialog.nodes, "node")
        yield from self._named((*key, "then"), node.then, dialog.nodes, "node")
        yield from self._named((*key, "outside"), node.outside, dialog.nodes, "node")
        yield from self._named((*key, "within"), node.within, dialog.hours, "hours")
        if node.transfer is not None:
            yield from self._target((*key, "transfer"), node.transfer)
        if (node.within is None) != (node.outside is None):
            yield self._wrong(key, "`within` and `outside` go together", "Write both: the hours, and the node for other hours")
        ways = [
            name
            for name, there in (
                ("choices", node.choices),
                ("listen", node.listen),
                ("transfer", node.transfer),
                ("end", node.end),
            )
            if there
        ]
        if len(ways) > 1 or (ways and node.then is not None):
            yield self._wrong(
                key, f"does {', '.join([*ways, 'then'][:2])} at once", "Keep one of choices, listen, transfer, then and end"
            )

    def _catalogue(self, key: KeyPath, catalogue: Catalogue) -> Iterator[Problem]:
        seen: set[str] = set()
        for position, product in enumerate(catalogue.products):
            place = (*key, "products", position)
            if product.id in seen:
                yield self._wrong(place, f"{product.id} is the id of another product", "Give each its own")
            seen.add(product.id)
            for name in product.fits:
                yield from self._named((*place, "fits", name), name, self._dialog.slots, "slot")
                if name in self._dialog.slots:
                    yield from self._fit((*place, "fits", name), product, name, self._dialog.slots[name])

    def _fit(self, key: KeyPath, product: Product, name: str, slot: Slot) -> Iterator[Problem]:
        fit = product.fits[name]
        what = f"of {product.id}: {name} is of type {slot.type.value}"
        if slot.type is SlotKind.CHOICE:
            if fit.at_least is not None or fit.at_most is not None:
                yield self._wrong(key, what, "Write `only:` or `points:` with its options")
            options = {option.value for option in slot.options}
            for value in (*fit.only, *fit.points):
                yield from self._named(key, value, options, f"option of {name}")
        elif slot.type not in (SlotKind.NUMBER, SlotKind.AMOUNT):
            yield self._wrong(key, what, "A product can fit numbers, amounts and choices")
        elif fit.only or fit.points:
            yield self._wrong(key, what, "Write `at_least:` or `at_most:`")

    def _target(self, key: KeyPath, target: Target) -> Iterator[Problem]:
        if sum(each is not None for each in (target.queue, target.agent, target.number)) != 1:
            yield self._wrong(key, "leads to nobody, or to two", "Write one of `queue:`, `agent:` and `number:`")

    def _hours(self, key: KeyPath, hours: Hours) -> Iterator[Problem]:
        try:
            ZoneInfo(hours.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield self._wrong((*key, "timezone"), f"{hours.timezone} is no time zone", "Write one such as Asia/Shanghai")
        for days, spans in hours.open.items():
            try:
                days_of(days)
                spans_of(spans)
            except HoursError as error:
                yield self._wrong((*key, "open", days), str(error), 'Write such as mon-fri: "09:00-18:00"')
        for position, holiday in enumerate(hours.holidays):
            try:
                for part in holiday.split("/", 1):
                    date.fromisoformat(f"2024-{part[2:]}" if part.startswith("--") else part)
            except ValueError:
                yield self._wrong((*key, "holidays", position), f"{holiday} is no day", "Write such as 2026-10-01, or --12-25")

    def _named(self, key: KeyPath, name: str | None, known: Iterable[str], what: str) -> Iterator[Problem]:
        names = set(known)
        if name is not None and name not in names:
            close = get_close_matches(name, sorted(names), n=1)
            there = ", ".join(sorted(names)[:12]) or "none"
            yield self._wrong(key, f"there is no {what} {name}", f"Did you mean {close[0]}?" if close else f"There is: {there}")

    def _wrong(self, key: KeyPath, what: str, cure: str) -> Problem:
        return Problem(place=self._document.place(key), key=key, what=what, cure=cure)
