import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.importers.freeswitch import imported, prompts_of
from ivr.importers.menus import Imported, Prompt

MENU = """<configuration name="ivr.conf"><menus>
  <!-- the main menu -->
  <menu name="main" greet-long="say:Press 1 for sales" greet-short="phrase:short" timeout="10000" digit-len="4" {more}>
{entries}
  </menu>
  <menu name="sub" greet-long="ivr/ivr-welcome.wav"><entry action="menu-top" digits="9"/></menu>
</menus></configuration>
"""
PLAN = """<include><extension name="sales"><condition field="destination_number" expression="^(450)$">
  <action application="set" data="a=b"/><action application="callcenter" data="sales@default"/></condition></extension>
 <extension><condition field="destination_number" expression="^451$">
  <action application="ivr" data="sub"/></condition></extension>
 <extension><condition field="destination_number" expression="^452$">
  <action application="bridge" data="user/1000"/></condition></extension>
</include>"""


def read(*entries: str, more: str = "", plan: str = "") -> Imported:
    files = [("ivr.xml", MENU.format(entries="\n".join(entries), more=more))]
    return imported([*files, ("default.xml", plan)] if plan else files)


def entry(digits: str, param: str, action: str = "menu-exec-app", behind: str = "") -> str:
    return f'<entry action="{action}" digits="{digits}" param="{param}"/>{behind}'


@pytest.mark.parametrize(
    ("param", "goal"),
    [
        ("transfer 1001 XML default", ("number", "1001")),
        ("transfer 450 XML default", ("queue", "sales")),
        ("transfer 451 XML default", ("menu", "sub")),
        ("transfer 452 XML default", ("number", "452")),
        ("bridge sofia/gateway/carrier/+4930123", ("number", "+4930123")),
        ("bridge user/1002@example.com", ("number", "1002")),
        ("callcenter support@default", ("queue", "support")),
        ("fifo sales@example in", ("queue", "sales")),
        ("voicemail default example.com 1003", ("voicemail", "1003")),
        ("ivr sub", ("menu", "sub")),
        ("hangup", ("hang_up", "")),
        ("lua my.lua", ("unknown", "my.lua")),
        ("", ("unknown", "")),
    ],
)
def test_a_key_leads_where_its_application_leads(param: str, goal: tuple[str, str]) -> None:
    (one,) = read(entry("1", param), plan=PLAN).menus[0].entries
    assert (one.goal.kind, one.goal.target) == goal


def test_menus_have_prompts_labels_and_what_follows_silence() -> None:
    menu = read(
        entry("2", "sub", "menu-sub", "  <!-- Sales -->"),
        entry("3", "ivr/hours.wav", "menu-play-sound"),
        entry("*", "", "menu-exit"),
        more='exit-app="transfer 1001 XML default"',
    ).menus[0]
    assert (menu.id, menu.label, menu.prompts) == ("main", "the main menu", (Prompt(text="Press 1 for sales"),))
    assert [(each.digits, each.goal.kind, each.label) for each in menu.entries] == [
        ("2", "menu", "Sales"),
        ("3", "menu", ""),
        ("*", "hang_up", ""),
    ]
    assert menu.entries[1].goal.prompts == (Prompt(sound="ivr/hours"),)
    assert menu.on_silence is not None
    assert menu.on_silence.target == "1001"


def test_an_expression_for_one_key_is_that_key_and_a_description_its_label() -> None:
    found = read(
        entry("/^1$/", "hangup"), entry("/^(12)$/", "hangup"), '<entry action="menu-exit" digits="3" description="Bye"/>'
    )
    assert [(each.digits, each.label) for each in found.menus[0].entries] == [("1", ""), ("12", ""), ("3", "Bye")]


def test_a_second_menu_of_a_name_is_told_with_its_keys() -> None:
    found = imported([(name, f'<menu name="m">\n{entry("1", goal)}</menu>') for name, goal in (("a", "hangup"), ("b", "ivr x"))])
    assert [each.goal.kind for each in found.menus[0].entries] == ["hang_up"]
    assert [str(each.origin) for each in found.unread] == ["b:1", "b:2"]


def test_what_has_no_place_is_told_by_its_line() -> None:
    found = read(entry("/^(10[01][0-9])$/", "transfer $1 XML features"), entry("1", "x", "menu-dance"), "<what/>")
    assert [each.origin.line for each in found.unread] == [4, 5, 6, 8]
    assert [each.digits for each in found.menus[0].entries] == ["1"]


def test_sounds_may_be_several_recordings_or_none() -> None:
    assert prompts_of("file_string://one.wav!two.wav") == (Prompt(sound="one.wav"), Prompt(sound="two.wav"))
    assert prompts_of(" ") == ()


PARAMS = st.sampled_from(["transfer 1 XML default", "bridge x", "sub", "$1", "", "callcenter", "playback a.wav", "transfer 451"])
ACTIONS = st.sampled_from(["menu-exec-app", "menu-sub", "menu-top", "menu-back", "menu-exit", "menu-play-sound", "x"])
DIGITS = st.sampled_from(["1", "2", "12", "*", "#", "/^(\\d{4})$/", ""])


@given(st.lists(st.tuples(DIGITS, PARAMS, ACTIONS), max_size=6))
def test_every_entry_is_one_or_in_the_report(lines: list[tuple[str, str, str]]) -> None:
    found = read(*(entry(*line) for line in lines), plan=PLAN)
    places = {each.origin.line for each in found.unread} | {each.origin.line for menu in found.menus for each in menu.entries}
    assert set(range(4, 4 + len(lines))) <= places
