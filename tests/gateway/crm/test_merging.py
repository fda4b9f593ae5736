import msgspec

from gateway.crm.merging import calls_of
from gateway.model.ids import DEFAULT_TENANT, CallId
from gateway.ports.store import Told


def told(type_: str, call_id: str | None, **data: str) -> Told:
    own = None if call_id is None else CallId(call_id)
    json = msgspec.json.encode({"data": data})
    return Told(position=1, id="e", type=type_, at=0.0, tenant=DEFAULT_TENANT, pbx=None, call_id=own, json=json)


def test_an_event_is_about_its_call_and_the_one_that_became_a_part_of_it() -> None:
    assert calls_of(told("call.merged", "a", **{"from": "b", "into": "a"})) == ("a", "b")
    assert calls_of(told("call.ended", "a")) == ("a",)
    assert calls_of(told("pbx.connected", None)) == ()
