"""What Tieline says by itself, where a dialog's file has no wording of its own (``sentences:``)."""

import re
from collections.abc import Mapping
from typing import Final

from ivr.definition.values import Dialog, in_language

SENTENCES: Final[dict[str, dict[str, str]]] = {
    "not_understood": {"zh": "对不起，我没听明白。", "en": "Sorry, I did not get that."},
    "silent": {"zh": "我没有听到您说话。", "en": "I did not hear you."},
    "did_you_mean": {"zh": "您是想问：{labels}？", "en": "Did you mean: {labels}?"},
    "or": {"zh": "还是", "en": " or "},
    "comma": {"zh": "，", "en": ", "},
    "none_of_these": {"zh": "都不是", "en": "None of these"},
    "human": {"zh": "我帮您转人工，请稍等。", "en": "I am putting you through to a colleague."},
    "closed": {
        "zh": "现在没有人工服务，请在上班时间再联系我们。",
        "en": "Nobody is here at this hour. Please come back when we are open.",
    },
    "a_human": {"zh": "人工", "en": "A human"},
    "yes": {"zh": "是", "en": "Yes"},
    "no": {"zh": "不是", "en": "No"},
    "cancelled": {"zh": "好的，已取消，没有任何更改。", "en": "All right, nothing was changed."},
    "anything_else": {"zh": "还有什么可以帮您？", "en": "Is there anything else I can do for you?"},
    "go_ahead": {"zh": "请说。", "en": "Please go ahead."},
    "goodbye": {"zh": "感谢您的咨询，再见。", "en": "Thank you, goodbye."},
    "next_wish": {"zh": "接下来：{label}。", "en": "Now to your other question: {label}."},
    "back_to": {"zh": "我们回到：{label}。", "en": "Back to: {label}."},
    "not_found": {"zh": "没有查到，请核对后再说一遍。", "en": "I cannot find that. Please check it and tell me again."},
    "down": {"zh": "系统暂时查不了，请稍后再试。", "en": "I cannot look that up just now: the system does not answer."},
    "nothing_suits": {"zh": "没有合适的，人工可以帮您看看。", "en": "I have nothing that suits; a colleague may know more."},
    "one_moment": {"zh": "请稍等，我正在查询。", "en": "One moment, I am still looking."},
    "astray": {"zh": "没能转到您要去的地方。", "en": "I could not get you through to there."},
    "again": {"zh": "这个我没看懂。", "en": "I could not read that."},
    "summary": {"zh": "咨询：{wishes}。已知：{slots}。", "en": "About: {wishes}. Known: {slots}."},
    "nothing": {"zh": "无", "en": "nothing"},
    # Spoken only.
    "press": {"zh": "{label}请按{digit}。", "en": "For {label}, press {digit}."},
    "press_yes": {"zh": "对的请按1，不对请按2。", "en": "Press 1 for yes, or 2 for no."},
    "key_in": {"zh": "请用按键输入，按井号键结束。", "en": "Please key it in, and press the hash key."},
    "heard_as": {"zh": "您说的是{values}，对吗？", "en": "I heard {values}. Is that right?"},
    "say_again": {"zh": "好的，请再说一遍。", "en": "All right, please say it again."},
    "speech_is_out": {"zh": "现在听不了您说话，请用按键选择。", "en": "I cannot follow speech just now. Please use the keys."},
    "hold_on": {"zh": "请稍等。", "en": "One moment, please."},
    "link_elsewhere": {"zh": "详情请看我们的网站：{label}。", "en": "You find more on our website: {label}."},
    "consent": {
        "zh": "为了办理您的业务，系统会把您说的话转成文字。同意请说同意或者按1，不同意请按2。",
        "en": "To serve you, this system writes down what you say. If you agree, say yes or press 1. If not, press 2.",
    },
    "without_consent": {
        "zh": "好的，不会记录您说的话，请用按键选择。",
        "en": "All right, nothing you say is written down. Please use the keys.",
    },
    "not_put_through": {"zh": "很抱歉，现在转不过去。", "en": "I am sorry, I cannot put you through just now."},
}
"""Each in the languages that Tieline speaks by itself; the dialog's file holds them in others, as ``tieline itr lint`` says."""

MASK: Final = "••••"
_HOLE: Final = re.compile(r"\{([A-Za-z_][\w.-]*)\}")


def sentence(dialog: Dialog, name: str, language: str) -> str:
    """Return one of Tieline's sentences, in the dialog's wording where it has one."""
    own = dialog.sentences.get(name)
    return in_language(own, language) if own is not None else in_language(SENTENCES[name], language)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values into ``{name}``; what is not known leaves nothing."""
    return _HOLE.sub(lambda hole: values.get(hole[1], ""), text)


def holes(text: str) -> tuple[str, ...]:
    """Return the names that a text has places for."""
    return tuple(_HOLE.findall(text))
