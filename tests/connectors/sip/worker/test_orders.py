from typing import get_args

from connectors.sip import wire
from connectors.sip.worker import orders


def test_each_order_is_done_by_somebody() -> None:
    assert set(orders._DO) | {wire.Configure, wire.Place, wire.Drain, wire.Stop} == set(get_args(wire.Order))
