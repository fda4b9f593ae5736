from typing import get_args

import msgspec
import pytest

from gateway.model.commands import CallCommand, Command, DeviceCommand, Hold, PlaceCall, name_of

KINDS: list[type[Command]] = [PlaceCall, *get_args(CallCommand), *get_args(DeviceCommand)]


def test_each_kind_has_a_name_of_its_own() -> None:
    assert name_of(PlaceCall) == "place_call"
    assert len({name_of(kind) for kind in KINDS}) == len(KINDS)


def test_a_command_is_read_by_its_name() -> None:
    assert msgspec.json.decode(msgspec.json.encode(Hold(by="8001")), type=Command) == Hold(by="8001")


def test_a_field_that_it_does_not_have_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="to"):
        msgspec.json.decode(b'{"type":"hold","by":"8001","to":"8002"}', type=Command)
