import msgspec
from support.building import SITE, START, Story

from gateway.model.events import (
    DigitPressed,
    MenuEntered,
    MenuLeft,
    ServiceStarted,
)
from gateway.model.menus import passed
from gateway.model.terms import Service


def enters(story: Story, menu: str, since: float | None = None) -> Story:
    return story.says(MenuEntered, leg="caller", menu=menu, since=story.now if since is None else since)


def presses(story: Story, digits: str, menu: str = "main", leg: str = "caller") -> Story:
    for digit in digits:
        story.says(DigitPressed, leg=leg, digit=digit, menu=menu)
    return story


def in_menu(menu: str = "main", mask: tuple[str, ...] = ()) -> Story:
    return enters(Story(msgspec.structs.replace(SITE, mask_digits=mask)).comes_in().connects("caller").later(1.0), menu)


# digits, ivr_path, ivr_s


def test_the_callers_digits_stay_in_order() -> None:
    assert presses(in_menu(), "12#").record()["digits"] == "12#"


def test_digits_of_other_parties_are_not_the_callers() -> None:
    story = in_menu().rings("8001").connects("8001")
    assert presses(story, "1", leg="8001").record()["digits"] == ""


def test_digits_collected_as_data_are_masked_in_the_record_and_in_what_is_told() -> None:
    story = presses(in_menu(mask=("account",)), "2")
    presses(enters(story, "account"), "4711#", menu="account")
    assert story.record()["digits"] == "2xxxxx"
    assert [data["digit"] for data in story.data("call.digit_pressed")] == ["2", "x", "x", "x", "x", "x"]
    assert b"4711" not in msgspec.json.encode([list(story.calls.values()), story.told])


def test_a_menu_repeated_is_passed_once_and_a_later_return_again() -> None:
    story = in_menu("main")
    for menu in ("main", "main", "sales", "sales", "main"):
        enters(story.later(3.0), menu)
    assert story.record()["ivr_path"] == ["main", "sales", "main"]


def test_a_menu_that_was_left_and_is_entered_again_is_passed_again() -> None:
    story = in_menu("main").later(2.0).says(MenuLeft, leg="caller").later(5.0)
    assert enters(story, "main").record()["ivr_path"] == ["main", "main"]


def test_ivr_seconds_count_from_entering_the_first_menus_context_to_leaving_the_last() -> None:
    story = enters(Story().comes_in().connects("caller").later(3.0), "main", since=START + 1.0).later(4.0)
    enters(story, "sales").later(6.0).says(MenuLeft, leg="caller").later(20.0)
    assert story.clears("caller").record()["ivr_s"] == 12.0


def test_whoever_leaves_in_a_menu_leaves_it_then() -> None:
    assert in_menu().later(4.5).hangs_up("caller").record()["ivr_s"] == 4.5


def test_joining_a_queue_leaves_the_menu() -> None:
    story = in_menu().later(4.0).queues("support").later(20.0).hangs_up("caller")
    assert (story.record()["ivr_s"], story.record()["stage"]) == (4.0, "queue")


def test_a_call_that_passed_no_menu_has_none() -> None:
    record = Story().comes_in().clears("caller").record()
    assert (record["ivr_path"], record["digits"], record["ivr_s"]) == ([], "", None)


def test_a_menu_of_somebody_elses_leg_is_not_the_callers() -> None:
    story = Story().comes_in().rings("8001").answers("8001").says(MenuEntered, leg="8001", menu="features", since=START)
    assert story.record()["ivr_path"] == []


def test_a_menu_that_goes_on_to_somebody_is_left_when_he_answers() -> None:
    story = in_menu().later(4.0).says(MenuLeft, leg="caller").rings("8001").later(3.0).answers("8001").later(20.0)
    assert story.hangs_up("caller", "8001").record()["ivr_s"] == 4.0


def test_a_service_of_the_pbx_is_told_with_what_it_is_for() -> None:
    story = Story().comes_in().connects("caller").says(ServiceStarted, leg="caller", service=Service.VOICEMAIL, detail="8001")
    assert story.data("call.service_started") == [{"service": "voicemail", "detail": "8001"}]


def test_a_menu_since_nobody_knows_when_lasts_for_nobody_knows_how_long() -> None:
    story = Story().comes_in().connects("caller").says(MenuEntered, leg="caller", menu="main", since=None).later(5.0)
    record = story.hangs_up("caller").record()
    assert (record["ivr_path"], record["ivr_s"]) == (["main"], None)


def test_what_was_pressed_is_told_menu_by_menu() -> None:
    story = presses(in_menu(), "1")
    presses(enters(story, "sub"), "23", menu="sub")
    story.says(MenuLeft, leg="caller")
    enters(story, "main")

    assert [(step.menu, step.digits) for step in passed(story.call())] == [("main", "1"), ("sub", "23"), ("main", "")]


def test_what_was_pressed_outside_of_any_menu_is_told_as_well() -> None:
    story = Story().comes_in().connects("caller").says(DigitPressed, leg="caller", digit="9", menu=None)
    assert [(step.menu, step.digits) for step in passed(story.call())] == [(None, "9")]


def test_data_is_masked_in_what_was_pressed_as_well() -> None:
    assert [step.digits for step in passed(presses(in_menu(mask=("main",)), "42").call())] == ["xx"]
