import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.importers.menus import GoalKind, Imported, Prompt
from ivr.importers.voicexml import imported
from ivr.importers.xml import XmlRefusedError


def read(*bodies: str) -> Imported:
    return imported([(f"doc{place}.vxml", f'<vxml version="2.1">\n{body}\n</vxml>') for place, body in enumerate(bodies, 1)])


def goals(*bodies: str) -> dict[str, tuple[str, str]]:
    return {each.digits: (each.goal.kind, each.goal.target) for each in read(*bodies).menus[0].entries}


def test_a_menus_choices_have_keys_by_themselves_or_in_order() -> None:
    menu = read("""<!-- the main menu -->
<menu id="main" dtmf="true">
  <prompt>Welcome. <audio src="sounds/choose.wav">Sales or help?</audio></prompt>
  <choice next="#sales">sales</choice>
  <choice dtmf="5" next="tel:+49-30-123">head office</choice>
  <choice dtmf="9" next="#bye">goodbye</choice>
  <noinput><reprompt/></noinput>
  <nomatch><goto next="#sales"/></nomatch>
</menu>
<form id="sales"><block><prompt>One moment.</prompt></block><transfer dest="sip:1001@pbx.example" bridge="true"/></form>
<form id="bye"><block>Goodbye.<disconnect/></block></form>""").menus[0]
    assert (menu.id, menu.label) == ("main", "the main menu")
    assert menu.prompts == (Prompt(sound="choose", text="Welcome. Sales or help?"),)
    assert [(each.digits, each.goal.kind, each.goal.target, each.label) for each in menu.entries] == [
        ("1", GoalKind.NUMBER, "1001", "sales"),
        ("5", GoalKind.NUMBER, "+4930123", "head office"),
        ("9", GoalKind.HANG_UP, "", "goodbye"),
    ]
    assert menu.entries[0].goal.prompts == (Prompt(text="One moment."),)
    assert menu.on_silence is None
    assert menu.on_wrong is not None
    assert menu.on_wrong.target == "1001"


HELP = '<menu id="help"><choice dtmf="1" next="doc1.vxml#sales">sales</choice></menu>'


def test_a_fields_keys_lead_where_its_conditions_say() -> None:
    assert goals("""<form id="ask"><field name="what">
  <prompt>Press a key.</prompt>
  <option dtmf="1" value="sales">sales</option><option dtmf="2" value="help">help</option>
  <option dtmf="3" value="x">other</option>
  <filled><if cond="what == 'sales'"><goto next="#sales"/><elseif cond="what=='help'"/><goto next="doc2.vxml#help"/>
    <else/><exit/></if></filled></field></form>
<form id="sales"><transfer dest="tel:100"/></form>""", HELP) == {
        "1": ("number", "100"),
        "2": ("menu", "doc2-help"),
        "3": ("hang_up", ""),
    }  # fmt: skip


def test_what_a_transfer_says_is_heard_on_the_way() -> None:
    (menu,) = read('<menu id="m"><choice dtmf="1" next="#t">x</choice></menu>'
                   '<form id="t"><transfer dest="tel:1"><prompt>Wait.</prompt></transfer></form>').menus  # fmt: skip
    assert menu.entries[0].goal.prompts == (Prompt(text="Wait."),)


def test_a_grammars_items_are_keys() -> None:
    assert goals("""<form id="ask"><field name="what">
  <grammar mode="dtmf"><rule id="r"><one-of><item>1<tag>out = "sales";</tag></item><item>2</item></one-of></rule></grammar>
  <filled><if cond="what == 'sales'"><goto next="#sales"/></if>
  <if cond="what == '2'"><submit next="http://x/y"/></if></filled>
  </field></form><form id="sales"><transfer dest="tel:100"/></form>""") == {
        "1": ("number", "100"),
        "2": ("unknown", "y"),
    }


def test_where_the_grammar_is_built_in_the_conditions_say_which_keys_there_are() -> None:
    found = read("""<form id="main"><field name="key"><grammar mode="dtmf" src="builtin:dtmf/digits?length=1"/>
<filled>
<if cond="key == '1'"><transfer destexpr="'tel:100'"/>
<elseif cond="key$.utterance == '0' || key == 9"/><transfer dest="sip:200@pbx"/>
<elseif cond="key.length == 4"/><transfer dest="tel:300"/></if>
</filled></field></form>""")
    assert [(each.digits, each.goal.target) for each in found.menus[0].entries] == [("1", "100"), ("0", "200"), ("9", "200")]
    assert [str(each) for each in found.unread] == [
        "doc1.vxml:4: key.length == 4: number 300: a condition that is not understood"
    ]


def test_each_field_with_keys_is_a_menu_and_others_are_told() -> None:
    found = read("""<form id="f">
<field name="a"><option dtmf="1">one</option><filled><if cond="a == 'one'"><transfer dest="tel:1"/></if></filled></field>
<field name="b"><option dtmf="2">two</option></field>
<field name="pin" type="digits"/>
<filled><if cond="b == 'two'"><transfer dest="tel:2"/></if></filled>
</form>""")
    assert [(menu.id, [(each.digits, each.goal.target) for each in menu.entries]) for menu in found.menus] == [
        ("f", [("1", "1")]),
        ("f-2", [("2", "2")]),
    ]
    assert [str(each) for each in found.unread] == ["doc1.vxml:5: field pin digits: it asks for a value: make a slot of it"]


def test_what_only_a_server_knows_is_told_by_its_line() -> None:
    found = read("""<link dtmf="0" next="#main"/>
<menu id="main">
<choice dtmf="1" expr="where()">somewhere</choice>
<choice dtmf="2" next="#gone">nowhere</choice>
<choice next="#main">by voice</choice>
<choice dtmf="3" next="#ask">a server</choice>
</menu>
<form id="ask"><block><if cond="x"><log/></if><submit next="http://x/y"/></block></form>
<form id="field"><field name="f"><option dtmf="1">one</option></field></form>""")
    assert sorted(each.origin.line for each in found.unread) == [2, 4, 5, 6, 9, 9, 10]
    assert [(each.digits, each.goal.kind) for each in found.menus[0].entries] == [
        ("1", "unknown"),
        ("2", "unknown"),
        ("3", "unknown"),
    ]


def test_dialogs_that_lead_to_each_other_come_to_an_end() -> None:
    found = read('<menu id="m"><choice dtmf="1" next="#a">x</choice></menu>'
                 '<form id="a"><block><goto next="#b"/></block></form>'
                 '<form id="b"><block><goto next="#a"/></block></form>')  # fmt: skip
    assert found.menus[0].entries[0].goal.kind is GoalKind.UNKNOWN


def test_what_is_no_xml_is_refused() -> None:
    with pytest.raises(XmlRefusedError, match=r"x\.vxml:1"):
        imported([("x.vxml", "<vxml")])


CHOICE = st.tuples(st.sampled_from(["1", "2", "", "12x"]), st.sampled_from(["#a", "#m", "tel:1", "http://x/y.vxml", ""]))


@given(st.lists(CHOICE, max_size=6))
def test_every_choice_is_an_entry_or_in_the_report(choices: list[tuple[str, str]]) -> None:
    lines = "\n".join(f'<choice dtmf="{digits}" next="{target}">x</choice>' for digits, target in choices)
    found = read(f'<menu id="m">\n{lines}\n</menu><form id="a"><block/></form>')
    places = {each.origin.line for each in found.unread} | {each.origin.line for menu in found.menus for each in menu.entries}
    assert set(range(3, 3 + len(choices))) <= places


COMPARED = st.lists(st.sampled_from(["x == '1'", "x=='2'", "x.length > 1", "y == '3'", "'4' == x"]), min_size=1, max_size=5)


@given(COMPARED, COMPARED, st.booleans())
def test_every_destination_of_a_field_is_somewhere(first: list[str], second: list[str], otherwise: bool) -> None:
    numbers = iter(range(1000, 2000))
    told = ""
    for conditions in (first, second):
        ways = [f'cond="{each}"/><transfer dest="tel:{next(numbers)}"/>' for each in conditions]
        last = f'<else/><transfer dest="tel:{next(numbers)}"/>' if otherwise else ""
        told += f"<if {ways[0].replace('/>', '>', 1)}{''.join(f'<elseif {way}' for way in ways[1:])}{last}</if>"
    found = read(f'<form id="f"><field name="x"><filled>{told}</filled></field></form>')
    shown = [each.goal.target for menu in found.menus for each in menu.entries] + [each.text for each in found.unread]
    assert all(any(str(number) in each for each in shown) for number in range(1000, next(numbers)))
