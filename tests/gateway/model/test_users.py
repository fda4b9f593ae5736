import msgspec
import pytest

from gateway.model.ids import PbxName
from gateway.model.principals import ALL_SCOPES, Role, Scope
from gateway.model.roles import SCOPES_OF
from gateway.model.site import Site
from gateway.model.users import (
    NewUser,
    SettingsChange,
    User,
    UserChange,
    UserId,
    at_only_pbx,
    differences,
    lack,
    login_key,
    made,
    seated_at,
    with_change,
    with_settings,
)

ONE, TWO = PbxName("one"), PbxName("two")
SITES = {ONE: Site(extensions=r"^8\d{3}$"), TWO: Site(extensions=r"^9\d{3}$")}


def user(role: Role = Role.AGENT, **more: object) -> User:
    fields = {"extension": "8001", "pbx": ONE} | more
    made_one = User(id=UserId("u1"), login="ann", name="Ann", role=role, created_at=0.0, created_by="the test")
    return msgspec.structs.replace(made_one, **fields)


@pytest.mark.parametrize("login", ["Ann", " ann ", "ＡＮＮ", "ANN"])
def test_a_login_is_found_however_it_is_written(login: str) -> None:
    assert login_key(login) == "ann"


def test_an_agent_is_bound_to_his_own_and_others_are_not() -> None:
    agent = user().principal("ses_1")
    assert (agent.id, agent.session, agent.extension, agent.pbx) == ("user:u1", "ses_1", "8001", "one")
    assert (agent.sees_own_only, agent.may_act_for_others) == (True, False)
    for role in (Role.SUPERVISOR, Role.ADMIN, Role.PARTNER):
        other = user(role).principal("ses_1")
        assert (other.sees_own_only, other.may_act_for_others) == (False, True)


def test_of_those_who_share_a_desk_sits_there_who_came_last() -> None:
    here, late = user(id=UserId("u1"), last_sign_in_at=1.0), user(id=UserId("u2"), last_sign_in_at=2.0)
    gone = user(id=UserId("u3"), last_sign_in_at=3.0, disabled=True)
    elsewhere = user(id=UserId("u4"), pbx=TWO)
    assert seated_at([late, here, gone, elsewhere], ONE, "8001") == late
    assert seated_at([gone, elsewhere], ONE, "8001") is None


def test_roles_may_what_they_are_for() -> None:
    assert SCOPES_OF.keys() == set(Role)
    assert SCOPES_OF[Role.ADMIN] == ALL_SCOPES
    assert SCOPES_OF[Role.AGENT] < SCOPES_OF[Role.SUPERVISOR] < SCOPES_OF[Role.ADMIN]
    manages = {scope for scope in Scope if scope.endswith(":manage")}
    assert not manages & SCOPES_OF[Role.SUPERVISOR] & {Scope.USERS_MANAGE, Scope.TOKENS_MANAGE, Scope.WEBHOOKS_MANAGE}
    about_customers = {Scope.CUSTOMERS_READ, Scope.CUSTOMERS_WRITE, Scope.RECORDINGS_READ, Scope.RECORDINGS_MANAGE}
    assert not about_customers & SCOPES_OF[Role.PARTNER]
    assert Scope.RECORDINGS_READ not in SCOPES_OF[Role.AGENT]


def test_with_a_password_of_somebody_elses_choice_nothing_is_allowed() -> None:
    assert user(Role.ADMIN, one_time=True).principal("ses_1").scopes == frozenset()


@pytest.mark.parametrize(
    ("made_one", "reason"),
    [
        (user(), None),
        (user(Role.SUPERVISOR, extension=None, pbx=None), None),
        (user(extension=None), "an agent has an extension"),
        (user(pbx=None), "at which PBX the extension is: one, two"),
        (user(pbx=PbxName("gone")), "no PBX is called 'gone'; there is: one, two"),
        (user(extension="9001"), "'9001' is no extension of one"),
        (user(Role.ADMIN, extension="9001", pbx=TWO), None),
    ],
)
def test_what_a_user_lacks_is_said(made_one: User, reason: str | None) -> None:
    told = lack(made_one, SITES)
    assert (told is None) if reason is None else (reason in (told or ""))


def test_where_there_is_one_pbx_it_is_meant() -> None:
    assert at_only_pbx(user(pbx=None), [ONE]).pbx == ONE
    assert at_only_pbx(user(pbx=None), [ONE, TWO]).pbx is None
    assert at_only_pbx(user(pbx=TWO), [ONE]).pbx == TWO
    assert at_only_pbx(user(pbx=None, extension=None), [ONE]).pbx is None


def test_what_is_left_out_of_a_change_stays() -> None:
    changed = with_change(user(), UserChange(name="Ann Lee", language="zh"))
    assert (changed.name, changed.settings.language, changed.extension) == ("Ann Lee", "zh", "8001")
    assert with_change(user(), UserChange()) == user()
    assert with_change(user(), UserChange(extension=None)).extension is None
    louder = with_settings(user(), SettingsChange(sound=False, pop="never"))
    assert with_settings(louder, SettingsChange(pop=None)).settings == msgspec.structs.replace(user().settings, sound=False)


def test_what_has_changed_is_said_without_secrets() -> None:
    before = user(password="hash")
    after = msgspec.structs.replace(before, role=Role.ADMIN, extension=None, password="other")
    assert differences(before, after) == "role agent -> admin, extension 8001 -> -"
    assert differences(before, with_settings(before, SettingsChange(sound=False))) == "settings"
    assert differences(before, before) == "nothing"


@pytest.mark.parametrize("login", ["", "ann lee", "ann\n", "x" * 101])
def test_a_login_has_no_spaces_and_an_end(login: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"login": login, "name": "Ann", "role": "agent"}, NewUser)


def test_a_new_user_is_what_was_wanted() -> None:
    wanted = NewUser(login="ann", name="Ann", role=Role.AGENT, pbx="one", extension="8001", language="zh")
    new = made(wanted, UserId("u1"), password="hash", one_time=True, created_by="user:u2", now=5.0)
    assert (new.login, new.role, new.pbx, new.extension) == ("ann", Role.AGENT, "one", "8001")
    assert (new.settings.language, new.one_time, new.created_at, new.created_by) == ("zh", True, 5.0, "user:u2")
