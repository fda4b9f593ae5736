import itertools

import pytest
from support.lamps import notify

from connectors.sip_mirror.protocol.message import SipMessage, parameter, parse, respond
from connectors.sip_mirror.protocol.requests import NEVER, Identity
from connectors.sip_mirror.protocol.subscription import MAX_RETRY_S, REFUSED_RETRY_S, RETRY_S, Subscription
from gateway.model.errors import PeerUnavailableError

ID = Identity(
    domain="192.0.2.1",
    user="tieline",
    auth_user="tieline",
    secret=None,
    via="SIP/2.0/UDP 192.0.2.7:40000",
    contact="<sip:tieline@192.0.2.7:40000>",
    agent="Tieline",
    reliable=False,
)
Extra = list[tuple[str, str]]


class Story:
    """One subscription and the PBX that it asks."""

    def __init__(self, expires_s: int = 600) -> None:
        numbers = itertools.count(1)
        self.one = Subscription("1001", ID, expires_s, lambda: f"id{next(numbers)}")
        self.asked = parse(self.one.begin(0.0)[0])
        self._sequence = 0

    def answer(self, code: int, at: float = 0.0, extra: Extra | None = None, request: SipMessage | None = None) -> list[bytes]:
        given = [("Contact", "<sip:192.0.2.1>"), *(extra or [])]
        return self.one.received(parse(respond(request or self.asked, code, "Because", "them", given)), at)

    def tell(self, state: str, at: float = 0.0, event: str = "dialog") -> int:
        self._sequence += 1
        tag = parameter(self.asked.get("from"), "tag")
        return self.one.notified(notify(self.asked.call_id, self._sequence, state=state, tag=tag, event=event), at)


def test_it_asks_for_dialogs() -> None:
    asked = Story().asked
    assert (asked.method, asked.uri) == ("SUBSCRIBE", "sip:1001@192.0.2.1")
    assert [asked.get(name) for name in ("event", "accept", "expires")] == ["dialog", "application/dialog-info+xml", "600"]


def test_it_is_renewed_in_the_same_dialog_in_time() -> None:
    story = Story()
    assert story.answer(200, 1.0, [("Expires", "300")]) == []
    assert story.one.active
    assert story.one.due == 1.0 + 260.0
    again = parse(story.one.wake(261.0)[0])
    assert (again.call_id, again.sequence, again.get("to")) == (story.asked.call_id, 2, "<sip:1001@192.0.2.1>;tag=them")
    assert story.one.due == 261.5


def test_a_short_time_is_renewed_at_its_half() -> None:
    story = Story()
    story.answer(200, 0.0, [("Expires", "60")])
    assert story.one.due == 30.0


def test_a_notification_may_overtake_the_response_and_sets_the_time() -> None:
    story = Story()
    assert story.tell("active;expires=100") == 200
    assert story.one.active
    story.answer(200, 0.0, [("Expires", "600")])
    assert story.tell("active;expires=100", 5.0) == 200
    assert story.one.due == 5.0 + 60.0


def test_an_interval_that_is_too_short_is_asked_for_longer() -> None:
    story = Story(60)
    again = parse(story.answer(423, 0.0, [("Min-Expires", "3600")])[0])
    assert (again.get("expires"), again.call_id, again.sequence) == ("3600", story.asked.call_id, 2)


def test_a_423_that_asks_for_no_more_than_we_did_is_a_failure() -> None:
    story = Story()
    assert story.answer(423, 0.0, [("Min-Expires", "60")]) == []
    assert story.one.due == RETRY_S


def test_a_pbx_that_has_forgotten_us_is_not_heard_any_more() -> None:
    story = Story()
    assert story.one.check(0.0) == []
    story.answer(200, 0.0, [("Expires", "300")])
    renewal = parse(story.one.check(5.0)[0])
    assert (renewal.call_id, renewal.sequence) == (story.asked.call_id, 2)
    assert story.one.check(5.0) == []
    with pytest.raises(PeerUnavailableError, match="was it restarted"):
        story.answer(481, 5.0, request=renewal)


@pytest.mark.parametrize(("code", "cure"), [(403, "may this user"), (404, "with a hint"), (489, "does not tell dialogs")])
def test_a_refusal_says_what_to_do_and_is_tried_again_seldom(code: int, cure: str) -> None:
    story = Story()
    assert story.answer(code) == []
    assert cure in story.one.remark
    assert f"{code} Because" in story.one.remark
    assert story.one.due == REFUSED_RETRY_S
    assert parse(story.one.wake(REFUSED_RETRY_S)[0]).call_id != story.asked.call_id


def test_retry_after_is_kept_to_as_far_as_it_is_sensible() -> None:
    story = Story()
    story.answer(503, 0.0, [("Retry-After", "120 (busy);duration=60")])
    assert story.one.due == 120.0
    story = Story()
    story.answer(503, 0.0, [("Retry-After", "604800")])
    assert story.one.due == MAX_RETRY_S


def test_a_pbx_that_does_not_answer_is_asked_again_later() -> None:
    story, at, count = Story(), 0.0, 0
    while not story.one.remark:
        at = story.one.due
        count += len(story.one.wake(at))
    assert (at, count) == (32.0, 10)
    assert story.one.due == 32.0 + RETRY_S


@pytest.mark.parametrize(
    ("state", "wait_s"),
    [
        ("terminated;reason=deactivated", 0.0),
        ("terminated;reason=timeout", 0.0),
        ("terminated;reason=probation;retry-after=77", 77.0),
        ("terminated;reason=giveup", RETRY_S),
        ("terminated", RETRY_S),
        ("terminated;reason=rejected", REFUSED_RETRY_S),
        ("terminated;reason=noresource", REFUSED_RETRY_S),
    ],
)
def test_a_subscription_that_the_pbx_ends_is_asked_for_again_as_its_reason_says(state: str, wait_s: float) -> None:
    story = Story()
    story.answer(200)
    assert story.tell(state, 10.0) == 200
    assert not story.one.active
    assert story.one.due == 10.0 + wait_s
    assert parse(story.one.wake(10.0 + wait_s)[0]).call_id != story.asked.call_id


def test_what_is_not_ours_is_refused() -> None:
    story = Story()
    story.answer(200)
    assert story.one.notified(notify("another", 1), 0.0) == 481
    assert story.one.notified(notify(story.asked.call_id, 1, tag="wrong"), 0.0) == 481
    assert story.tell("active", event="presence") == 489


def test_an_old_notification_is_refused_and_a_repeated_one_answered_again() -> None:
    story = Story()
    tag = parameter(story.asked.get("from"), "tag")
    answers = [story.one.notified(notify(story.asked.call_id, n, tag=tag), 0.0) for n in (5, 5, 4, 6)]
    assert answers == [200, 200, 500, 200]


def test_who_wants_to_hear_no_more_says_so_once() -> None:
    story = Story()
    story.answer(200)
    bye = parse(story.one.end(5.0)[0])
    assert bye.get("expires") == "0"
    story.answer(200, 5.0, request=bye)
    assert story.tell("terminated;reason=timeout", 5.0) == 200
    assert story.one.due == NEVER
    assert story.one.end(6.0) == []


def test_a_password_that_is_wanted_and_missing_is_told() -> None:
    story = Story()
    story.answer(401, 0.0, [("WWW-Authenticate", 'Digest realm="x", nonce="n"')])
    assert story.one.remark == "the PBX asks for a password: set `secret`"


def test_a_pbx_that_takes_the_subscription_and_tells_nothing_is_remarked_upon_until_it_does() -> None:
    story = Story()
    story.answer(200, 1.0)
    renewal = parse(story.one.check(6.0)[0])
    assert "tells nothing" in story.one.remark
    story.answer(200, 6.0, request=renewal)
    assert "`transport`" in story.one.remark
    assert story.tell("active;expires=600", 7.0) == 200
    assert story.one.remark == ""
