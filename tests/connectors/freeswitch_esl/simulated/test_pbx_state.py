import json

from support.esl_captures import FREESWITCH

from connectors.freeswitch_esl.simulated.pbx_state import PbxState
from connectors.freeswitch_esl.simulated.playing import load_score


def test_it_lists_what_its_events_told() -> None:
    state, widest = PbxState(), 0
    bridged: list[dict[str, str]] = []
    waiting = ""
    for frame in load_score(FREESWITCH / "queue_agent_hangs_up_first_plain").frames:
        state.hear(dict(frame.headers))
        widest = max(widest, json.loads(state.answer("show channels as json"))["row_count"])
        calls = json.loads(state.answer("show calls as json"))
        bridged = bridged or [call for call in calls.get("rows", []) if call["b_uuid"]]
        listed = state.answer("callcenter_config queue list members support@gw.test")
        waiting = waiting or (listed if "Waiting" in listed else "")

    assert widest == 2
    assert (bridged[0]["initial_cid_num"], bridged[0]["b_dest"]) == ("13800138001", "1001")
    assert "|13800138001|" in waiting
    assert state.answer("show channels as json") == '{"row_count": 0}\n'
    assert "support@gw.test|" in state.answer("callcenter_config queue list")


def test_what_it_does_not_do_it_says() -> None:
    state = PbxState()
    assert state.answer("uuid_break x").startswith("-ERR this simulated FreeSWITCH does not do that")
    assert state.answer("nonsense") == "-ERR nonsense Command not found!\n"
    assert state.answer("uuid_exists x") == "false"
    assert "is ready" in state.answer("status")
