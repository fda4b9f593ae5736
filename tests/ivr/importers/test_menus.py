from ivr.importers.menus import Entry, Goal, GoalKind, Menu, Origin, Unread, begin_first

HERE = Origin("extensions.conf", 3)


def menu(name: str, *leads_to: str) -> Menu:
    entries = tuple(
        Entry(digits=str(number), goal=Goal(kind=GoalKind.MENU, target=target), origin=HERE)
        for number, target in enumerate(leads_to)
    )
    return Menu(id=name, origin=HERE, entries=entries)


def test_callers_begin_where_no_other_menu_leads_or_where_it_is_said() -> None:
    menus = {each.id: each for each in (menu("sales"), menu("left-over"), menu("main", "sales", "main"))}
    assert [each.id for each in begin_first(menus)] == ["main", "sales", "left-over"]
    assert begin_first(menus, "left-over")[0].id == "left-over"
    assert begin_first({}) == ()


def test_menus_that_lead_to_each_other_begin_with_the_largest() -> None:
    menus = {each.id: each for each in (menu("one", "two"), menu("two", "one", "one"))}
    assert begin_first(menus)[0].id == "two"


def test_what_was_not_understood_says_where_it_stands() -> None:
    assert str(Unread(HERE, "ExecIf(1?Dial(x))", "a condition")) == "extensions.conf:3: ExecIf(1?Dial(x)): a condition"
