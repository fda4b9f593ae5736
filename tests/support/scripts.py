"""Call scripts: what a PBX says of a whole call, with waits that a test chooses, and what may go wrong on the way to us."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, get_args, get_type_hints

import msgspec
from support.building import START, Story

from gateway.model.events import (
    AgentCompleted,
    AgentConnected,
    ConferenceJoined,
    ConnectionLost,
    ConnectionMade,
    ConsultationStarted,
    DialAttempted,
    DialOutRequested,
    DigitPressed,
    LegHeld,
    LegParked,
    LegPickedUp,
    LegRetrieved,
    LegsTwinned,
    LegUnparked,
    MenuEntered,
    PbxEvent,
    RecordingStarted,
    ServiceStarted,
    SnapshotDone,
)
from gateway.model.ids import BridgeId, LegId
from gateway.model.terms import BridgeKind, DialResult, LegRole, QueueResult, Service, TransferKind

Wait = Callable[[], float]
"""Seconds until the next thing happens."""


def answered(story: Story, wait: Wait) -> None:
    story.comes_in().later(wait()).rings("8001").later(wait()).answers("8001").later(wait())
    story.says(LegHeld, leg="8001", by_feature=False).later(wait()).says(LegRetrieved, leg="8001").later(wait())
    story.hangs_up("8001", "caller")


def refused(story: Story, wait: Wait) -> None:
    story.phones("8001", "062551234").says(DialAttempted, leg="8001", device="PJSIP/carrier", number="62551234")
    story.rings("out", by="8001", device="PJSIP/carrier", number="62551234").later(wait())
    story.refuses("out", 17, 486, by="8001").clears("8001", cause=17)


def clicked(story: Story, wait: Wait) -> None:
    story.rings("8001", by=None).says(DialOutRequested, leg="8001", target="062551234").later(wait()).connects("8001")
    story.rings("out", by="8001", device="PJSIP/carrier", number="62551234").later(wait()).answers("out", by="8001")
    story.later(wait()).hangs_up("8001", "out")


def menu_and_queue(story: Story, wait: Wait) -> None:
    story.comes_in().connects("caller").says(MenuEntered, leg="caller", menu="main", since=story.now).later(wait())
    story.says(DigitPressed, leg="caller", digit="1", menu="main").later(wait()).queues("support").later(wait())
    story.helper("pipe;1", "caller").helper("pipe;2", "caller").says(LegsTwinned, leg="pipe;1", twin="pipe;2")
    story.rings("8001", by="pipe;2").later(wait()).connects("8001", "pipe;2", "pipe;1").bridges("8001", "pipe;2", bridge="far")
    story.bridges("pipe;1", "caller").leaves_queue("support", QueueResult.TIMEOUT)
    story.says(AgentConnected, leg="caller", queue="support", agent_leg="pipe;1", agent="Wang", interface="Local/8001@queue")
    story.says(RecordingStarted, leg="caller", file="/var/spool/1.wav").later(wait())
    story.says(AgentCompleted, leg="caller", queue="support", agent="Wang", talk_s=3, ended_by_agent=False)
    story.hangs_up("caller", "pipe;1", "pipe;2", "8001")


def overflow_and_abandon(story: Story, wait: Wait) -> None:
    story.comes_in().connects("caller").queues("support").later(wait()).leaves_queue("support", QueueResult.TIMEOUT)
    story.queues("vip").rings("8002").later(wait()).leaves_queue("vip", QueueResult.ABANDONED)
    story.hangs_up("caller", "8002")


def voicemail(story: Story, wait: Wait) -> None:
    story.comes_in().rings("8001").later(wait()).dial_ends("8001", DialResult.NO_ANSWER).clears("8001", cause=0)
    story.connects("caller").says(ServiceStarted, leg="caller", service=Service.VOICEMAIL, detail="8001").later(wait())
    story.hangs_up("caller")


def forwarded(story: Story, wait: Wait) -> None:
    story.comes_in().rings("8001").dial_ends("8001", DialResult.FAILED, to="8002").clears("8001")
    story.rings("8002").later(wait()).answers("8002").later(wait()).hangs_up("caller", "8002")


def transferred_blind(story: Story, wait: Wait) -> None:
    story.comes_in().rings("8001").later(wait()).answers("8001").later(wait())
    story.transfers(TransferKind.BLIND, by="8001", to="8002").leaves("8001", "caller").clears("8001")
    story.rings("8002").later(wait()).answers("8002", bridge="next").later(wait()).hangs_up("caller", "8002")


def transferred_attended(story: Story, wait: Wait) -> None:
    story.comes_in().rings("8001").later(wait()).answers("8001").later(wait()).says(LegHeld, leg="8001", by_feature=False)
    story.later(wait()).creates("second", "PJSIP/8001", LegRole.ORIGINATING, "second", number="8001", dialled="8002")
    story.rings("8002", by="second").later(wait()).answers("8002", by="second", bridge="far").later(wait())
    story.says(LegRetrieved, leg="8001").leaves("caller", "second").bridges("caller", bridge="far").leaves("8001")
    story.transfers(TransferKind.ATTENDED, by="8001", consult="second", target="8002").clears("8001", "second")
    story.later(wait()).hangs_up("8002", "caller")


def consulted_by_feature(story: Story, wait: Wait) -> None:
    story.comes_in().rings("8001").answers("8001").later(wait()).says(LegHeld, leg="8001", by_feature=True).later(wait())
    story.helper("pipe;1", "pipe;1").says(ConsultationStarted, leg="8001", helper="pipe;1", to="8002")
    story.helper("pipe;2", "pipe;1").says(LegsTwinned, leg="pipe;1", twin="pipe;2").bridges("pipe;1", bridge="second")
    story.leaves("8001").bridges("8001", bridge="second").rings("8002", by="pipe;2").later(wait())
    story.connects("8002", "pipe;2", "pipe;1").bridges("8002", "pipe;2", bridge="third").later(wait())


def given_up_by_feature(story: Story, wait: Wait) -> None:
    consulted_by_feature(story, wait)
    story.clears("8002", "pipe;2", "pipe;1").leaves("8001").bridges("8001").says(LegRetrieved, leg="8001").later(wait())
    story.hangs_up("caller", "8001")


def transferred_by_feature(story: Story, wait: Wait) -> None:
    consulted_by_feature(story, wait)
    story.leaves("8001", "pipe;1").bridges("pipe;1").transfers(TransferKind.ATTENDED, by="8001", consult="8001")
    story.clears("8001").later(wait()).hangs_up("caller", "pipe;1", "pipe;2", "8002")


def parked_and_fetched(story: Story, wait: Wait) -> None:
    story.comes_in().rings("8001").answers("8001").later(wait()).says(LegParked, leg="caller", slot="71", by="PJSIP/8001")
    story.leaves("caller").transfers(TransferKind.BLIND, by="8001", to="70")
    story.bridges("caller", bridge="lot", kind=BridgeKind.HOLDING).hangs_up("8001").later(wait())
    story.phones("8002", "71").connects("8002").leaves("caller").bridges("caller", "8002", bridge="next")
    story.says(LegUnparked, leg="caller", by="8002", timed_out=False).later(wait()).hangs_up("caller", "8002")


def picked_up(story: Story, wait: Wait) -> None:
    story.comes_in().rings("8001").later(wait()).phones("8002", "*8").connects("8002")
    story.says(LegPickedUp, leg="8001", by="8002").clears("8001", cause=26).connects("caller").bridges("8002", "caller")
    story.later(wait()).hangs_up("8002", "caller")


def conference(story: Story, wait: Wait) -> None:
    for extension in ("8001", "8002", "8003"):
        story.phones(extension, "8600").connects(extension).says(ConferenceJoined, leg=extension, room="600")
        story.bridges(extension, bridge="room").later(wait())
    story.hangs_up("8002").later(wait()).hangs_up("8001", "8003")


SCRIPTS: Final[Sequence[Callable[[Story, Wait], None]]] = (
    answered,
    refused,
    clicked,
    menu_and_queue,
    overflow_and_abandon,
    voicemail,
    forwarded,
    transferred_blind,
    transferred_attended,
    given_up_by_feature,
    transferred_by_feature,
    parked_and_fetched,
    picked_up,
    conference,
)

_RENAMED: Final = {
    kind: [name for name, hint in get_type_hints(kind).items() if any(of in (LegId, BridgeId) for of in (hint, *get_args(hint)))]
    for kind in get_args(PbxEvent)
}


def played(script: Callable[[Story, Wait], None], wait: Wait, start: float, prefix: str) -> list[PbxEvent]:
    """Return what the PBX says of one script that begins ``start`` seconds in; ``prefix`` makes its legs its own."""
    story = Story(at=START + start)
    script(story, wait)
    return [renamed(event, prefix) for event in story.events]


def renamed(event: PbxEvent, prefix: str) -> PbxEvent:
    """Return the event with ``prefix`` before the ids of its legs and bridges."""
    changes = {name: f"{prefix}{getattr(event, name)}" for name in _RENAMED[type(event)] if getattr(event, name) is not None}
    return msgspec.structs.replace(event, **changes)


def together(scripts: Iterable[Sequence[PbxEvent]]) -> list[PbxEvent]:
    """Return the events of several scripts as one PBX would say them."""
    return sorted((event for script in scripts for event in script), key=lambda event: event.at)


def with_gap(events: Sequence[PbxEvent], start: int, length: int) -> list[PbxEvent]:
    """Return what is heard when the connection is away for these events and the snapshot after it lists nothing."""
    cut = events[start : start + length]
    before = events[start - 1].at if start else START
    after = cut[-1].at if cut else before
    gap: list[PbxEvent] = [ConnectionLost(at=before), ConnectionMade(at=after), SnapshotDone(at=after)]
    return [*events[:start], *gap, *events[start + length :]]
