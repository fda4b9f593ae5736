import itertools

import pytest
from support.lamps import SECRET

from connectors.sip_mirror.protocol.message import SipMessage, parse, respond
from connectors.sip_mirror.protocol.requests import NEVER, TRANSACTION_S, Dialogue, Identity, Transaction
from gateway.model.errors import PeerRefusedError
from gateway.model.secret import Secret

ID = Identity(
    domain="192.0.2.1",
    user="tieline",
    auth_user="watcher",
    secret=Secret(SECRET),
    via="SIP/2.0/UDP 192.0.2.7:40000",
    contact="<sip:tieline@192.0.2.7:40000>",
    agent="Tieline",
    reliable=False,
)


def dialogue(identity: Identity = ID) -> Dialogue:
    numbers = itertools.count(1)
    return Dialogue(identity, "sip:1001@192.0.2.1", lambda: f"id{next(numbers)}")


def challenge(request: SipMessage, nonce: str = "n1", more: str = "") -> SipMessage:
    value = f'Digest realm="pbx", nonce="{nonce}"{more}'
    return parse(respond(request, 401, "Unauthorized", "t", [("WWW-Authenticate", value)]))


def test_a_request_is_sent_again_twice_as_late_each_time_until_it_is_given_up() -> None:
    transaction, at, sent_at = Transaction(b"x", "b", 0.0, reliable=False), 0.0, []
    while transaction.due < TRANSACTION_S:
        at = transaction.due
        assert transaction.wake(at) == [b"x"]
        sent_at.append(at)
    assert sent_at == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert transaction.wake(TRANSACTION_S) == []


def test_a_reliable_transport_repeats_nothing() -> None:
    assert Transaction(b"x", "b", 0.0, reliable=True).due == TRANSACTION_S


def test_only_the_final_response_to_what_was_asked_last_ends_it() -> None:
    asking = dialogue()
    first = parse(asking.ask("OPTIONS", [], 0.0)[0])
    second = parse(asking.ask("OPTIONS", [("Accept", "1")], 0.0)[0])
    assert (first.sequence, second.sequence, second.get("accept")) == (1, 2, "1")
    assert not asking.answered(parse(respond(first, 200, "OK", "t")))
    assert not asking.answered(parse(respond(second, 100, "Trying", "t")))
    assert asking.due == 0.5
    assert asking.answered(parse(respond(second, 200, "OK", "t")))
    assert asking.due == NEVER


def test_a_dialog_s_requests_go_where_the_pbx_wants_them() -> None:
    asking = dialogue()
    request = parse(asking.ask("SUBSCRIBE", [], 0.0)[0])
    given = [("Contact", "<sip:192.0.2.9:5070>"), ("Record-Route", "<sip:p1;lr>, <sip:p2;lr>")]
    response = parse(respond(request, 200, "OK", "them", given))
    asking.establish(response, response.get("to"))
    later = parse(asking.ask("SUBSCRIBE", [], 1.0)[0])
    assert later.uri == "sip:192.0.2.9:5070"
    assert later.all("route") == ["<sip:p2;lr>", "<sip:p1;lr>"]
    assert later.get("to").endswith(";tag=them")
    assert later.call_id == request.call_id


def test_a_password_is_given_once_and_again_for_a_nonce_that_went_stale() -> None:
    asking = dialogue()
    request = parse(asking.ask("SUBSCRIBE", [], 0.0)[0])
    second = parse(asking.authorize(challenge(request), "SUBSCRIBE", [("Event", "dialog")], 0.0)[0])
    assert 'username="watcher"' in second.get("authorization")
    assert second.get("event") == "dialog"
    third = asking.authorize(challenge(second, "n2", ", stale=true"), "SUBSCRIBE", [], 0.0)
    with pytest.raises(PeerRefusedError, match="does not take the password of watcher: look at `secret`"):
        asking.authorize(challenge(parse(third[0]), "n3"), "SUBSCRIBE", [], 0.0)


def test_a_proxy_is_answered_as_one() -> None:
    asking = dialogue()
    request = parse(asking.ask("SUBSCRIBE", [], 0.0)[0])
    response = parse(respond(request, 407, "Proxy", "t", [("Proxy-Authenticate", 'Digest realm="x", nonce="n"')]))
    assert parse(asking.authorize(response, "SUBSCRIBE", [], 0.0)[0]).get("proxy-authorization").startswith("Digest ")


def test_a_pbx_that_asks_for_a_password_that_we_do_not_have_refuses_us() -> None:
    asking = dialogue(Identity(**{field: getattr(ID, field) for field in ID.__struct_fields__} | {"secret": None}))
    request = parse(asking.ask("SUBSCRIBE", [], 0.0)[0])
    with pytest.raises(PeerRefusedError, match="set `secret`"):
        asking.authorize(challenge(request), "SUBSCRIBE", [], 0.0)
