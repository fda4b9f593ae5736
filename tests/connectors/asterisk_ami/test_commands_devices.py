import pytest
from support.speaking_asterisk import ami

from connectors.asterisk_ami.commands_devices import do_not_disturb, forwarding, log_in, of_member
from connectors.asterisk_ami.commands_plan import Act
from connectors.asterisk_ami.settings import AstdbSettings, CommandSettings
from gateway.model.commands import ForwardingKind, LogIn, LogOut, SetDoNotDisturb, SetForwarding, SetPause, SetPenalty
from gateway.model.errors import CommandRefusedError
from gateway.model.ids import QueueName

SALES, HELP = QueueName("sales"), QueueName("help")
LISTED = [
    ami("QueueStatus"),
    ami("QueueMember", Queue="sales", Location="PJSIP/1001", StateInterface="PJSIP/1001"),
    ami("QueueMember", Queue="help", Location="Local/1001@from-queue/n", StateInterface="hint:1001@ext-local"),
    ami("QueueMember", Queue="help", Location="PJSIP/1002", StateInterface="PJSIP/1002"),
    ami("QueueMember", Queue="help", Location="Local/agent-7@desks/n", StateInterface="PJSIP/1003"),
]


def shown(acts: list[Act]) -> list[tuple[str, dict[str, str]]]:
    return [(act.name, dict(act.headers)) for act in acts]


def test_a_member_is_called_as_the_site_says() -> None:
    plain = log_in(LogIn(queue=SALES, extension="1001", penalty=2), CommandSettings())
    assert shown(plain) == [("QueueAdd", {"Queue": "sales", "Interface": "PJSIP/1001", "Penalty": "2"})]
    freepbx = CommandSettings(member="Local/{extension}@from-queue/n", member_state="hint:{extension}@ext-local")
    ((_, headers),) = shown(log_in(LogIn(queue=SALES, extension="8001", name="王芳"), freepbx))
    assert headers["Interface"] == "Local/8001@from-queue/n"
    assert (headers["StateInterface"], headers["MemberName"]) == ("hint:8001@ext-local", "王芳")


def test_a_member_is_found_under_the_name_that_its_queue_has_for_it() -> None:
    acts = shown(of_member("cc1", SetPause(extension="1001", paused=True, reason="lunch"), LISTED))
    wanted = {"Paused": "true", "Reason": "lunch"}
    assert acts == [
        ("QueuePause", {"Queue": "sales", "Interface": "PJSIP/1001", **wanted}),
        ("QueuePause", {"Queue": "help", "Interface": "Local/1001@from-queue/n", **wanted}),
    ]
    assert shown(of_member("cc1", LogOut(extension="1003", queue=HELP), LISTED)) == [
        ("QueueRemove", {"Queue": "help", "Interface": "Local/agent-7@desks/n"})
    ]
    ((_, headers),) = shown(of_member("cc1", SetPenalty(extension="1002", penalty=9), LISTED))
    assert headers == {"Queue": "help", "Interface": "PJSIP/1002", "Penalty": "9"}


@pytest.mark.parametrize(
    ("command", "which"),
    [
        (LogOut(extension="1002", queue=SALES), "1002 serves not queue 'sales' at cc1"),
        (SetPause(extension="100", paused=False), "100 serves no queue at cc1"),
    ],
)
def test_who_serves_no_such_queue_is_told_so(command: LogOut | SetPause, which: str) -> None:
    with pytest.raises(CommandRefusedError, match=which):
        of_member("cc1", command, LISTED)


def test_do_not_disturb_is_written_where_the_dial_plan_looks_and_shown_on_lamps() -> None:
    families = AstdbSettings()
    put, lamp = shown(do_not_disturb(SetDoNotDisturb(extension="8001", on=True), families))
    assert put == ("DBPut", {"Family": "DND", "Key": "8001", "Val": "YES"})
    assert lamp == ("Setvar", {"Variable": "DEVICE_STATE(Custom:DND8001)", "Value": "BUSY"})
    taken, lamp = shown(do_not_disturb(SetDoNotDisturb(extension="8001", on=False), families))
    assert taken == ("DBDel", {"Family": "DND", "Key": "8001"})
    assert lamp[1]["Value"] == "NOT_INUSE"
    assert len(do_not_disturb(SetDoNotDisturb(extension="8001", on=True), AstdbSettings(device_states=False))) == 1


@pytest.mark.parametrize(("kind", "family"), [("unconditional", "CF"), ("busy", "CFB"), ("no_answer", "CFU")])
def test_a_forward_is_written_where_the_dial_plan_looks(kind: str, family: str) -> None:
    acts = forwarding(SetForwarding(extension="8001", kind=ForwardingKind(kind), to="013800138000"), AstdbSettings())
    assert shown(acts)[0] == ("DBPut", {"Family": family, "Key": "8001", "Val": "013800138000"})
    # Lamps show only where calls always go.
    assert (len(acts) == 2) is (kind == "unconditional")
    gone = forwarding(SetForwarding(extension="8001", kind=ForwardingKind(kind), to=None), AstdbSettings())
    assert shown(gone)[0] == ("DBDel", {"Family": family, "Key": "8001"})
    assert gone[0].optional


def test_what_the_dial_plan_does_not_know_is_refused() -> None:
    families = AstdbSettings(do_not_disturb=None, busy=None)
    with pytest.raises(CommandRefusedError, match="do-not-disturb"):
        do_not_disturb(SetDoNotDisturb(extension="8001", on=True), families)
    with pytest.raises(CommandRefusedError, match="forwarding busy"):
        forwarding(SetForwarding(extension="8001", kind=ForwardingKind.BUSY, to="8002"), families)


@pytest.mark.parametrize("poison", ["1\r\nAction: Logoff", "1\n", "1,n", "1/2", "${X}", ""])
def test_nothing_but_a_number_reaches_the_pbx(poison: str) -> None:
    with pytest.raises(CommandRefusedError):
        log_in(LogIn(queue=SALES, extension=poison), CommandSettings())
    with pytest.raises(CommandRefusedError):
        of_member("cc1", SetPause(extension=poison, paused=True), LISTED)
    with pytest.raises(CommandRefusedError):
        do_not_disturb(SetDoNotDisturb(extension=poison, on=True), AstdbSettings())
    with pytest.raises(CommandRefusedError):
        forwarding(SetForwarding(extension="1", kind=ForwardingKind.BUSY, to=poison), AstdbSettings())


@pytest.mark.parametrize("poison", ["a\r\nAction: Logoff", "a\nb", "", " "])
def test_nothing_unseen_is_in_a_text(poison: str) -> None:
    with pytest.raises(CommandRefusedError):
        log_in(LogIn(queue=QueueName(poison), extension="1001"), CommandSettings())
    with pytest.raises(CommandRefusedError):
        log_in(LogIn(queue=SALES, extension="1001", name=poison), CommandSettings())
    with pytest.raises(CommandRefusedError):
        of_member("cc1", SetPause(extension="1001", paused=True, reason=poison), LISTED)
