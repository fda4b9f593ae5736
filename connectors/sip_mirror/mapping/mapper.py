"""What a PBX says of its telephones' dialogs and mailboxes, as events."""

from collections.abc import Iterable
from typing import Final

import msgspec

from connectors.sip_mirror.mapping.parties import Key, Parties, Party
from connectors.sip_mirror.protocol.dialog_info import Dialog, DialogInfo, number_of, read_dialog_info
from connectors.sip_mirror.protocol.message import SipMessage, parameter
from connectors.sip_mirror.protocol.message_summary import read_message_summary
from connectors.sip_mirror.protocol.subscription import MAILBOX
from gateway.model.errors import PeerProtocolError
from gateway.model.events import ConnectionLost, ConnectionMade, PbxEvent, SnapshotDone
from gateway.model.reports import MailboxChanged

SNAPSHOT_S: Final = 10.0
"""Seconds after which the snapshot is taken to be complete, though a telephone's state was not told."""
_RETRIED: Final = frozenset({401, 407, 423})


class _Watched(msgspec.Struct, kw_only=True):
    """One telephone's subscription."""

    extension: str
    call_id: str
    version: int | None = None
    last_notify: int = -1


class MirrorMapper:
    """Reads what is said in both directions, in order, and answers with events. Pure: time comes in as an argument."""

    def __init__(self, extensions: Iterable[str]) -> None:
        """Begin; ``extensions`` are all telephones that are watched."""
        self._extensions = frozenset(extensions)
        self._parties = Parties()
        self._watched: dict[str, _Watched] = {}
        """By extension."""
        self._mailboxes: dict[str, _Watched] = {}
        """Mailboxes' subscriptions, by Call-ID."""
        self._untold: set[str] = set()
        """Extensions whose state is still to come in this snapshot."""
        self._snapshot_since: float | None = None
        self._one_for_all: dict[str, Key] = {}
        """Telephones that have one dialog for all that they are in, as Asterisk's hints do."""
        self.stale: set[str] = set()
        """Extensions of which something was missed: their whole state has to be asked for."""

    @property
    def due(self) -> float | None:
        """When :meth:`wake` has to be called; None when nothing is open."""
        snapshot = None if self._snapshot_since is None else self._snapshot_since + SNAPSHOT_S
        return min((each for each in (snapshot, self._parties.due) if each is not None), default=None)

    def connection_made(self, at: float) -> list[PbxEvent]:
        """A new connection; what we subscribe to from now on is a snapshot until all was told."""
        self._watched.clear()
        self._mailboxes.clear()
        self._untold = set(self._extensions)
        self.stale.clear()
        self._snapshot_since = at
        self._parties.quiet = True
        return [ConnectionMade(at=at)]

    def connection_lost(self, at: float) -> list[PbxEvent]:
        """From now on nothing is heard."""
        self._parties.settle(float("inf"))
        self._snapshot_since = None
        return [*self._parties.take(), ConnectionLost(at=at)]

    def wake(self, at: float) -> list[PbxEvent]:
        """Settle what has been open for long enough."""
        self._parties.settle(at)
        events = self._parties.take()
        if self._snapshot_since is not None and at >= self._snapshot_since + SNAPSHOT_S:
            events += self._end_snapshot(at)
        return events

    def sent(self, message: SipMessage, at: float) -> list[PbxEvent]:
        """Take note of what we said."""
        events = self.wake(at)
        if message.method == "SUBSCRIBE" and not message.code and not parameter(message.get("to"), "tag"):
            extension = number_of(message.uri)
            if message.get("event") == MAILBOX.event:
                self._mailboxes.setdefault(message.call_id, _Watched(extension=extension, call_id=message.call_id))
                return events
            known = self._watched.get(extension)
            if known is None or known.call_id != message.call_id:
                self._watched[extension] = _Watched(extension=extension, call_id=message.call_id)
        return events

    def receive(self, message: SipMessage, at: float) -> list[PbxEvent]:
        """Return what a message of the PBX means."""
        events = self.wake(at)
        mailbox = self._mailboxes.get(message.call_id)
        if mailbox is not None:
            return events + self._summary(mailbox, message, at)
        watched = next((each for each in self._watched.values() if each.call_id == message.call_id), None)
        if watched is None:
            return events
        if message.code:
            if message.method == "SUBSCRIBE" and message.code >= 300 and message.code not in _RETRIED:
                events += self._told(watched.extension, at)
        elif message.method == "NOTIFY" and message.sequence > watched.last_notify:
            watched.last_notify = message.sequence
            if message.body:
                try:
                    self._document(watched, read_dialog_info(message.body), at)
                except PeerProtocolError:
                    self.stale.add(watched.extension)
                events += self._parties.take()
            events += self._told(watched.extension, at)
        return events

    def _summary(self, mailbox: _Watched, message: SipMessage, at: float) -> list[PbxEvent]:
        if message.code or message.method != "NOTIFY" or message.sequence <= mailbox.last_notify:
            return []
        mailbox.last_notify = message.sequence
        try:
            said = read_message_summary(message.body)
        except PeerProtocolError:
            # A subscription that ends, or a mailbox that is not set up, has nothing to tell: what was told last stands.
            return []
        return [
            MailboxChanged(at=at, mailbox=mailbox.extension, waiting=said.waiting, new=said.new, old=said.old, urgent=said.urgent)
        ]

    def _told(self, extension: str, at: float) -> list[PbxEvent]:
        if self._snapshot_since is None or extension not in self._untold:
            return []
        self._untold.discard(extension)
        return [] if self._untold else self._end_snapshot(at)

    def _end_snapshot(self, at: float) -> list[PbxEvent]:
        self._snapshot_since = None
        self._parties.settle(float("inf"))
        self._parties.quiet = False
        return [*self._parties.seen(at), SnapshotDone(at=at)]

    def _document(self, watched: _Watched, document: DialogInfo, at: float) -> None:
        last = watched.version
        if last is not None and document.version <= last:
            return
        if not document.full and (last is None or document.version != last + 1):
            # A part is missing before this one.
            self.stale.add(watched.extension)
            return
        watched.version = document.version
        extension = watched.extension
        told = {(extension, dialog.id) for dialog in document.dialogs}
        for dialog in document.dialogs:
            self._dialog(extension, dialog, at)
        if document.full:
            self.stale.discard(extension)
            for key in self._parties.keys(extension) - told:
                for party in self._parties.of(key):
                    self._parties.end(party, at)

    def _dialog(self, extension: str, dialog: Dialog, at: float) -> None:
        parties, key = self._parties, (extension, dialog.id)
        alone = not dialog.call_id and dialog.id == extension
        if alone:
            self._one_for_all[extension] = key
        mine = parties.of(key)
        if dialog.state == "terminated":
            for party in mine:
                self._end(party, dialog, at)
            return
        if not mine:
            mine = self._begin(key, dialog, at)
        number = number_of(dialog.remote_uri)
        if (
            dialog.direction == "initiator"
            and dialog.state in ("early", "confirmed")
            and number
            and number not in self._extensions
        ):
            for party in mine:
                if not party.has_called:
                    parties.ring(None, number, dialog.remote_display, party, at)
        if dialog.state == "confirmed":
            for party in mine:
                for ringing in (party, *parties.far_ends(party)):
                    if ringing.ringing:
                        parties.answer(ringing, at)
                self._hold(party, dialog, at, alone=alone)

    def _end(self, party: Party, dialog: Dialog, at: float) -> None:
        far_ends = self._parties.far_ends(party)
        if any(far.ringing for far in far_ends):
            # It is the far end's answer that the dialog tells.
            for far in far_ends:
                self._parties.end(far, at, dialog.event, dialog.code)
            self._parties.end(party, at)
        else:
            self._parties.end(party, at, dialog.event, dialog.code)
            for far in far_ends:
                self._parties.end(far, at)

    def _begin(self, key: Key, dialog: Dialog, at: float) -> list[Party]:
        extension = key[0]
        number, began_at = number_of(dialog.remote_uri), at - dialog.duration_s
        leg = f"{extension}/{dialog.call_id}/{dialog.id}" if dialog.call_id else ""
        if dialog.direction == "recipient":
            if dialog.state not in ("early", "confirmed"):
                return []
            watched = number in self._extensions
            more = self._one_for_all.get(number)
            caller = self._parties.caller_of(
                extension,
                number,
                dialog.remote_display,
                began_at,
                watched=watched,
                key=more if more is not None and self._parties.of(more) else None,
            )
            return [self._parties.ring(key, extension, dialog.local_display, caller, began_at, leg)]
        party = self._parties.originate(key, extension, dialog.local_display, number, began_at, leg)
        return [party]

    def _hold(self, party: Party, dialog: Dialog, at: float, *, alone: bool) -> None:
        # By RFC 4235 it is the telephone that plays nothing; Asterisk marks the telephone that hears nothing.
        holder = party.peer if alone else party
        if holder is not None and party.connected:
            self._parties.hold(holder, not dialog.rendering, at)
