from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.importers.asterisk import imported
from ivr.importers.dialplan import read_dial_plan
from ivr.importers.menus import GoalKind, Imported

RIG = Path(__file__).parents[2] / "rig"
HEAD = "[main]\nexten => s,1,Background(custom/main)\n same => n,WaitExten(5)\n"


def read(text: str) -> Imported:
    def nothing(by: str, name: str) -> list[tuple[str, str]]:
        raise FileNotFoundError(2, "away")

    return imported(read_dial_plan("extensions.conf", text, nothing))


def goals(text: str) -> dict[str, tuple[str, str]]:
    return {entry.digits: (entry.goal.kind, entry.goal.target) for entry in read(text).menus[0].entries}


def test_the_rigs_menus_are_all_found() -> None:
    menus = {menu.id: menu for menu in read((RIG / "cc1" / "extensions.conf").read_text()).menus}
    assert set(menus) == {"ivr-main", "ivr-directory", "ivr-load", "ivr-support", "ivr-service", "ivr-more"}
    assert [(each.digits, each.goal.kind, each.goal.target) for each in menus["ivr-main"].entries] == [
        ("1", GoalKind.MENU, "ivr-support"),
        ("2", GoalKind.QUEUE, "support"),
        ("0", GoalKind.NUMBER, "1001"),
    ]
    assert [prompt.sound for prompt in menus["ivr-main"].prompts] == ["vm-options", "vm-enter-num-to-call"]


def test_freepbx_contexts_are_known_by_their_names() -> None:
    found = read((RIG / "freepbx" / "extensions.conf").read_text())
    menus = {menu.id: {each.digits: (each.goal.kind, each.goal.target) for each in menu.entries} for menu in found.menus}
    assert found.menus[0].id == "ivr-1"
    assert set(menus) == {"ivr-1", "ivr-2"}
    assert menus["ivr-2"] == {
        "1": (GoalKind.QUEUE, "7002"),
        "2": (GoalKind.QUEUE, "7003"),
        "9": (GoalKind.MENU, "ivr-1"),
    }
    assert menus["ivr-1"]["0"] == (GoalKind.NUMBER, "8001")


@pytest.mark.parametrize(
    ("steps", "goal"),
    [
        ("Queue(600,t,,,60)", ("queue", "600")),
        ("Dial(SIP/1001&SIP/1002,20)", ("number", "1001")),
        ("Dial(PJSIP/5551234@trunk)", ("number", "5551234")),
        ("Dial(DAHDI/g1/5551234,60)", ("number", "5551234")),
        ("Dial(Local/1001@from-internal/n)", ("number", "1001")),
        ("VoiceMail(1001@default,u)", ("voicemail", "1001")),
        ("Playback(vm-goodbye)\n same => n,Hangup()", ("hang_up", "")),
        ("Goto(main,s,1)", ("menu", "main")),
        ("Goto(ext-queues,600,1)", ("queue", "600")),
        ("Goto(from-did-direct,1001,1)", ("number", "1001")),
        ("Goto(ext-local,vmu1001,1)", ("voicemail", "1001")),
        ("Goto(app-blackhole,hangup,1)", ("hang_up", "")),
        ("Gosub(ring,s,1(1001))", ("number", "1001")),
        ("Macro(exten-vm,novm,1001)", ("number", "1001")),
        ("GotoIfTime(09:00-17:00,mon-fri,*,*?open)\n same => n,Hangup()\n same => n(open),Queue(600)", ("hang_up", "")),
        ("GotoIf($[${X} = 1]?a:b)\n same => n(a),Hangup()\n same => n(b),Queue(600)", ("queue", "600")),
        ("Goto(nowhere,s,1)", ("unknown", "nowhere")),
        ("Goto(1,1)", ("unknown", "")),
    ],
)
def test_a_key_leads_where_its_steps_lead(steps: str, goal: tuple[str, str]) -> None:
    ring = "[ring]\nexten => s,1,Dial(PJSIP/${ARG1})\n"
    assert goals(f"{HEAD}exten => 1,1,{steps}\n{ring}") == {"1": goal}


def test_a_key_that_is_read_and_compared_is_an_entry() -> None:
    found = goals("""[main]
exten => s,1,Read(CHOICE,custom/main,1)
 same => n,GotoIf($["${CHOICE}" = "1"]?sales)
 same => n,GotoIf($[${CHOICE}=2]?support,s,1)
 same => n,Hangup()
 same => n(sales),Queue(sales)
[support]
exten => s,1,Queue(support)
""")
    assert found == {"1": ("queue", "sales"), "2": ("queue", "support")}


def test_a_prompt_may_stand_in_a_condition_of_either_age() -> None:
    for call in ('$["${MSG}" != ""]?Background(${MSG})', '$["${MSG}" != ""],Background,${MSG}'):
        menu = read(f"[ivr-1]\nexten => s,1,Set(MSG=custom/hello)\n same => n,ExecIf({call})\n same => n,WaitExten(,)\n").menus[0]
        assert [prompt.sound for prompt in menu.prompts] == ["custom/hello"]


def test_keys_of_included_contexts_count_and_comments_are_labels() -> None:
    menu = read(f"{HEAD}include => more\n[more]\n; sales department\nexten => 3,1,Queue(sales)\n").menus[0]
    assert [(each.digits, each.label) for each in menu.entries] == [("3", "sales department")]


def test_a_key_that_is_a_menu_itself_leads_to_it() -> None:
    found = read(f"{HEAD}exten => 2,1,Background(more)\n same => n,WaitExten(5)\nexten => 1,1,Queue(a)\n")
    menus = {menu.id: {each.digits: (each.goal.kind, each.goal.target) for each in menu.entries} for menu in found.menus}
    assert menus["main"]["2"] == (GoalKind.MENU, "main-2")
    assert menus["main-2"]["1"] == (GoalKind.QUEUE, "a")


def test_a_key_whose_steps_just_end_is_told() -> None:
    found = read(f"{HEAD}exten => 1,1,Set(CHANNEL(language)=en)\n")
    assert [each.why for each in found.unread] == ["the steps end here, and nothing was said: the caller is hung up on"]


def test_what_only_asterisk_knows_is_told_by_its_line() -> None:
    steps = (
        "AGI(who.agi)\n same => n,ExecIf($[1]?Goto(x,1))\n same => n,Read(ACCT,beep)\n same => n,Frobnicate()\n same => n,Page(a)"
    )
    found = read(f"{HEAD}exten => 1,1,{steps}\nexten => _1XX,1,Dial(PJSIP/${{EXTEN}})\n")
    assert [each.origin.line for each in found.unread] == [4, 5, 6, 7, 8, 9]


def test_calls_from_outside_say_where_the_dialog_begins() -> None:
    other = "[big]\nexten => s,1,Background(x)\nexten => 1,1,Queue(a)\nexten => 2,1,Queue(b)\n"
    found = read(f"{other}{HEAD}exten => 1,1,Queue(c)\n[from-trunk]\nexten => _X.,1,Goto(main,s,1)\n")
    assert [menu.id for menu in found.menus] == ["main", "big"]


KEYS = st.sampled_from(["1", "2", "12", "*", "#", "0", "_XXX"])
STEPS = st.sampled_from(
    ["Queue(a)", "Dial(SIP/1)", "Goto(main,s,1)", "Goto(x,1,1)", "Hangup()", "Macro(x,1)", "What(1)", "Set(A=1)", "Goto(2,1)",
     "Gosub(main,1,1)", "GotoIf($[1]?1,1)", "VoiceMail(1)", "Read(A)", "NoOp"]
)  # fmt: skip


@given(st.lists(st.tuples(KEYS, STEPS), max_size=8))
def test_every_key_is_an_entry_or_in_the_report(lines: list[tuple[str, str]]) -> None:
    found = read(HEAD + "".join(f"exten => {key},1,{step}\n" for key, step in lines))
    entries = {entry.digits for menu in found.menus for entry in menu.entries}
    told = {each.origin.line for each in found.unread}
    for number, (key, _) in enumerate(lines, 4):
        first = next(place for place, each in enumerate(lines, 4) if each[0] == key)
        assert key in entries or number in told or first in told
