import pytest

from ivr.meaning import GlobalWord
from ivr.understanding.text import normalised
from ivr.understanding.words import word_of

SAID = {
    GlobalWord.HUMAN: ["A human, please!", "I want to speak to an agent", "operator", "can I talk to a real person",
                       "人工", "转人工客服",
                       "我要找人工", "帮我转接人工服务"],
    GlobalWord.BACK: ["back", "go back please", "返回上一级", "上一步"],
    GlobalWord.MAIN_MENU: ["main menu", "take me to the main menu", "回到主菜单", "主菜单吧"],
    GlobalWord.REPEAT: ["repeat that", "could you say that again", "pardon?", "再说一遍", "请重复一遍", "没听清"],
    GlobalWord.START_OVER: ["start over", "let's start again".replace("let's ", ""), "重新开始", "从头来"],
    GlobalWord.YES: ["Yes.", "yeah", "that's right", "是的", "对的", "嗯，好的"],
    GlobalWord.NO: ["no", "No, thanks", "不是", "不用了", "没有了，谢谢"],
}  # fmt: skip


@pytest.mark.parametrize(("word", "text"), [(word, text) for word, texts in SAID.items() for text in texts])
def test_words_are_known_with_what_politeness_adds(word: GlobalWord, text: str) -> None:
    assert word_of(normalised(text)) is word


@pytest.mark.parametrize(
    "text",
    ["don't repeat", "not back", "不用重复", "不要人工", "my agent never called back", "the main menu is broken",
     "where is my parcel",
     "人工费多少钱", "我的包裹是什么时候到", "", "?!"],
)  # fmt: skip
def test_a_sentence_about_such_a_thing_is_none(text: str) -> None:
    assert word_of(normalised(text)) is None
