"""The words that can be said anywhere: back, main menu, repeat, a human, start over, yes and no; in both languages, without I/O.

The whole of a sentence must be such a word with what politeness puts around it, so that "don't repeat" is no wish to hear it
again and "my agent has not called back" none to be put through.
"""

import re
from typing import Final

from ivr.meaning import GlobalWord

_MARKS: Final = re.compile(r"[\s.,!?;:。，！？；：、~…\"'’“”]+")
_FILLERS_EN: Final = r"(?:um|uh|er|well|oh|ok|okay|so|hey|hi|hello|please|just|sorry|actually|now)"
_POLITE_EN: Final = (
    r"(?:(?:can|could|may|would|will) (?:you|i|we)(?: please)? |i (?:want|need|would like|d like) (?:you )?(?:to )?|let me |"
    r"i ll |get me |give me |put me through to |connect me (?:to|with) |transfer me to |take me |bring me )"
)
_TAIL_EN: Final = r"(?: (?:please|now|thanks|thank you|then|for me|again|right now))*"
_BEFORE_ZH: Final = r"(?:嗯|呃|哦|啊|那个|那|请问|请|麻烦|你好|您好|能不能|可以|可不可以|帮我|给我|我要|我想要|我想|要|想)*"
_AFTER_ZH: Final = r"(?:一下|一遍|一次|吧|啊|呢|了|吗|呀|嘛|哦|谢谢|好吗|可以吗|行吗)*"

_PERSON: Final = (
    r"(?:(?:a|an|the|some|your|real|live|actual|human) )*"
    r"(?:human|humans|human being|person|people|somebody|someone|agent|operator|representative|rep|adviser|advisor|"
    r"customer service|customer support|staff|someone real|somebody real)"
)

_EN: Final = {
    GlobalWord.HUMAN: rf"(?:(?:speak|talk|chat|get through) (?:to|with) )?{_PERSON}(?: (?:agent|operator|representative))?",
    GlobalWord.BACK: r"(?:go |going |step )?back|previous(?: menu| step)?|(?:go )?(?:one )?(?:step |level )?(?:back|up)|"
    r"(?:go )?back to the (?:previous|last) (?:menu|step|one)|return",
    GlobalWord.MAIN_MENU: r"(?:(?:go |return )?(?:back )?to )?(?:the )?(?:main menu|first menu|menu|home|top menu)",
    GlobalWord.REPEAT: r"repeat(?: (?:that|it|this|the (?:menu|options|question)))?|"
    r"(?:say|tell me|read) (?:that|it|this)? ?(?:again|once more)|"
    r"once more|again|pardon(?: me)?|what did you say|come again|what was that|say that|one more time|"
    r"(?:hear|say) (?:that|it|the (?:menu|options)) (?:again|once more)",
    GlobalWord.START_OVER: r"start (?:over|again|afresh|from the (?:beginning|start))|restart|begin (?:again|over)|"
    r"(?:go )?(?:back )?to the (?:beginning|start)|reset",
    GlobalWord.YES: r"yes|yeah|yep|yup|sure|of course|correct|right|that s (?:right|correct|it)|that is (?:right|correct)|"
    r"exactly|absolutely|ok|okay|fine|go ahead|please do|yes (?:it is|i do|i am|that s right|please do|of course|yes)|i do|it is",
    GlobalWord.NO: r"no|nope|nah|no no|not really|no it (?:isn t|is not)|that s (?:wrong|not right|not it)|wrong|incorrect|"
    r"no i (?:don t|do not)|nothing(?: else)?|no thanks|no thank you|that s all|not that|never mind",
}
_ZH: Final = {
    GlobalWord.HUMAN: r"(?:(?:转|接|找|换|转接|转到|转给|呼叫|联系|需要|跟|和|与)(?:一个|个|一位|位)?)?"
    r"(?:人工|真人|活人|客服|坐席|座席|接线员|话务员|工作人员|人工客服|人工服务|人工坐席|人工座席|客服人员|在线客服)"
    r"(?:说话|说|聊聊|聊|谈谈|谈|服务|接听|讲话)?|不要机器人|别让机器人(?:回答|说话)",
    GlobalWord.BACK: r"(?:返回|退回|回到|回|后退|退)(?:到)?(?:上一步|上一级|上级|上一层|上层|上个菜单|"
    r"上级菜单|上一级菜单|上一个|去)?|上一步|上一级|上一层",
    GlobalWord.MAIN_MENU: r"(?:返回|回到|回|去|到|退回)?(?:主菜单|主目录|首页|总菜单|主页|最上面)",
    GlobalWord.REPEAT: r"(?:再|重新)(?:说|讲|念|播|听|放|播放|来)"
    r"(?:一遍|一次|一下)?|重复|重听|重播|没听清(?:楚)?|没听见|没听懂|你说什么|什么",
    GlobalWord.START_OVER: r"(?:重新|从头)(?:开始|来|来过)|从头再来|重来|从头",
    GlobalWord.YES: r"是|是的|对|对的|对对|对对对|好|好的|行|行的|可以|没错|正确|"
    r"嗯|嗯嗯|确认|确定|当然|要的|需要|有|是啊|没问题",
    GlobalWord.NO: r"不|不是|不是的|不对|不用|不需要|不要|不行|不可以|没有|没|没了|"
    r"没有了|错|错了|不了|否|不好|算了|不确认|没别的",
}


def _compiled(words: dict[GlobalWord, str], before: str, after: str, polite: str) -> dict[GlobalWord, re.Pattern[str]]:
    return {
        # Nobody says "can you yes"; with it "i want ok" would be an answer.
        word: re.compile(rf"{before}(?:{pattern}){after}" if word in _ANSWERS else rf"{before}{polite}(?:{pattern}){after}")
        for word, pattern in words.items()
    }


_ANSWERS: Final = frozenset({GlobalWord.YES, GlobalWord.NO})
_PATTERNS: Final = (
    _compiled(_EN, rf"(?:{_FILLERS_EN} )*", _TAIL_EN, f"{_POLITE_EN}*"),
    _compiled(_ZH, _BEFORE_ZH, _AFTER_ZH, ""),
)


def word_of(text: str) -> GlobalWord | None:
    """Return the word that a normalised text is, or nothing."""
    plain = _MARKS.sub(" ", text).strip()
    for patterns, said in zip(_PATTERNS, (plain, plain.replace(" ", "")), strict=True):
        for word, pattern in patterns.items():
            if pattern.fullmatch(said):
                return word
    return None
