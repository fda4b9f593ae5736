"""Reads an Asterisk's users, telephones and queues: who sits at which extension.

FreePBX writes its users into the Asterisk database (``AMPUSER/8001/cidname``), so that neither its MySQL nor a password for it is
needed. Else a name is the one in a telephone's ``callerid``, or the queue member's.

Source: docs.asterisk.org, AMI ``DBGetTree``, ``PJSIPShowEndpoints``, ``PJSIPShowEndpoint``, ``SIPpeers``, ``QueueStatus``; their
rights are those of Asterisk's ``ast_manager_register_xml`` calls.
"""

import re
from collections.abc import Awaitable, Sequence
from typing import Final, Protocol

from connectors.asterisk_ami.protocol import AmiMessage
from gateway.model.agent_interfaces import desk_of
from gateway.model.directory import Directory, Found, Source, best_of
from gateway.model.site import Site

MAX_ENDPOINTS: Final = 500
"""Telephones whose details are asked for one by one; more than so many are known by their extensions alone."""
_KEY: Final = re.compile(r"/AMPUSER/(?P<extension>[^/]+)/cidname$")
_CALLER_ID: Final = re.compile(r'\s*"?(?P<name>[^"<]*?)"?\s*<[^>]*>\s*\Z')
_NO_NAMES: Final = frozenset({"", "<unknown>", "unknown", "<none>"})


class Ask(Protocol):
    """Sends an action and returns its response and what it lists."""

    def __call__(self, name: str, headers: Sequence[tuple[str, str]] = ()) -> Awaitable[list[AmiMessage]]: ...


async def read_directory(ask: Ask, site: Site) -> Directory:
    """Ask for all that tells of users. Cancelling is safe.

    Raises:
        PeerUnavailableError: The PBX is not connected.
        CommandUnansweredError: It did not answer.
    """
    reader = _Reader(ask, site)
    found = await reader.users()
    found += await reader.peers()
    found += await reader.endpoints({each.extension for each in found if each.name})
    queues, members = await reader.queues()
    return Directory(agents=best_of([*found, *members], site), queues=queues, remarks=tuple(reader.remarks))


class _Reader:
    def __init__(self, ask: Ask, site: Site) -> None:
        self._ask = ask
        self._site = site
        self.remarks: list[str] = []

    async def users(self) -> list[Found]:
        """Return FreePBX's users; none where it is no FreePBX."""
        answer = await self._list("DBGetTree", "reporting", "names of users", ("Family", "AMPUSER"))
        found = []
        for message in answer:
            key = _KEY.match(message.get("Key"))
            if key is not None:
                found.append(Found(extension=key["extension"], name=_name(message.get("Val")), source=Source.USERS))
        return found

    async def peers(self) -> list[Found]:
        """Return the telephones of chan_sip."""
        answer = await self._list("SIPpeers", "reporting", "telephones of chan_sip")
        return [
            Found(extension=message.get("ObjectName"), name=_name(message.get("Description")), source=Source.ENDPOINTS)
            for message in answer
            if message.name == "PeerEntry"
        ]

    async def endpoints(self, named: set[str]) -> list[Found]:
        """Return the telephones of PJSIP; those whose names are known already are not asked for them."""
        answer = await self._list("PJSIPShowEndpoints", "system", "telephones")
        names = [message.get("ObjectName").partition("/")[0] for message in answer if message.name == "EndpointList"]
        extensions = [name for name in names if self._site.is_extension(name)]
        asked = [extension for extension in extensions if extension not in named][:MAX_ENDPOINTS]
        found = [Found(extension=extension, name=None, source=Source.ENDPOINTS) for extension in extensions]
        for extension in asked:
            details = await self._list("PJSIPShowEndpoint", "system", f"the name of {extension}", ("Endpoint", extension))
            for message in details:
                if message.name == "EndpointDetail":
                    name = _of_caller_id(message.get("Callerid"))
                    found.append(Found(extension=extension, name=name, source=Source.ENDPOINTS))
        return found

    async def queues(self) -> tuple[tuple[str, ...], list[Found]]:
        """Return the queues by name, and their members."""
        answer = await self._list("QueueStatus", "", "queues")
        names = {message.get("Queue") for message in answer if message.name == "QueueParams"}
        members = []
        for message in answer:
            if message.name == "QueueMember":
                interface, member = message.get("Location") or message.get("Interface"), message.get("Name")
                extension = desk_of(interface, message.get("StateInterface"), self._site, {})
                # A member without a name is shown under his interface.
                name = None if "/" in member else _name(member)
                members.append(Found(extension=extension, name=name, source=Source.MEMBERS))
        return tuple(sorted(names)), members

    async def _list(self, action: str, right: str, what: str, *headers: tuple[str, str]) -> list[AmiMessage]:
        answer = await self._ask(action, headers)
        if answer[0].name != "Error":
            return answer[1:]
        said = answer[0].get("Message")
        # A module that is not loaded (chan_sip, say), or a family that is not there, is no missing right.
        if "permission" in said.lower():
            self.remarks.append(f"{what}: not granted ({action}); they would be read with `write = {right}` in manager.conf")
        return []


def _name(text: str) -> str | None:
    text = text.strip()
    return None if text.lower() in _NO_NAMES else text


def _of_caller_id(text: str) -> str | None:
    """Return the name in ``"Ana Silva" <1001>``."""
    found = _CALLER_ID.match(text)
    return _name(found["name"]) if found is not None else None
