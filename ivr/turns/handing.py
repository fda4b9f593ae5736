"""What whoever takes over is told: the way through the dialog, and what the person said of himself."""

from ivr.definition.values import Dialog, SlotKind, in_language
from ivr.meaning import FAQ_PREFIX
from ivr.turns.choosing import answers_by_id
from ivr.turns.sentences import MASK, fill, sentence
from ivr.turns.values import Gathered, Passed, State, Told


def gathered(dialog: Dialog, state: State) -> Gathered:
    """Collect what a state holds, in its language; secrets are masked."""
    language = state.language
    path = tuple(Passed(node, label(dialog, node, language)) for node in state.path)
    slots = tuple(
        Told(
            slot=name,
            label=slot_label(dialog, name, language),
            value=shown(dialog, state, name),
            secret=dialog.slots[name].secret,
        )
        for name in state.slots
        if name in dialog.slots
    )
    comma, nothing = sentence(dialog, "comma", language), sentence(dialog, "nothing", language)
    wishes = [each.label for each in path if dialog.nodes[each.node].examples or dialog.nodes[each.node].needs]
    if path and path[-1].label not in wishes and path[-1].node != dialog.start:
        wishes.append(path[-1].label)
    summary = fill(
        sentence(dialog, "summary", language),
        {
            "wishes": comma.join(dict.fromkeys(wishes)) or nothing,
            "slots": comma.join(f"{each.label} {each.value}" for each in slots) or nothing,
        },
    )
    return Gathered(summary=summary, language=language, path=path, slots=slots)


def label(dialog: Dialog, name: str, language: str) -> str:
    """Return what a node or an answer is called for people."""
    if name.startswith(FAQ_PREFIX):
        answer = dialog.answers[answers_by_id(dialog)[name.removeprefix(FAQ_PREFIX)]]
        if not isinstance(answer.questions, dict):
            return answer.questions[0]
        asked = answer.questions.get(language) or next(iter(answer.questions.values()))
        return asked[0]
    return in_language(dialog.nodes[name].label, language) or name


def slot_label(dialog: Dialog, name: str, language: str) -> str:
    """Return what a slot is called for people."""
    return in_language(dialog.slots[name].label, language) or name


def shown(dialog: Dialog, state: State, name: str) -> str:
    """Return a slot's value as people may read it."""
    slot, value = dialog.slots[name], state.slots[name]
    if slot.secret:
        return MASK
    if slot.type is SlotKind.CHOICE:
        option = next((each for each in slot.options if each.value == value), None)
        if option is not None:
            return in_language(option.label, state.language) or value
    return value


def known(dialog: Dialog, state: State) -> dict[str, str]:
    """Return all that a sentence may name in ``{…}``: slots as people read them, and what look-ups gave."""
    return {**{name: shown(dialog, state, name) for name in state.slots if name in dialog.slots}, **state.values}
