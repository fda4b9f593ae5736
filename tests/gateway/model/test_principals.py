import pytest

from gateway.model.principals import ALL_SCOPES, NOBODY, Principal, Role, Scope


@pytest.mark.parametrize("scope", list(Scope))
def test_one_may_what_his_scopes_say_whatever_his_role(scope: Scope) -> None:
    holder = Principal(id="a", name="a", role=Role.AGENT, scopes=frozenset({scope}))
    other = Principal(id="b", name="b", role=Role.ADMIN, scopes=ALL_SCOPES - {scope})

    assert holder.may(scope)
    assert not other.may(scope)


def test_nobody_may_nothing() -> None:
    assert not any(NOBODY.may(scope) for scope in Scope)
