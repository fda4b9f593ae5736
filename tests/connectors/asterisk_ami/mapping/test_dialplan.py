import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.asterisk_ami.mapping import dialplan
from connectors.asterisk_ami.mapping.dialplan import Position, application_of


@pytest.mark.parametrize(
    ("name", "data", "real"),
    [
        ("Background", "welcome", ("background", "welcome")),
        ("ExecIf", "1?Background(welcome)", ("background", "welcome")),
        ("ExecIf", "0?Background(welcome)", ("noop", "")),
        ("ExecIf", "0?Background(a):WaitExten(5)", ("waitexten", "5")),
        ("ExecIf", "1?Set(a=b:c):WaitExten(5)", ("set", "a=b:c")),
        ("ExecIf", " ?Hangup()", ("noop", "")),
        ("ExecIf", "1?Hangup", ("hangup", "")),
        ("ExecIf", "1?", ("noop", "")),
        ("execif", "no question mark", ("noop", "")),
    ],
)
def test_the_application_that_really_runs_is_found(name: str, data: str, real: tuple[str, str]) -> None:
    assert application_of(name, data) == real


@given(data=st.text(max_size=60))
def test_any_condition_is_read_without_complaint(data: str) -> None:
    assert application_of("ExecIf", data)[0] == application_of("ExecIf", data)[0].lower()


@pytest.mark.parametrize(
    ("data", "targets"),
    [
        ("PJSIP/8001,15,Ttr", [("PJSIP/8001", None)]),
        ("PJSIP/8885551@carrier,20", [("PJSIP/carrier", "8885551")]),
        ("SIP/isp/0123,20", [("SIP/isp", "0123")]),
        ("IAX2/branch/8001", [("IAX2/branch", "8001")]),
        ("PJSIP/8001&PJSIP/8002,15", [("PJSIP/8001", None), ("PJSIP/8002", None)]),
        ("Local/8001@from-queue/n", [("Local/8001@from-queue", "8001")]),
        ("PJSIP/carrier/sip:8885551@203.0.113.1", [("PJSIP/203.0.113.1", "8885551")]),
        ("", []),
        ("nonsense", []),
        ("PJSIP/", []),
    ],
)
def test_the_destinations_of_dial_are_device_and_number(data: str, targets: list[tuple[str, str | None]]) -> None:
    assert dialplan.dial_targets(data) == targets


@given(data=st.text(alphabet="PJSIP/Local@&,:0123.", max_size=60))
def test_any_arguments_of_dial_are_read_without_complaint(data: str) -> None:
    assert all(device and "/" in device for device, _ in dialplan.dial_targets(data))


@pytest.mark.parametrize(
    ("text", "number"),
    [("8885551@carrier", "8885551"), ("carrier/8885551", "8885551"), ("sip:8885551@203.0.113.1", "8885551"), ("", None)],
)
def test_the_number_that_was_sent_is_read_from_a_dial_string(text: str, number: str | None) -> None:
    assert dialplan.number_sent(text) == number


@pytest.mark.parametrize(
    ("name", "device"),
    [
        ("PJSIP/8001-0000000c", "PJSIP/8001"),
        ("SIP/isp-trunk-0000000c", "SIP/isp-trunk"),
        ("DAHDI/1-1", "DAHDI/1"),
        ("IAX2/branch-1234", "IAX2/branch"),
        ("Local/8001@from-queue-00000001;1", "Local/8001@from-queue"),
        ("OutgoingSpoolFailed", "OutgoingSpoolFailed"),
    ],
)
def test_a_legs_name_tells_its_device(name: str, device: str) -> None:
    assert dialplan.parse_leg_name(name) == device


@pytest.mark.parametrize(
    ("name", "helper"),
    [
        ("PJSIP/8001-0000000c", False),
        ("SIP/isp-0000000c", False),
        ("DAHDI/1-1", False),
        ("IAX2/branch-1234", False),
        ("Local/8001@from-queue-00000001;2", True),
        ("CBAnn/6000-00000001;1", True),
        ("Surrogate/PJSIP/8001-0000000c", True),
        ("AsyncGoto/PJSIP/8001-0000000c", True),
        ("Message/ast_msg_queue", True),
        ("PJSIP/8001-0000000c<ZOMBIE>", True),
    ],
)
def test_asterisks_own_plumbing_is_told_from_parties(name: str, helper: bool) -> None:
    assert dialplan.is_helper(name) is helper


def test_the_halves_of_a_pipe_name_each_other() -> None:
    one, two = "Local/8001@from-queue-00000001;1", "Local/8001@from-queue-00000001;2"
    assert (dialplan.twin_name(one), dialplan.twin_name(two)) == (two, one)
    assert dialplan.twin_name("PJSIP/8001-0000000c") is None
    assert dialplan.local_number(one) == "8001"


def test_a_position_stays_in_its_menu_while_a_routine_runs() -> None:
    position = Position()
    position.enter("ivr", "s", 1.0)
    assert position.run("background", "welcome")
    position.run("gosub", "say-hours,s,1")
    assert not position.enter("say-hours", "s", 2.0)
    assert position.menu == "ivr"


def test_a_position_leaves_its_menu_for_another_context() -> None:
    position = Position()
    position.enter("ivr", "s", 1.0)
    position.run("background", "welcome")
    assert position.enter("sales", "8001", 2.0)


def test_coming_back_from_a_routine_is_no_new_entry_of_the_context() -> None:
    position = Position()
    position.enter("ivr", "s", 1.0)
    position.run("gosub", "say-hours,s,1")
    position.enter("say-hours", "s", 5.0)
    assert position.called_from == "s"
    position.run("return", "")
    position.enter("ivr", "s", 9.0)
    assert position.since == 1.0


@pytest.mark.parametrize(
    ("extension", "application", "data", "moved"),
    [
        ("8002", "musiconhold", "default", True),
        ("8001", "musiconhold", "default", False),
        ("8002", "musiconhold", "other", False),
        ("8002", "noop", "", False),
    ],
)
def test_a_leg_was_moved_when_what_it_waits_in_is_repeated_elsewhere(
    extension: str, application: str, data: str, moved: bool
) -> None:
    position = Position()
    position.enter("internal", "8001", 1.0)
    position.run("musiconhold", "default")
    assert position.is_moved_to("internal", extension, application, data) is moved


@pytest.mark.parametrize(
    ("argument", "file"),
    [
        # As Asterisk 16 and 22 named them.
        ("q-1.wav49", "q-1.WAV"),
        ("2026/11/22/q-1.wav49", "2026/11/22/q-1.WAV"),
        ("q-1.WAV", "q-1.WAV"),
        ("q-1.wav", "q-1.wav"),
        ("q-1.gsm", "q-1.gsm"),
        ("wav49", "wav49"),
        ("", None),
    ],
)
def test_a_recording_is_in_the_file_that_asterisk_makes_of_the_name(argument: str, file: str | None) -> None:
    assert dialplan.recorded_file(argument) == file
