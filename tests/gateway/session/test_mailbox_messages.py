from support.building import SITE, START
from support.replaying import PBX

from gateway.model.reports import MailboxChanged
from gateway.session.mailbox_messages import CHANGED, mailbox_messages
from gateway.session.pbx_state import PbxState


def test_what_changed_is_told_once_with_its_own_time() -> None:
    state = PbxState(PBX, SITE, now=START)
    state.apply(MailboxChanged(at=START + 3, mailbox="8001@default", waiting=True, new=2, old=0, urgent=1), START)
    (message,) = mailbox_messages(state)
    assert (message.type, message.pbx, message.at, message.call_id, message.id) == (CHANGED, PBX, START + 3, None, None)
    assert message.data == {"mailbox": "8001@default", "extension": "8001", "waiting": True, "new": 2, "old": 0, "urgent": 1}
    assert mailbox_messages(state) == []
