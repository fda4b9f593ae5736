from support.replaying import CAPTURES, PBX, pbx_events, run

from connectors.asterisk_ami.replay import site_of
from gateway.model.board import Board
from gateway.session.replay import calls_of, told_of

TRANSFER = CAPTURES / "asterisk" / "22" / "attended_transfer"
MIDCALL = CAPTURES / "asterisk" / "22-site2" / "midcall_connect"


def test_merged_calls_are_part_of_others() -> None:
    site = site_of(TRANSFER)
    calls = calls_of(Board(PBX, site), pbx_events(TRANSFER))
    everything, _ = run(pbx_events(TRANSFER), site)

    assert len(everything) == len(calls) + 1
    assert all(call.merged_into is None for call in calls)


def test_a_call_that_has_not_ended_is_there_too() -> None:
    events = pbx_events(TRANSFER)
    calls = calls_of(Board(PBX, site_of(TRANSFER)), events[: len(events) // 2])

    assert any(not call.ended for call in calls)


def test_what_is_told_is_what_the_board_tells() -> None:
    site = site_of(MIDCALL)
    _, expected = run(pbx_events(MIDCALL), site)

    assert list(told_of(Board(PBX, site), pbx_events(MIDCALL))) == expected
