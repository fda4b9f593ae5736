"""What the settings mean for one worker: names looked up, ports and users divided."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from ipaddress import ip_address, ip_network

import msgspec

from connectors.sip import wire
from connectors.sip.settings import CODECS, AccountSettings, SipSettings
from connectors.sip.stun import public_address
from gateway.model.errors import PeerUnavailableError

LookUp = Callable[[str], Awaitable[Sequence[str]]]
"""Returns the addresses of a host."""
AskStun = Callable[[tuple[str, ...]], Awaitable[str]]
"""Returns our address outside of a NAT, as one of these STUN servers tells it."""


async def look_up(host: str) -> Sequence[str]:
    """Return the addresses of a host, as numbers.

    Raises:
        PeerUnavailableError: The name is not known.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise PeerUnavailableError(f"the name {host!r} is not known here: {error.strerror or error}") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def configure(
    settings: SipSettings, worker: int, look_up: LookUp = look_up, ask: AskStun = public_address
) -> wire.Configure:
    """Return what a worker, counted from 1, is to be.

    Raises:
        PeerUnavailableError: The name of an account's host is not known, or no STUN server answers.
    """
    listen = settings.listen
    outside = await ask(listen.stun) if listen.stun and listen.public_address is None else listen.public_address
    accounts = settings.accounts_of(worker)
    # Looked up here, for PJSIP would stand still meanwhile.
    addresses = {account.host: await look_up(account.host) for account in accounts}
    allow = settings.guard.allow or tuple(address for found in addresses.values() for address in found)
    first, last = listen.rtp_range
    share = (last - first + 1) // settings.workers // 2 * 2
    begin = first + share * (worker - 1)
    guard = settings.guard
    configured = wire.Configure(
        fingerprint="",
        worker=f"worker-{worker}",
        user_agent=settings.user_agent,
        transports=_transports(settings, worker, outside),
        rtp_first=begin,
        rtp_last=begin + share - 1,
        accounts=tuple(_account(account, addresses[account.host][0]) for account in accounts),
        codecs=tuple(CODECS[codec] for codec in settings.codecs),
        session_expires_s=settings.session_expires_s,
        guard=wire.Guard(
            allow=tuple(sorted({str(ip_network(network, strict=False)) for network in allow})),
            requests_per_s=guard.requests_per_s,
            burst=guard.burst,
            max_failures=guard.max_failures,
            lockout_s=guard.lockout_s,
        ),
        max_calls=settings.calls_per_worker,
        ice=listen.ice,
        # Without ICE the servers were asked just now, and PJSIP would stand still to ask them with every call.
        stun=listen.stun if listen.ice else (),
    )
    # Without a key nobody can try passwords on what the worker tells of it.
    mark = blake2b(msgspec.msgpack.encode(configured), digest_size=16).hexdigest()
    return msgspec.structs.replace(configured, fingerprint=mark)


def _transports(settings: SipSettings, worker: int, outside: str | None) -> tuple[wire.Transport, ...]:
    listen = settings.listen
    port = listen.port + worker - 1
    open_ = ((wire.Protocol.UDP, listen.udp), (wire.Protocol.TCP, listen.tcp))
    found = [
        wire.Transport(protocol=protocol, address=listen.address, port=port, public_address=outside)
        for protocol, wanted in open_
        if wanted
    ]
    secured = any(account.transport is wire.Protocol.TLS for account in settings.accounts_of(worker))
    if listen.tls_port is not None or secured:
        found.append(
            wire.Transport(
                protocol=wire.Protocol.TLS,
                address=listen.address,
                # Port 0 is any: who only calls out needs no door of his own.
                port=0 if listen.tls_port is None else listen.tls_port + worker - 1,
                public_address=outside,
                certificate=listen.certificate_file,
                key=listen.key_file or listen.certificate_file,
                authorities=listen.ca_file,
                verify_peer=listen.verify,
            )
        )
    return tuple(found)


def _account(account: AccountSettings, address: str) -> wire.SipAccount:
    domain = account.domain or account.host
    # A certificate is made out to a name, so the name is dialled.
    host = account.host if account.transport is wire.Protocol.TLS else address
    parameters = "" if account.transport is wire.Protocol.UDP else f";transport={account.transport}"
    target = f"sip:{_bracketed(host)}:{account.sip_port}{parameters}"
    return wire.SipAccount(
        name=account.name,
        identity=f"sip:{account.user}@{_bracketed(domain)}",
        registrar=target if account.registers else None,
        target=target,
        user=account.auth_user or account.user,
        password="" if account.secret is None else account.secret.reveal(),
        expires_s=account.expires_s,
        keepalive_s=0 if account.registers else account.options_s,
        srtp=account.srtp,
        digits=account.digits,
        caller_in_from=account.secret is None if account.caller is None else account.caller == "from",
    )


def _bracketed(host: str) -> str:
    try:
        return f"[{host}]" if ip_address(host).version == 6 else host
    except ValueError:
        return host
