"""How a PBX that is reached by SIP stands: its workers and accounts, and what an operator should change. Pure."""

from typing import Final

from connectors._kit.backoff import GOES_ON
from connectors.sip import wire
from connectors.sip.settings import AccountSettings, SipSettings
from gateway.model.errors import PeerError, PeerRefusedError
from gateway.ports.connector import LinkStatus

_REQUEST_TIMEOUT: Final = 408


class Standing:
    """Of one PBX."""

    def __init__(self, settings: SipSettings) -> None:
        self._settings = settings
        self._states: dict[int, dict[str, wire.AccountChanged]] = {}
        """By worker and account, of workers that are at work."""
        self._lost: dict[int, PeerError] = {}
        self._refused = ""

    def attached(self, worker: int) -> None:
        """Take note: a worker is at work."""
        self._states[worker] = {}
        self._lost.pop(worker, None)
        self._refused = ""

    def changed(self, worker: int, account: wire.AccountChanged) -> None:
        """Take note how an account stands."""
        if worker in self._states:
            self._states[worker][account.account] = account

    def lost(self, worker: int, reason: PeerError) -> None:
        """Take note: a worker is gone."""
        self._states.pop(worker, None)
        self._lost[worker] = reason

    def refused(self, why: str) -> None:
        """Take note: no worker can be started at all."""
        self._refused = why

    def usable(self, worker: int) -> list[str]:
        """Return the accounts that a worker can call with, in the configuration's order."""
        states = self._states.get(worker, {})
        return [
            account.name
            for account in self._settings.accounts_of(worker)
            if account.name in states and states[account.name].state is wire.AccountState.USABLE
        ]

    @property
    def status(self) -> LinkStatus:
        """In a word."""
        if self._refused:
            return LinkStatus.REFUSED
        if not self._states:
            refused = any(isinstance(reason, PeerRefusedError) for reason in self._lost.values())
            return LinkStatus.REFUSED if refused else LinkStatus.RETRYING if self._lost else LinkStatus.CONNECTING
        if any(self.usable(worker) for worker in self._states):
            return LinkStatus.CONNECTED
        states = [change.state for changes in self._states.values() for change in changes.values()]
        if wire.AccountState.REFUSED in states:
            return LinkStatus.REFUSED
        return LinkStatus.RETRYING if wire.AccountState.UNREACHABLE in states else LinkStatus.CONNECTING

    @property
    def text(self) -> str:
        """For an operator: what works, what does not, and what to change."""
        if self._refused:
            return self._refused
        said = []
        usable = list(dict.fromkeys(name for worker in sorted(self._states) for name in self.usable(worker)))
        if usable:
            hosts = {account.name: f"{account.host}:{account.sip_port}" for account in self._settings.accounts}
            said.append("connected by SIP to " + ", ".join(f"{hosts[name]} as {name}" for name in usable))
        elif self._states:
            said.append("SIP workers are at work, and no account can be used yet")
        said += dict.fromkeys(
            self._complaint(change) for changes in self._states.values() for change in changes.values() if self._complaint(change)
        )
        said += [f"{reason}{GOES_ON}" for _, reason in sorted(self._lost.items())]
        return "; ".join(said) or "SIP workers start"

    def _complaint(self, change: wire.AccountChanged) -> str:
        account = next((account for account in self._settings.accounts if account.name == change.account), None)
        if account is None:
            return ""
        where = f"{account.host}:{account.sip_port} ({account.transport})"
        match change.state:
            case wire.AccountState.REFUSED:
                user = account.auth_user or account.user
                return (
                    f"account {account.name}: {where} refuses {user} ({change.code} {change.reason}): is its password "
                    f"there that of `secret`, and may it register?{GOES_ON}"
                )
            case wire.AccountState.UNREACHABLE:
                return f"account {account.name}: {_unreachable(account, where, change)}{GOES_ON}"
            case _:
                return ""


def _unreachable(account: AccountSettings, where: str, change: wire.AccountChanged) -> str:
    if change.code in (0, _REQUEST_TIMEOUT):
        return f"no answer from {where}: is the PBX up, does it know our address, does a firewall let SIP through?"
    asked = "REGISTER" if account.registers else "OPTIONS"
    return f"{where} answers {change.code} {change.reason} to {asked}"
