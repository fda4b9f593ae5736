import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.batches import live_calls, recorded

from gateway.model.errors import StoreSchemaError
from gateway.store.snapshots import SNAPSHOT_VERSION, decode_call, encode_call


@pytest.mark.parametrize("call", [*recorded(), *live_calls()], ids=lambda call: call.call_id)
def test_a_call_comes_back_as_it_was(call: object) -> None:
    assert decode_call(SNAPSHOT_VERSION, encode_call(call)) == call  # type: ignore[arg-type]  # pytest's ids want it so


def test_a_form_of_another_version_is_refused() -> None:
    with pytest.raises(StoreSchemaError, match="form 99"):
        decode_call(99, encode_call(recorded()[0]))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_else(data: bytes) -> None:
    with pytest.raises(StoreSchemaError):
        decode_call(SNAPSHOT_VERSION, data)
