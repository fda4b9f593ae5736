from typing import Final

from support.building import SITE, START

from gateway.model.mailboxes import MailboxBook
from gateway.model.reports import MailboxChanged, QueuesListed

EMPTY: Final = {"waiting": False, "new": 0, "old": 0, "urgent": 0}


def changed(mailbox: str, at: float = START, **what: int | bool | None) -> MailboxChanged:
    return MailboxChanged(at=at, mailbox=mailbox, **{**EMPTY, **what})  # type: ignore[arg-type]  # counts and a flag


def test_a_change_is_told_once_and_what_is_told_again_is_none() -> None:
    book = MailboxBook(SITE)
    for at, new in ((0.0, 1), (1.0, 1), (2.0, 2)):
        book.apply(changed("8001@default", START + at, waiting=True, new=new))
    book.apply(QueuesListed(at=START))
    assert [(at - START, mailbox.new) for at, mailbox in book.take_changes()] == [(0.0, 1), (2.0, 2)]
    assert book.take_changes() == []


def test_a_mailbox_belongs_to_the_extension_that_it_is_named_for() -> None:
    book = MailboxBook(SITE)
    for name in ("8001@default", "info@default", "8002"):
        book.apply(changed(name))
    assert [(each.mailbox, each.extension) for each in book.all] == [
        ("8001@default", "8001"),
        ("8002", "8002"),
        ("info@default", None),
    ]
    assert book.of("8003") is None


def test_of_several_mailboxes_the_one_with_something_new_is_shown() -> None:
    book = MailboxBook(SITE)
    book.apply(changed("8001@default", old=3))
    book.apply(changed("8001@sales", waiting=True, new=None, old=None, urgent=None))
    book.apply(changed("8001@shop"))
    found = book.of("8001")
    assert found is not None
    assert found.told() == {
        "mailbox": "8001@sales", "extension": "8001", "waiting": True, "new": None, "old": None, "urgent": None,
    }  # fmt: skip
