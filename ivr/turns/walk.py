"""The walk from node to node within one step: it ends where the dialog waits for something, or is over."""

from datetime import datetime
from typing import Final
from urllib.parse import quote

from msgspec.structs import replace

from ivr.catalogue import suiting, worth_asking
from ivr.definition.hours import is_open
from ivr.definition.values import AnyOf, Dialog, Need, Recommend, Target, Words, in_language
from ivr.meaning import FAQ_PREFIX
from ivr.turns.choosing import answers_by_id, needs_of
from ivr.turns.handing import gathered, known, label
from ivr.turns.sentences import fill, sentence
from ivr.turns.values import (
    Action,
    Choose,
    Collect,
    End,
    Link,
    LookUp,
    Offered,
    Say,
    State,
    Step,
    Transfer,
    Waiting,
)

MAX_HOPS: Final = 30
"""Nodes entered in one step; a circle of nodes that wait for nothing ends at a human."""
MAX_PATH: Final = 100
"""Nodes that a conversation remembers."""
MAX_PENDING: Final = 5
"""Wishes that wait for their turn."""
YES: Final = "!yes"
NO: Final = "!no"
HUMAN: Final = "!human"
"""Values of buttons that are no nodes: ids never begin so."""


class Walk:
    """One step in the making: the state changes and actions come together, then :meth:`step` is what happened."""

    def __init__(self, dialog: Dialog, state: State, now: datetime) -> None:
        self.dialog = dialog
        self.state = state
        self.fresh: set[str] = set()
        """Slots that were told in this step."""
        self._now = now
        self._actions: list[Action] = []
        self._hops = 0

    def step(self) -> Step:
        """Return what the step became."""
        return Step(self.state, tuple(self._actions))

    def set(self, **changes: object) -> None:
        """Change the state."""
        self.state = replace(self.state, **changes)

    def say(self, words: Words | str | None, prompt: str | None = None, **values: str) -> None:
        """Say a text of the dialog, with what is known filled in."""
        text = fill(in_language(words, self.state.language), {**known(self.dialog, self.state), **values}).strip()
        if text:
            self._actions.append(Say(text=text, prompt=prompt))

    def say_own(self, name: str, **values: str) -> None:
        """Say one of Tieline's own sentences."""
        self.say(sentence(self.dialog, name, self.state.language), **values)

    def enter(self, name: str) -> None:
        """Go to a node, and on from there."""
        self._hops += 1
        if self._hops > MAX_HOPS:
            self.human()
            return
        node = self.dialog.nodes[name]
        if node.within is not None and node.outside is not None and not is_open(self.dialog.hours[node.within], self._now):
            self.enter(node.outside)
            return
        needed = {slot for group in needs_of(self.dialog, name) for slot in group}
        asked_anew = {slot for slot in needed & set(self.state.used) if not self.dialog.slots[slot].keep} - self.fresh
        self.set(
            node=name,
            path=self.state.path if self.state.path[-1:] == (name,) else (*self.state.path, name)[-MAX_PATH:],
            slots={slot: value for slot, value in self.state.slots.items() if slot not in asked_anew},
            confirmed=False,
            looked_up=False,
            failures=0,
            asked=(),
            offers=(),
        )
        if node.choices:
            menus = self.state.menus
            self.set(menus=(*(menus[: menus.index(name)] if name in menus else menus), name))
        self.advance()

    def advance(self) -> None:
        """Do what the node does next."""
        name = self.state.node
        node = self.dialog.nodes[name]
        need = self._missing()
        if need is not None:
            group = need.any_of if isinstance(need, AnyOf) else (need,)
            self.set(waiting=Waiting.SLOT, asked=group)
            self.ask()
            return
        self.set(asked=())
        if node.recommend is not None and not self._recommend(node.recommend):
            return
        if node.confirm is not None and not self.state.confirmed:
            self.set(waiting=Waiting.CONFIRM)
            self.ask()
            return
        if node.look_up is not None and not self.state.looked_up:
            values = {**self.state.values, **self.state.slots}
            arguments = {key: fill(text, values) for key, text in node.look_up.arguments.items()}
            self.set(waiting=Waiting.LOOK_UP)
            self._actions.append(LookUp(handler=node.look_up.handler, arguments={**self.state.slots, **arguments}))
            return
        self.say(node.say, node.prompt)
        if node.link is not None:
            values = {key: quote(value, safe="") for key, value in known(self.dialog, self.state).items()}
            text = in_language(node.link.label, self.state.language)
            self._actions.append(Link(url=fill(node.link.url, values), label=text))
        everything = {**self.state.slots, **self.state.values}
        for when in node.when:
            if everything.get(when.value) == when.equals:
                self.enter(when.go)
                return
        if node.transfer is not None:
            self.transfer(node.transfer)
        elif node.end:
            self.end("served")
        elif node.choices or node.listen:
            self.set(waiting=Waiting.CHOICE if node.choices else Waiting.MORE)
            self._choices()
        else:
            self.done(name)

    def done(self, served: str) -> None:
        """What was wished is served: go on with what is left, else ask whether there is more."""
        needed = [] if served.startswith(FAQ_PREFIX) else [slot for group in needs_of(self.dialog, served) for slot in group]
        used = tuple(dict.fromkeys((*self.state.used, *needed)))
        self.set(finished=(*self.state.finished, served)[-MAX_PATH:], used=used, failures=0)
        if self.state.pending:
            following, *rest = self.state.pending
            self.set(pending=tuple(rest))
            if len(following) > 1:
                self.offer(following)
            else:
                self.say_own("next_wish", label=self.label(following[0]))
                self.go(following[0])
        elif self.state.returns:
            before = self.state.returns[0]
            self.set(returns=self.state.returns[1:])
            self.say_own("back_to", label=self.label(before))
            self.fresh.update(self.state.slots)
            self.enter(before)
        elif not served.startswith(FAQ_PREFIX) and (then := self.dialog.nodes[served].then) is not None:
            self.enter(then)
        else:
            self.more()

    def more(self) -> None:
        """Ask whether there is anything else; the start's digits work meanwhile."""
        self.set(node=self.dialog.start, waiting=Waiting.MORE, asked=(), offers=())
        self.say_own("anything_else")

    def go(self, name: str) -> None:
        """Go to a node, or give an answer."""
        if not name.startswith(FAQ_PREFIX):
            self.enter(name)
            return
        self._hops += 1
        answer = self.dialog.answers[answers_by_id(self.dialog)[name.removeprefix(FAQ_PREFIX)]]
        self.say(answer.say)
        if self.state.waiting in (Waiting.SLOT, Waiting.CONFIRM):
            self.set(finished=(*self.state.finished, name)[-MAX_PATH:])
            self.ask()
        else:
            self.done(name)

    def offer(self, names: tuple[str, ...]) -> None:
        """Ask which of several was meant."""
        self.set(waiting=Waiting.OFFER, offers=names)
        self.ask()

    def ask(self, again: bool = False) -> None:
        """Say the question that waits for its answer; ``again`` where the answer was none."""
        state, node = self.state, self.dialog.nodes.get(self.state.node)
        assert node is not None
        match state.waiting:
            case Waiting.SLOT:
                self._ask_slot(again)
            case Waiting.CONFIRM:
                self.say(node.confirm)
                self._options([(YES, "yes", "1"), (NO, "no", "2")])
            case Waiting.OFFER:
                labels = [self.label(name) for name in state.offers]
                comma, either = (sentence(self.dialog, name, state.language) for name in ("comma", "or"))
                told = either.join(filter(None, (comma.join(labels[:-1]), labels[-1])))
                self.say_own("did_you_mean", labels=told)
                offered = [
                    Offered(value=name, label=text, digit=str(place))
                    for place, (name, text) in enumerate(zip(state.offers, labels, strict=True), 1)
                ]
                none = sentence(self.dialog, "none_of_these", state.language)
                self._actions.append(Choose(options=(*offered, Offered(value=NO, label=none))))
            case Waiting.MORE if not node.listen:
                self.say_own("anything_else")
            case Waiting.CHOICE | Waiting.MORE:
                self.say(node.say, node.prompt)
                self._choices()
            case Waiting.LOOK_UP:
                self.say_own("one_moment")
            case Waiting.BEGIN | Waiting.OVER:
                pass

    def human(self) -> None:
        """Hand over to whoever is there for all that the dialog cannot do; at other hours say so and end."""
        target = self.dialog.human
        if target.within is not None and not is_open(self.dialog.hours[target.within], self._now):
            self.say(target.closed) if target.closed is not None else self.say_own("closed")
            self.end("closed")
            return
        self.say(target.say) if target.say is not None else self.say_own("human")
        self.transfer(Target(queue=target.queue, agent=target.agent, number=target.number))

    def transfer(self, target: Target) -> None:
        """Hand over to whom a node names."""
        self.set(waiting=Waiting.OVER)
        self._actions.append(Transfer(target=target, gathered=gathered(self.dialog, self.state)))

    def end(self, reason: str) -> None:
        """Be done."""
        self.set(waiting=Waiting.OVER)
        self._actions.append(End(reason=reason))

    def offer_human(self) -> None:
        """Show a button that leads to a human."""
        keys = self.dialog.keys
        self._options([(HUMAN, "a_human", keys.human)])

    def label(self, name: str) -> str:
        """Return what a node or answer is called."""
        return label(self.dialog, name, self.state.language)

    def _missing(self) -> Need | None:
        node = self.dialog.nodes[self.state.node]
        for need in node.needs:
            group = need.any_of if isinstance(need, AnyOf) else (need,)
            if not any(slot in self.state.slots for slot in group):
                return need
        if node.recommend is None:
            return None
        return worth_asking(self.dialog.catalogue(node.recommend.catalogue), node.recommend.ask, self.state.slots)

    def _recommend(self, recommend: Recommend) -> bool:
        """Find what suits best; False: nothing does, and the dialog has gone on elsewhere."""
        best = suiting(self.dialog.catalogue(recommend.catalogue), self.state.slots)
        if best:
            language = self.state.language
            said = {"product": in_language(best[0].name, language), "about": in_language(best[0].about, language)}
            self.set(values={**self.state.values, **said, "recommended": best[0].id})
            return True
        if recommend.none is not None:
            self.enter(recommend.none)
        else:
            self.say_own("nothing_suits")
            self.done(self.state.node)
            if self.state.waiting is Waiting.MORE:
                self.offer_human()
        return False

    def _ask_slot(self, again: bool) -> None:
        need = self._missing()
        if need is None:
            return
        asking = need if isinstance(need, AnyOf) else self.dialog.slots[need]
        if again:
            self.say(asking.again) if asking.again is not None else self.say_own("again")
        if not (again and asking.again is not None):
            self.say(asking.ask)
        if not isinstance(need, AnyOf) and self.dialog.slots[need].options:
            language = self.state.language
            options = self.dialog.slots[need].options
            self._actions.append(
                Choose(
                    options=tuple(
                        Offered(value=each.value, label=in_language(each.label, language) or each.value, digit=each.digit)
                        for each in options
                    )
                )
            )
        self._actions.append(Collect(slots=self.state.asked))

    def _choices(self) -> None:
        node = self.dialog.nodes[self.state.node]
        if node.choices:
            options = tuple(
                Offered(
                    value=each.go, label=in_language(each.label, self.state.language) or self.label(each.go), digit=each.digit
                )
                for each in node.choices
            )
            self._actions.append(Choose(options=options))

    def _options(self, options: list[tuple[str, str, str | None]]) -> None:
        self._actions.append(
            Choose(
                options=tuple(
                    Offered(value=value, label=sentence(self.dialog, name, self.state.language), digit=digit)
                    for value, name, digit in options
                )
            )
        )
