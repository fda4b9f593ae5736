from datetime import date

from support.dialog_scripts import delivery

from ivr.lines import Words, read_line
from ivr.turns.values import Chosen, Digits, Offered, Silence, State

DIALOG = delivery()
STATE = State(language="en", node=DIALOG.start)
OFFERED = (Offered(value="track", label="Track a parcel", digit="1"),)
TODAY = date(2026, 11, 23)


def test_a_label_is_its_button_and_nothing_is_silence() -> None:
    assert read_line(DIALOG, STATE, OFFERED, " Track a parcel ", today=TODAY) == Chosen(value="track")
    assert read_line(DIALOG, STATE, OFFERED, "  ", today=TODAY) == Silence()


def test_one_or_two_digits_are_keys_and_longer_numbers_are_words() -> None:
    keys = read_line(DIALOG, STATE, OFFERED, "1", today=TODAY)
    assert isinstance(keys, Digits)
    assert keys.keys == "1"
    words = read_line(DIALOG, STATE, (), "where is SF12345678", today=TODAY)
    assert isinstance(words, Words)
    assert {each.value for each in words.slots} == {"SF12345678"}
