"""A small shop's dialog in two languages, to be understood."""

from typing import Any, Final

import msgspec

from ivr.definition.values import Dialog

NODES: Final[dict[str, Any]] = {
    "main": {
        "say": {"en": "How can we help?", "zh": "您要办什么？"},
        "choices": [{"go": "track"}, {"go": "invoice"}, {"go": "refund"}, {"go": "password"}, {"go": "jobs"}],
    },
    "track": {
        "examples": {
            "en": ["where is my parcel", "track my package", "my delivery has not arrived", "when does the courier come",
                   "has my box been sent yet"],
            "zh": ["我的包裹到哪了", "查一下快递", "快递怎么还没到", "什么时候派送", "帮我查物流"],
        }
    },
    "invoice": {
        "examples": {
            "en": ["I need an invoice", "send me the bill", "a receipt for the tax office", "the invoice is wrong",
                   "print a copy of my bill"],
            "zh": ["我要开发票", "发票抬头错了", "给我寄账单", "需要报销的票", "怎么打印账单"],
        }
    },
    "refund": {
        "examples": {
            "en": ["I want my money back", "refund please", "return the goods and get a refund", "when is the refund paid",
                   "give me back what I paid"],
            "zh": ["我要退款", "把钱退给我", "退货退钱", "退款多久到账", "钱什么时候退回来"],
        }
    },
    "password": {
        "examples": {
            "en": ["I forgot my password", "cannot log in", "reset my password", "my account is locked", "login does not work"],
            "zh": ["忘记密码了", "登录不了", "重置密码", "账号被锁了", "密码不对"],
        }
    },
    "jobs": {
        "examples": {
            "en": ["do you hire drivers", "I want to work for you", "is there a job", "where do I apply", "are you recruiting"],
            "zh": ["你们招人吗", "我想应聘司机", "有没有工作", "在哪里投简历", "招聘电话多少"],
        }
    },
}  # fmt: skip


def shop(**changes: Any) -> Dialog:
    """Return the dialog, with keys of it changed."""
    held = {
        "itr": 1,
        "name": "shop",
        "languages": ["en", "zh"],
        "start": "main",
        "human": {"queue": "support"},
        "nodes": NODES,
        "synonyms": {"parcel": ["Swiftbox", "consignment"]},
    }
    return msgspec.convert(held | changes, Dialog)
