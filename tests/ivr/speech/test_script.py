import pytest

from ivr.speech.script import MAX_PROMPT_CHARACTERS, distinct, is_said, prompt_of, repeats_itself


def test_each_hint_is_a_sentence_of_its_own() -> None:
    assert prompt_of(("查账单", "我的包裹到哪了？", "换  套餐"), "zh") == ("查账单。", "我的包裹到哪了？", "换 套餐。")
    assert prompt_of(("your bill", "where is it?"), "en") == ("your bill.", "where is it?")


def test_hints_of_the_other_language_are_left_out() -> None:
    assert prompt_of(("查账单", "your bill", "VIP会员"), "zh") == ("查账单。", "VIP会员。")
    assert prompt_of(("查账单", "your bill", "VIP会员"), "en") == ("your bill.",)
    assert prompt_of(("", " ", "查账单"), "en") == ()


def test_prompt_is_bounded_and_keeps_what_is_likely() -> None:
    prompt = prompt_of([f"hint number {number}" for number in range(1000)], "en")
    assert prompt[:2] == ("hint number 0.", "hint number 1.")
    assert MAX_PROMPT_CHARACTERS - 20 < sum(map(len, prompt)) <= MAX_PROMPT_CHARACTERS
    assert prompt_of(("长" * 100_000,), "zh") == ()


@pytest.mark.parametrize(
    ("no_speech", "mean_log_probability", "said"),
    [
        pytest.param(0.02, -0.1, True, id="clear"),
        pytest.param(0.31, -0.97, True, id="in noise"),
        pytest.param(0.5, -0.7, True, id="in much noise"),
        pytest.param(0.7, -0.1, False, id="surely no speech"),
        pytest.param(0.49, -0.9, False, id="music"),
        pytest.param(0.63, -1.07, False, id="a crowd"),
        pytest.param(0.05, -1.5, False, id="guessed"),
    ],
)
def test_what_is_said_is_told_from_what_is_invented(no_speech: float, mean_log_probability: float, said: bool) -> None:
    assert is_said("查账单", no_speech=no_speech, mean_log_probability=mean_log_probability) is said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "。",
        "谢谢观看",
        "请不吝点赞 订阅 转发",
        "字幕由Amara.org社区提供",
        "Thanks for watching!",
        "Thank you for watching.",
        "you",
        "BEEP BEEP BEEP",
    ],
)
def test_subtitles_are_nothing_that_was_said(text: str) -> None:
    assert not is_said(text, no_speech=0.0, mean_log_probability=-0.1)


@pytest.mark.parametrize("text", ["谢谢", "Thank you.", "no", "can you help me", "一三八零零一三八零零零", "对对对"])
def test_short_answers_are_kept(text: str) -> None:
    assert is_said(text, no_speech=0.0, mean_log_probability=-0.1)


def test_circles_are_seen() -> None:
    assert repeats_itself("我想查一下账单" * 12)
    assert repeats_itself("I want to. " * 12)
    assert not repeats_itself("我想查一下账单，还有我的包裹到哪了")


def test_alternatives_differ_by_words() -> None:
    heard = ["Check my bill.", "check my bill", "", "。", "check my will", "check, my will"]
    assert distinct(heard) == ("Check my bill.", "check my will")
    assert distinct([]) == ()
