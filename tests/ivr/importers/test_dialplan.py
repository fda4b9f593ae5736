from hypothesis import given
from hypothesis import strategies as st

from ivr.importers.dialplan import MAX_DEPTH, DialPlan, called, read_dial_plan, split_arguments


def nothing(by: str, name: str) -> list[tuple[str, str]]:
    raise FileNotFoundError(2, f"there is no {name}")


def plan(text: str) -> DialPlan:
    return read_dial_plan("extensions.conf", text, nothing)


def test_extensions_have_steps_with_priorities_labels_and_places() -> None:
    read = plan("""
[general]
static=yes
[globals]
SALES=PJSIP/1001
; the first menu
[main](!)
exten => s,1,Answer
 same => n(again),Background(custom/main&beep)   ; press a key
exten => 1,1,Dial(${SALES},20,tT)
exten => 1,hint,PJSIP/1001
exten = s,n,WaitExten(10)
include => late,09:00-17:00,mon-fri,*,*
[branch](main)
""")
    main = read.contexts["main"]
    assert [(step.application, step.label, step.priority) for step in main.extensions["s"]] == [
        ("answer", "", 1),
        ("background", "again", 2),
        ("waitexten", "", 3),
    ]
    assert main.extensions["s"][1].comment == "press a key"
    assert (main.comment, main.includes) == ("the first menu", ["late"])
    assert main.extensions["1"][0].arguments == ("PJSIP/1001", "20", "tT")
    assert str(main.extensions["1"][0].origin) == "extensions.conf:10"
    assert read.contexts["branch"].extensions.keys() == main.extensions.keys()
    assert read.unread == ()


def test_arguments_keep_what_stands_in_brackets_and_quotes() -> None:
    assert list(split_arguments('$["${A}" = "1,2"]?x,1,y,(b,c)')) == ['$["${A}" = "1,2"]?x', "1", "y", "(b,c)"]
    assert list(split_arguments("600|t|60")) == ["600", "t", "60"]
    assert called("Queue(600,t)") == ("queue", ("600", "t"))
    assert called("Goto,s|1") == ("goto", ("s", "1"))
    assert called("@x@") == ("", ())


def test_priorities_of_old_may_stand_a_hundred_behind_a_label() -> None:
    steps = plan("[a]\nexten => 1,1(look),NoOp()\nexten => 1,look+101(failed),Hangup()\n").contexts["a"].extensions["1"]
    assert [(step.label, step.application) for step in steps] == [("look", "noop"), ("failed", "hangup")]


def test_comments_are_the_ones_beside_or_right_before_and_blocks_are_none() -> None:
    read = plan(
        "[a]\n; sales\n;-----\nexten => 1,1,NoOp(a\\;b)\n\n; far away\n\n"
        ";-- exten => 9,1,NoOp()\nstill --;\nexten => 2,1,NoOp()\n"
    )
    one, two = (read.contexts["a"].extensions[key][0] for key in ("1", "2"))
    assert (one.comment, one.arguments, two.comment) == ("sales", ("a;b",), "")
    assert "9" not in read.contexts["a"].extensions


def test_what_is_not_understood_is_told_by_its_line() -> None:
    read = plan("""[a]
exten => 1
exten => 1,x,NoOp()
exten => 1,1,@broken@
switch => Realtime/x
#exec /bin/ls
#include "away.conf"
#tryinclude "away.conf"
what is this
wrong = key
""")
    assert [each.origin.line for each in read.unread] == [2, 3, 4, 5, 6, 7, 9, 10]


def test_files_are_included_once_in_a_circle() -> None:
    def opened(by: str, name: str) -> list[tuple[str, str]]:
        return [(name, f'[{name}]\nexten => 1,1,NoOp()\n#include "extensions.conf"\n')]

    read = read_dial_plan("extensions.conf", '#include "more.conf"\n', opened)
    assert "more.conf" in read.contexts
    assert [each.why for each in read.unread] == ["the file includes itself"]


def test_files_that_include_ever_new_ones_come_to_an_end() -> None:
    def opened(by: str, name: str) -> list[tuple[str, str]]:
        return [(name, f'#include "{name}x"\n')]

    assert "without end" in read_dial_plan("a", '#include "b"\n', opened).unread[-1].why
    assert MAX_DEPTH < 100


@given(st.text(alphabet='[]();=>,|"\\${}&n1s\n exten#-', max_size=300))
def test_nothing_breaks_it(text: str) -> None:
    plan(text)
