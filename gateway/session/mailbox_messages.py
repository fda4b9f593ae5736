"""What is told of the mailboxes of a PBX, in the words of events."""

from typing import Final

from gateway.session.committer import Message
from gateway.session.pbx_state import PbxState

CHANGED: Final = "mailbox.changed"


def mailbox_messages(state: PbxState) -> list[Message]:
    """Return what is to be told of mailboxes that changed since the last time, in order."""
    return [
        Message(id=None, type=CHANGED, at=at, tenant=state.tenant, pbx=state.pbx, call_id=None, data=mailbox.told())
        for at, mailbox in state.mailboxes.take_changes()
    ]
