import socket

import pytest
from support.sip_workers import HOST, RefusedError, SipWorker, trunk

from connectors.sip import wire


async def test_port_that_is_taken_is_named(worker: SipWorker) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((HOST, worker.port))
        with pytest.raises(RefusedError, match=f"UDP port {worker.port} of {HOST} cannot be listened at: .*in use"):
            await worker.configure(trunk(5060))


async def test_certificate_that_is_missing_is_told(worker: SipWorker) -> None:
    tls = wire.Transport(
        protocol=wire.Protocol.TLS, address=HOST, port=worker.port, certificate="/no/such.pem", key="/no/such.pem"
    )
    with pytest.raises(RefusedError, match=rf"TLS port {worker.port}: /no/such.pem cannot be read"):
        await worker.configure(trunk(5060), transports=(tls,))


async def test_guard_that_is_no_network_is_refused(worker: SipWorker) -> None:
    guard = wire.Guard(allow=("pbx.example",), requests_per_s=1, burst=1, max_failures=1, lockout_s=1)
    with pytest.raises(RefusedError, match=r"pbx\.example is no network"):
        await worker.configure(trunk(5060), guard=guard)
