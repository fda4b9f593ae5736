from support.replaying import CAPTURES, PBX, pbx_events

from connectors.asterisk_ami.replay import site_of
from gateway.model.board import Board
from gateway.model.events import ConnectionMade, QueueJoined, SnapshotDone
from gateway.model.ids import QueueName
from gateway.model.queues import Queue, QueueBook
from gateway.model.reports import MemberChanged, QueueSeen, QueuesListed

SUPPORT = QueueName("support")


def member(name: str, *, paused: bool = False, removed: bool = False, penalty: int = 0) -> MemberChanged:
    return MemberChanged(
        at=1.0,
        queue=SUPPORT,
        member=name,
        interface=f"PJSIP/{name}",
        device_state=1,
        paused=paused,
        reason="lunch" if paused else "",
        penalty=penalty,
        removed=removed,
    )


def seen() -> QueueSeen:
    return QueueSeen(at=1.0, queue=SUPPORT, waiting=0, strategy="ringall")


def only(book: QueueBook) -> Queue:
    (queue,) = book.queues({})
    return queue


def members(book: QueueBook) -> list[str]:
    return [each.member for each in only(book).members]


def test_a_queue_has_the_members_that_the_pbx_lists() -> None:
    book = QueueBook(PBX)
    for event in (seen(), member("1002", penalty=1), member("1001"), member("1003")):
        book.apply(event)

    assert only(book).strategy == "ringall"
    assert members(book) == ["1001", "1003", "1002"]


def test_a_member_changes_and_goes() -> None:
    book = QueueBook(PBX)
    for event in (member("1001"), member("1001", paused=True)):
        book.apply(event)
    assert [(each.paused, each.reason) for each in only(book).members] == [(True, "lunch")]

    book.apply(member("1001", removed=True))
    book.apply(member("1001", removed=True))
    assert members(book) == []


def test_a_member_that_is_not_listed_any_more_has_gone() -> None:
    book = QueueBook(PBX)
    # The legs are listed before the members.
    heard = (ConnectionMade(at=2.0), SnapshotDone(at=3.0), seen(), member("1002"), QueuesListed(at=4.0))
    for event in (seen(), member("1001"), member("1002"), *heard):
        book.apply(event)

    assert members(book) == ["1002"]


def test_members_stay_where_the_user_may_not_list_queues() -> None:
    book = QueueBook(PBX)
    for event in (seen(), member("1001"), ConnectionMade(at=2.0), SnapshotDone(at=3.0)):
        book.apply(event)

    assert members(book) == ["1001"]


def test_the_waiting_are_the_live_calls_in_a_queue() -> None:
    folder = CAPTURES / "asterisk" / "22" / "queue_caller_hangs"
    board, book = Board(PBX, site_of(folder)), QueueBook(PBX)
    for event in pbx_events(folder):
        board.apply(event)
        book.apply(event)
        if isinstance(event, QueueJoined):
            (queue,) = [queue for queue in book.queues(board.live) if queue.queue == event.queue]
            (caller,) = queue.waiting
            assert (caller.caller, caller.joined_at) == ("+85291234567", event.at)

    assert not any(queue.waiting for queue in book.queues(board.live))


def test_members_of_a_recorded_pbx() -> None:
    folder = CAPTURES / "asterisk" / "22" / "queue_members"
    book = QueueBook(PBX)
    for event in pbx_events(folder):
        book.apply(event)

    assert "1003" not in {each.member for queue in book.queues({}) for each in queue.members}
