"""What an adapter remembers of a call."""

import msgspec
import pytest

from crm_adapters._kit.memos import memo_of
from gateway.ports.crm import CrmGoneError


class Memo(msgspec.Struct, frozen=True):
    call: str


def test_a_memo_is_read() -> None:
    assert memo_of('{"call": "7"}', Memo, "sales") == Memo("7")


@pytest.mark.parametrize("text", ["", "7", "{}", '{"call": 7}', "newCall answer", "[["])
def test_a_memo_of_another_make_names_nothing(text: str) -> None:
    with pytest.raises(CrmGoneError, match=r"^sales: what was remembered of the call is unreadable"):
        memo_of(text, Memo, "sales")
