"""What a visitor's browser and we say to each other on ``/webchat/ws``: JSON, one message a frame. Pure.

The browser's first message is ``hello``. We answer by ``welcome``, with what was said after the message that the browser
knows last; the rest of it, and what is said from then on, comes once and in order, the visitor's own messages too. ``state``
says with whom the visitor is. What cannot be done is ``refused``, with the key of the message that it is about; where we then
close, the code is 4000 and the HTTP status that would fit.

A visitor is who shows his token, a secret of 256 bits that his browser keeps. All that we keep of it is its hash, which is his
id: who reads an id, such as an agent, cannot come as the visitor.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec

from gateway.model.conversations import (
    MAX_TEXT,
    Author,
    Choice,
    Conversation,
    ConversationId,
    ConversationState,
    Link,
    Message,
    Said,
)
from gateway.model.errors import TielineError

TOKEN_BYTES: Final = 32
MAX_PAGE: Final = 500
"""Characters of the address where a visitor began; a longer one is left out."""
_ID_HEX: Final = 40
"""Of the hash's 64 digits: 160 bits are unique."""
# Control characters but tab and newline, and what turns the direction of text around for all that follows.
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")

Token = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{43}\Z")]
Key = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{8,64}\Z")]
"""A name that the browser gives a message, unique in the conversation."""


class WrongMessageError(TielineError):
    """What came is none of the messages below; the text says what is wrong. The peer must act."""


class _FromVisitor(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Unknown fields are left alone: a newer widget may say more."""


class Hello(_FromVisitor, frozen=True, kw_only=True, tag="hello"):
    """Who is there."""

    token: Token | None = None
    """From an earlier welcome; None asks for one."""
    conversation: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    """The one to go on with, which may be over meanwhile; None asks for the one that lasts, or a new one."""
    after: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 0
    """The last message of ``conversation`` that the browser has."""
    language: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    page: Annotated[str, msgspec.Meta(max_length=4096)] | None = None


class Write(_FromVisitor, frozen=True, kw_only=True, tag="message"):
    """What the visitor wrote, or the quick reply that he pressed."""

    key: Key
    text: Annotated[str, msgspec.Meta(max_length=MAX_TEXT)] = ""
    chosen: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    """The value of the quick reply; ``text`` is its label."""


class Leave(_FromVisitor, frozen=True, kw_only=True, tag="leave"):
    """He wants nothing more."""


FromVisitor = Hello | Write | Leave


class Shown(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="message", omit_defaults=True):
    """One message, as a visitor sees it."""

    seq: int
    at: float
    """Seconds since the epoch."""
    author: Author
    text: str = ""
    choices: tuple[Choice, ...] = ()
    link: Link | None = None
    name: str | None = None
    """Of the agent."""
    key: str | None = None
    """The visitor's own."""


class State(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="state"):
    """With whom the visitor is."""

    state: ConversationState
    agent: str | None
    """His name."""


class Welcome(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="welcome"):
    """The conversation, and what was said that the browser does not have."""

    token: str
    conversation: ConversationId
    after: int
    """The message after which ``messages`` begin: less than was asked, where the browser's was another conversation."""
    messages: Sequence[Shown]
    state: State
    title: dict[str, str]
    """What stands above the chat, by language; the widget has its own."""


class Why(StrEnum):
    """Why something was refused."""

    EMPTY = "empty"
    """There is nothing to read in the message."""
    OVER = "over"
    """The conversation is closed."""
    TOO_FAST = "too_fast"
    """Too much came: the same may be sent again after ``wait_s``."""
    TOO_MANY = "too_many"
    """Too many have come from this address, or at all: come back after ``wait_s``."""
    UNAVAILABLE = "unavailable"
    """It cannot be kept now: the same may be sent again after ``wait_s``."""
    NOT_UNDERSTOOD = "not_understood"
    """It is no message, or not at this moment."""


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="refused", omit_defaults=True):
    """What was not done."""

    why: Why
    key: str | None = None
    """Of the message that was not taken."""
    wait_s: float | None = None
    detail: str | None = None
    """For who writes a widget."""


FromUs = Welcome | Shown | State | Refused

_decoder: Final[msgspec.json.Decoder[FromVisitor]] = msgspec.json.Decoder(FromVisitor)
_encode: Final = msgspec.json.Encoder().encode


def read(frame: str | bytes) -> FromVisitor:
    """Read what a browser sent.

    Raises:
        WrongMessageError: It is no message.
    """
    try:
        return _decoder.decode(frame)
    except (msgspec.MsgspecError, UnicodeError) as error:  # a lone surrogate is an error of its own
        raise WrongMessageError(str(error)) from error
    except RecursionError as error:
        raise WrongMessageError("it is nested too deeply") from error


def written(message: FromUs) -> bytes:
    """Return the frame of one of our messages."""
    return _encode(message)


def new_token(random_bytes: Callable[[int], bytes]) -> str:
    """Make a visitor's token."""
    return urlsafe_b64encode(random_bytes(TOKEN_BYTES)).rstrip(b"=").decode()


def visitor_of(token: str) -> str:
    """Return the id of the visitor who shows this token."""
    return sha256(token.encode()).hexdigest()[:_ID_HEX]


def said_in(message: Write) -> Said | None:
    """Return what a visitor wrote without what nobody can see; None when nothing is left."""
    text = _UNSEEN.sub("", message.text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    chosen = None if message.chosen is None else _UNSEEN.sub("", message.chosen)
    return Said(text=text, chosen=chosen or None) if text or chosen else None


def language_in(hello: Hello) -> str | None:
    """Return the visitor's language: ``zh`` or ``en`` for each of their kinds, else what the browser says."""
    said = hello.language
    if said is None or _LANGUAGE.fullmatch(said) is None:
        return None
    first = said.lower().partition("-")[0]
    return first if first in ("zh", "en") else said


def page_in(hello: Hello, origin: str) -> str | None:
    """Return the address where a visitor is, without what a site may have hidden behind the ``?``; None when it is not of the
    page that the browser says it is of."""
    if hello.page is None or _UNSEEN.search(hello.page) is not None:
        return None
    try:
        parts = urlsplit(hello.page)
    except ValueError:
        return None
    if f"{parts.scheme}://{parts.netloc}".lower() != origin.lower():
        return None
    page = parts._replace(query="", fragment="").geturl()
    return page if len(page) <= MAX_PAGE else None


def shown(message: Message) -> Shown:
    """Return a message as its visitor sees it."""
    said = message.said
    return Shown(
        seq=message.seq,
        at=message.at,
        author=message.author,
        text=said.text,
        choices=said.choices,
        link=said.link,
        name=message.name,
        key=message.key,
    )


def state_of(conversation: Conversation) -> State:
    """Return with whom the visitor is."""
    return State(state=conversation.state, agent=None if conversation.owner is None else conversation.owner.name)
