"""A dialog for tests of the flow, and what people say in it, understood by the letter."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ivr.definition.reading import parse_dialog
from ivr.definition.values import Dialog
from ivr.flow import step
from ivr.meaning import GlobalWord, Meaning, Scored, Wish
from ivr.turns.values import Action, Begin, Choose, End, Filled, Given, Say, State, Transfer, Utterance

MONDAY_NOON: Final = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
"""Noon in Shanghai."""
SUNDAY: Final = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)

SHOP: Final = r"""
itr: 1
name: shop
languages: [en, zh]
start: main
human: {queue: support}
hours: {office: {timezone: Asia/Shanghai, open: {mon-fri: "09:00-18:00"}}}
nodes:
  main:
    say: {en: Welcome., zh: 欢迎。}
    choices: [{digit: "1", go: track}, {digit: "2", go: account}, {digit: "3", go: sales}]
  account:
    label: {en: your account, zh: 账户}
    say: {en: Your account., zh: 您的账户。}
    choices: [{digit: "1", go: bill}, {digit: "2", go: refund}, {digit: "3", go: plan}]
  track:
    label: {en: tracking, zh: 查件}
    needs: [{any_of: [order, phone], ask: {en: Order or phone number?, zh: 单号或手机号？}}]
    look_up: {handler: parcels}
    say: {en: "Your parcel is {status}.", zh: "您的包裹{status}。"}
  bill:
    label: {en: the bill, zh: 账单}
    say: {en: The bill is 20., zh: 账单20元。}
  refund:
    label: {en: a refund, zh: 退款}
    needs: [order]
    say: {en: "Refunded {order}.", zh: "{order}已退款。"}
  plan:
    label: {en: the plan, zh: 套餐}
    needs: [size]
    confirm: {en: "Change to {size}?", zh: "改成{size}？"}
    say: {en: "Changed to {size}.", zh: "已改成{size}。"}
    link: {url: "https://shop.example/plan?to={size}", label: {en: Your plan, zh: 您的套餐}}
  sales:
    label: {en: sales, zh: 销售}
    within: office
    outside: closed
    say: {en: To sales., zh: 转销售。}
    transfer: {queue: sales}
  closed: {say: {en: Sales is closed., zh: 销售下班了。}, then: main}
  round: {say: {en: Round., zh: 转圈。}, then: round}
slots:
  order:
    type: text
    pattern: 'SF\d{8}'
    label: {en: order, zh: 单号}
    ask: {en: Which order?, zh: 哪个单号？}
    again: {en: SF and eight digits?, zh: SF加八位数字？}
    keep: false
  phone: {type: phone, label: {en: phone, zh: 手机}}
  pin: {type: number, secret: true, ask: PIN?}
  size:
    type: choice
    ask: {en: Small or large?, zh: 小还是大？}
    options: [{value: s, label: {en: small, zh: 小}, digit: "1"}, {value: l, label: {en: large, zh: 大}, digit: "2"}]
handlers:
  parcels: {url: "http://127.0.0.1/{order}", take: {status: $.status}}
answers:
  - {id: weight, questions: {en: [How heavy?], zh: [多重？]}, say: {en: Up to 30 kg., zh: 不超过30公斤。}}
"""


def shop(**replaced: str) -> Dialog:
    """Return the shop's dialog; each word of ``replaced`` stands for another."""
    text = SHOP
    for old, new in replaced.items():
        text = text.replace(old, new)
    return parse_dialog(text, Path("shop.yaml")).dialog


def wish(*nodes: str, sure: float = 0.9, in_scope: float = 0.95, unwanted: tuple[str, ...] = ()) -> Wish:
    """Return a wish for the first node; where several are given they are equally likely."""
    share = sure if len(nodes) == 1 else sure / len(nodes)
    return Wish(text=nodes[0], ranked=tuple(Scored(node, share) for node in nodes), in_scope=in_scope, unwanted=unwanted)


def said(
    *wishes: Wish, word: GlobalWord | None = None, language: str = "en", text: str = "some words", **slots: str
) -> Utterance:
    """Return what somebody said, with its meaning."""
    filled = tuple(Filled(slot=name, value=value, said=value) for name, value in slots.items())
    return Utterance(text=text, meaning=Meaning(wishes=wishes, word=word, language=language), slots=filled)


class Talk:
    """A conversation with a dialog, turn by turn."""

    def __init__(self, dialog: Dialog, now: datetime = MONDAY_NOON, language: str = "en") -> None:
        self.dialog = dialog
        self.now = now
        self.state = State(language=language)
        self.actions: tuple[Action, ...] = ()
        self.give(Begin())

    def give(self, given: Given) -> list[str]:
        """Take an input; return what is said."""
        self.state, self.actions = (made := step(self.dialog, self.state, given, now=self.now)).state, made.actions
        return [each.text for each in self.actions if isinstance(each, Say)]

    @property
    def offered(self) -> list[str]:
        """The labels of what can be chosen."""
        return [option.label for each in self.actions if isinstance(each, Choose) for option in each.options]

    @property
    def over(self) -> Transfer | End | None:
        """How it ended, if it did."""
        return next((each for each in self.actions if isinstance(each, Transfer | End)), None)
