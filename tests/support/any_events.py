"""Any event at all, over a few legs, bridges, queues and devices: far more than a PBX would ever say."""

from enum import StrEnum
from typing import Any, Final, get_args, get_type_hints

from hypothesis import strategies as st
from support.building import START

from gateway.model.events import PbxEvent
from gateway.model.ids import BridgeId, LegId, QueueName

LEGS: Final = tuple(LegId(f"leg{number}") for number in range(6))
_BY_HINT: Final[dict[Any, st.SearchStrategy[Any]]] = {
    LegId: st.sampled_from(LEGS),
    BridgeId: st.sampled_from([BridgeId("one"), BridgeId("two"), BridgeId("three")]),
    QueueName: st.sampled_from([QueueName("support"), QueueName("vip")]),
    bool: st.booleans(),
    int: st.sampled_from([0, 16, 17, 21, 34, 404, 486, 603]),
    float: st.sampled_from([0.0, 1.0, 30.0]),
    str: st.sampled_from(["a", "8001", "*808001", "062551234", "anonymous", "Local/8001@queue-1", "PJSIP/8001-1"]),
}
_BY_NAME: Final[dict[str, st.SearchStrategy[Any]]] = {
    "at": st.integers(0, 240).map(lambda quarters: START + quarters / 4),
    "device": st.sampled_from(["PJSIP/8001", "PJSIP/8002", "PJSIP/carrier", "PJSIP/desk", "Local/8001@queue"]),
    **dict.fromkeys(
        ("started_at", "answered_at", "ended_at", "since"), st.integers(-40, 240).map(lambda quarters: START + quarters / 4)
    ),
}


def _value(name: str, hint: Any) -> st.SearchStrategy[Any]:
    options = [option for option in get_args(hint) if option is not type(None)]
    if options:
        return st.none() | _value(name, options[0])
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    return _BY_NAME[name] if name in _BY_NAME else _BY_HINT[hint]


def _events(kind: type) -> st.SearchStrategy[PbxEvent]:
    return st.builds(kind, **{name: _value(name, hint) for name, hint in get_type_hints(kind).items()})


def any_events() -> st.SearchStrategy[list[PbxEvent]]:
    """Return lists of any events, in any order and with any clock."""
    return st.lists(st.one_of([_events(kind) for kind in get_args(PbxEvent)]), max_size=40)
