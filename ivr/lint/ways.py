"""Ways through a dialog: nodes that nobody reaches, that lead nowhere, or round for ever."""

from collections.abc import Iterator

from gateway.model.yaml_text import Problem
from ivr.catalogue import never_best
from ivr.definition.reading import Definition
from ivr.definition.values import Dialog, Node


def way_problems(definition: Definition) -> Iterator[Problem]:
    """Yield them, each at its node."""
    dialog, document = definition.dialog, definition.document
    reached = _reached(dialog)
    circling = _circling(dialog)
    for name, node in dialog.nodes.items():
        key = ("nodes", name)
        if name not in reached:
            cure = "Add `examples:`, let a choice or `then:` lead here, or take it out"
            yield Problem(place=document.place(key), key=key, what="nobody gets here: no way leads to it", cure=cure)
        if _does_nothing(node):
            cure = "Add `say:` and where it goes on (choices, then, transfer or end)"
            yield Problem(place=document.place(key), key=key, what="is a dead end: it says and does nothing", cure=cure)
        elif name in circling:
            cure = "Let one of them wait: `choices:`, `listen: true`, `transfer:` or `end: true`"
            what = f"goes round for ever, waiting for nobody: {' > '.join(circling[name])}"
            yield Problem(place=document.place((*key, "then")), key=(*key, "then"), what=what, cure=cure)
    yield from _unreachable_products(definition)
    used = {need for node in dialog.nodes.values() for need in _slots_of(node)}
    for section, names, taken in (
        ("slots", dialog.slots, used | {when.value for node in dialog.nodes.values() for when in node.when}),
        ("handlers", dialog.handlers, {node.look_up.handler for node in dialog.nodes.values() if node.look_up is not None}),
        (
            "catalogues",
            dialog.catalogues,
            {node.recommend.catalogue for node in dialog.nodes.values() if node.recommend is not None},
        ),
        ("hours", dialog.hours, {dialog.human.within, *(node.within for node in dialog.nodes.values())}),
    ):
        for name in names:
            if name not in taken:
                yield Problem(
                    place=document.place((section, name)),
                    key=(section, name),
                    what="is used by no node",
                    cure="Use it or take it out",
                )


def ways_from(node: Node) -> tuple[str, ...]:
    """Return the nodes to which a node leads by itself or by a choice."""
    look_up = node.look_up
    found = [choice.go for choice in node.choices] + [when.go for when in node.when]
    found += [name for name in (node.then, node.outside) if name is not None]
    if node.recommend is not None and node.recommend.none is not None:
        found.append(node.recommend.none)
    if look_up is not None:
        found += [name for name in (look_up.not_found, look_up.down) if name is not None]
    return tuple(found)


def _unreachable_products(definition: Definition) -> Iterator[Problem]:
    dialog, document = definition.dialog, definition.document
    for name, node in dialog.nodes.items():
        if node.recommend is not None:
            key = ("nodes", name, "recommend")
            for product in never_best(dialog.catalogue(node.recommend.catalogue), node.recommend.ask, dialog.slots):
                cure = "Give it points, or move it up: of equally good ones the first is recommended"
                what = f"{product.id} is recommended for no answers"
                yield Problem(place=document.place(key), key=key, what=what, cure=cure)


def _reached(dialog: Dialog) -> set[str]:
    reached: set[str] = set()
    waiting = [dialog.start, *(name for name, node in dialog.nodes.items() if node.examples)]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += ways_from(dialog.nodes[name])
    return reached


def _does_nothing(node: Node) -> bool:
    return not any(
        (node.say, node.prompt, node.choices, node.look_up, node.link, node.when, node.then, node.transfer, node.end, node.needs)
    )


def _circling(dialog: Dialog) -> dict[str, tuple[str, ...]]:
    """Return, for each node on a circle of ``then`` in which nothing waits, the circle."""
    found: dict[str, tuple[str, ...]] = {}
    for start in dialog.nodes:
        way: list[str] = []
        name: str | None = start
        while name is not None and name not in way and not _waits(dialog.nodes[name]):
            way.append(name)
            name = dialog.nodes[name].then
        if way and name == start:
            found[start] = (*way, start)
    return found


def _waits(node: Node) -> bool:
    return any((node.choices, node.listen, node.transfer, node.end, node.needs, node.recommend, node.confirm, node.look_up))


def _slots_of(node: Node) -> Iterator[str]:
    if node.recommend is not None:
        yield from node.recommend.ask
    for need in node.needs:
        if isinstance(need, str):
            yield need
        else:
            yield from need.any_of
