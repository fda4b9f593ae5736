"""The mailboxes of one PBX: what waits in each, and what is told when that changes. Pure; read from events."""

from typing import Any

import msgspec

from gateway.model.events import PbxEvent
from gateway.model.reports import MailboxChanged
from gateway.model.site import Site


class Mailbox(msgspec.Struct, frozen=True, kw_only=True):
    """What waits in one mailbox."""

    mailbox: str
    """As the PBX names it."""
    extension: str | None
    """Whose it is; None where its name is no extension's."""
    waiting: bool
    new: int | None
    """Messages that nobody has heard; None where the PBX gives no count."""
    old: int | None
    urgent: int | None
    """Of the new ones those marked as urgent."""

    def told(self) -> dict[str, Any]:
        """Return it in the words of ``mailbox.changed``."""
        return msgspec.structs.asdict(self)


class MailboxBook:
    """What the PBX said of its mailboxes."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._mailboxes: dict[str, Mailbox] = {}
        self._changed: list[tuple[float, Mailbox]] = []

    @property
    def all(self) -> tuple[Mailbox, ...]:
        """The mailboxes that the PBX spoke of, by name."""
        return tuple(self._mailboxes[name] for name in sorted(self._mailboxes))

    def of(self, extension: str) -> Mailbox | None:
        """Return an extension's mailbox, of several the one that has something new; None where none is known."""
        own = [each for each in self.all if each.extension == extension]
        return max(own, key=lambda each: (each.waiting, each.new or 0), default=None)

    def apply(self, event: PbxEvent) -> None:
        """Take note of what an event says of mailboxes; other events change nothing."""
        if type(event) is not MailboxChanged:
            return
        owner = event.mailbox.partition("@")[0]
        mailbox = Mailbox(
            mailbox=event.mailbox,
            extension=owner if self._site.is_extension(owner) else None,
            waiting=event.waiting,
            new=event.new,
            old=event.old,
            urgent=event.urgent,
        )
        if self._mailboxes.get(event.mailbox) != mailbox:
            self._mailboxes[event.mailbox] = mailbox
            self._changed.append((event.at, mailbox))

    def take_changes(self) -> list[tuple[float, Mailbox]]:
        """Return what changed since the last time, and when, in order."""
        changed, self._changed = self._changed, []
        return changed
