from pathlib import Path

from ivr.definition.reading import parse_dialog
from ivr.turns.values import State, Waiting
from ivr.voice.keys import MAX_KEYS, Keyed, Keypad, More

DIALOG = parse_dialog(
    """
    itr: 1
    name: keys
    languages: [en]
    start: main
    human: {queue: support}
    nodes:
      main: {say: Hello, choices: [{digit: "1", go: one}, {digit: "21", go: two}]}
      one: {label: one, examples: [the first], needs: [phone]}
      two: {label: two, examples: [the second], needs: [size]}
    slots:
      phone: {type: phone, ask: Which number?}
      size: {type: choice, ask: Which size?, options: [{value: small, digit: "1"}, {value: large, digit: "2"}]}
    """,
    Path("keys.yaml"),
).dialog
MENU = State(language="en", node="main", waiting=Waiting.CHOICE)


def press(keypad: Keypad, keys: str) -> Keyed | More:
    for key in keys[:-1]:
        assert isinstance(keypad.press(key), More)
    return keypad.press(keys[-1])


def test_one_key_is_a_choice_at_once_and_a_longer_one_waits_for_the_rest() -> None:
    keypad = Keypad(DIALOG, MENU)
    assert press(keypad, "1") == Keyed("1")
    assert press(keypad, "21") == Keyed("21")
    assert isinstance(press(keypad, "2"), More)
    assert keypad.rest() == Keyed("2")
    assert press(keypad, "9") == Keyed("9")
    assert press(keypad, "#") == Keyed("#")


def test_a_number_ends_by_the_hash_key_or_a_pause() -> None:
    keypad = Keypad(DIALOG, State(language="en", node="one", waiting=Waiting.SLOT, asked=("phone",)))
    assert press(keypad, "13800138000#") == Keyed("13800138000")
    assert press(keypad, "*") == Keyed("*")
    assert isinstance(press(keypad, "0"), More)
    assert keypad.rest() == Keyed("0")
    assert press(keypad, "1" * MAX_KEYS) == Keyed("1" * MAX_KEYS)


def test_the_options_of_a_slot_are_a_menu() -> None:
    keypad = Keypad(DIALOG, State(language="en", node="two", waiting=Waiting.SLOT, asked=("size",)))
    assert press(keypad, "2") == Keyed("2")
    assert press(keypad, "0") == Keyed("0")


def test_before_the_first_node_any_key_counts() -> None:
    assert Keypad(DIALOG, State(language="en")).press("5") == Keyed("5")
