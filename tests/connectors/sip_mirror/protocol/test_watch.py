import itertools

import pytest
from support.lamps import notify

from connectors.sip_mirror.protocol.message import SipMessage, parameter, parse, render, respond
from connectors.sip_mirror.protocol.requests import Identity
from connectors.sip_mirror.protocol.watch import Watch
from gateway.model.errors import PeerRefusedError, PeerUnavailableError

ID = Identity(
    domain="192.0.2.1",
    user="tieline",
    auth_user="tieline",
    secret=None,
    via="SIP/2.0/UDP 192.0.2.7:40000",
    contact="<sip:tieline@192.0.2.7:40000>",
    agent="Tieline",
    reliable=True,
)


def watch(*extensions: str) -> Watch:
    numbers = itertools.count(1)
    return Watch(extensions, ID, 600, 5.0, 15.0, lambda: f"id{next(numbers)}")


def until(one: Watch, at: float) -> list[SipMessage]:
    """Wake it whenever it wants until then; return what it said."""
    sent: list[bytes] = []
    while one.due <= at:
        sent += one.wake(one.due)
    return [parse(data) for data in sent]


def begun(one: Watch) -> list[SipMessage]:
    return [*(parse(data) for data in one.begin(0.0)), *until(one, 1.0)]


def test_it_asks_for_each_telephone_one_after_the_other_and_whether_the_pbx_is_there() -> None:
    sent = begun(watch("1001", "1002"))
    assert [message.text for message in sent] == [
        "OPTIONS sip:192.0.2.1", "SUBSCRIBE sip:1001@192.0.2.1", "SUBSCRIBE sip:1002@192.0.2.1",
    ]  # fmt: skip


def test_a_pbx_that_says_nothing_is_gone() -> None:
    one = watch("1001")
    begun(one)
    with pytest.raises(PeerUnavailableError, match="no answer for 15 s"):
        until(one, 20.0)


def test_any_answer_keeps_it_alive() -> None:
    one = watch("1001")
    ping = begun(one)[0]
    for at in (4.0, 9.0, 14.0, 19.0):
        one.received(parse(respond(ping, 405, "No", "t")), at)
        ping = until(one, at + 2.0)[-1]
        assert ping.method == "OPTIONS"


def test_a_notification_is_answered_and_one_that_is_not_ours_refused() -> None:
    one = watch("1001")
    asked = begun(one)[1]
    tag = parameter(asked.get("from"), "tag")
    assert parse(one.received(notify(asked.call_id, 1, tag=tag), 0.0)[0]).text == "200 OK"
    assert parse(one.received(notify("other", 1), 0.0)[0]).code == 481
    assert one.answered


@pytest.mark.parametrize(("method", "code"), [("OPTIONS", 200), ("INVITE", 405), ("MESSAGE", 405)])
def test_other_requests_are_answered_and_do_nothing(method: str, code: int) -> None:
    one = watch("1001")
    begun(one)
    headers = [("Via", "x"), ("From", "<sip:a@b>"), ("To", "<sip:c@d>"), ("Call-ID", "x"), ("CSeq", f"1 {method}")]
    (answer,) = one.received(parse(render(f"{method} sip:x@y SIP/2.0", headers)), 0.0)
    assert (parse(answer).code, parse(answer).get("allow")) == (code, "NOTIFY, OPTIONS")
    assert one.received(parse(render("ACK sip:x@y SIP/2.0", [*headers[:4], ("CSeq", "1 ACK")])), 0.0) == []


def test_one_telephone_that_is_refused_is_a_remark_and_all_of_them_a_refusal() -> None:
    one = watch("1001", "1002")
    _, first, second = begun(one)
    one.received(parse(respond(first, 404, "Not Found", "t")), 0.0)
    assert list(one.remarks) == ["1001"]
    assert not one.answered
    with pytest.raises(PeerRefusedError, match=r"tells us of no telephone \(403 Forbidden"):
        one.received(parse(respond(second, 403, "Forbidden", "t")), 0.0)


def test_a_state_that_was_missed_is_asked_for_anew_and_all_end_together() -> None:
    one = watch("1001", "1002")
    for asked in begun(one)[1:]:
        one.received(parse(respond(asked, 200, "OK", "t")), 0.0)
    (anew,) = one.subscribe_again("1002", 1.0)
    assert parse(anew).uri == "sip:1002@192.0.2.1"
    assert [parse(data).get("expires") for data in one.end(2.0)] == ["0"]


def test_subscriptions_are_renewed_in_turn_to_see_whether_the_pbx_still_knows_them() -> None:
    one = watch("1001", "1002")
    for asked in begun(one)[1:]:
        one.received(parse(respond(asked, 200, "OK", "t", [("Expires", "600")])), 1.0)
        one.received(notify(asked.call_id, 1, tag=parameter(asked.get("from"), "tag")), 1.0)
    seen = []
    for at in (5.0, 10.0, 15.0):
        (renewal,) = until(one, at)
        seen.append(parameter(renewal.get("to"), "tag") and renewal.call_id)
        one.received(parse(respond(renewal, 200, "OK", "t", [("Expires", "600")])), at)
    assert seen[0] != seen[1]
    assert seen[0] == seen[2]


def test_a_mailbox_that_is_not_there_costs_no_telephone() -> None:
    numbers = itertools.count(1)
    one = Watch(["1001"], ID, 600, 5.0, 15.0, lambda: f"id{next(numbers)}", ["1001", "8888"])
    _, telephone, mailbox, nobody = begun(one)
    assert [(each.text, each.get("event"), each.get("accept")) for each in (telephone, mailbox)] == [
        ("SUBSCRIBE sip:1001@192.0.2.1", "dialog", "application/dialog-info+xml"),
        ("SUBSCRIBE sip:1001@192.0.2.1", "message-summary", "application/simple-message-summary"),
    ]
    for asked in (telephone, mailbox):
        one.received(parse(respond(asked, 200, "OK", "t", [("Expires", "600")])), 1.0)
    one.received(parse(respond(nobody, 404, "Not Found", "t")), 1.0)
    assert one.remarks == {}
    assert one.mailbox_remarks == {"8888": "404 Not Found: has it a mailbox (Asterisk: `mailboxes` in the aor of this name)?"}
    tag = parameter(mailbox.get("from"), "tag")
    assert parse(one.received(notify(mailbox.call_id, 1, tag=tag, event="message-summary"), 1.0)[0]).code == 200
    assert parse(one.received(notify(mailbox.call_id, 2, tag=tag, event="dialog"), 1.0)[0]).code == 489
    assert {parse(data).get("event") for data in one.end(2.0)} == {"dialog", "message-summary"}
