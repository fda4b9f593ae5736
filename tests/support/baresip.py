"""Debian's baresip as a telephone: a SIP stack that is neither PJSIP nor ours. It says whatever it hears back to who said it.

Source: baresip's own documentation of its configuration file, its accounts file and the module ``ctrl_tcp`` (netstrings of JSON).
"""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from rig.asterisk import DIES_WITH_US
from support.sip_workers import PATIENCE_S, free_port
from support.waiting import until

_MODULES: Final = ("g711", "g722", "opus", "aubridge", "srtp", "stun", "ice")
_APPLICATIONS: Final = ("debug_cmd", "menu", "ctrl_tcp")
_CONFIGURATION: Final = """\
poll_method epoll
sip_listen {host}:{port}
{certificate}
call_max_calls 10
audio_player aubridge,echo
audio_source aubridge,echo
audio_alert aubridge,nobody
audio_buffer 20-160
net_interface {interface}
module_path /usr/lib/baresip/modules
{modules}
module_tmp account.so
{applications}
ctrl_tcp_listen 127.0.0.1:{control}
"""


def in_uri(host: str) -> str:
    """Return an address as it stands in a URI."""
    return f"[{host}]" if ":" in host else host


class Baresip:
    """Made by ``baresip``."""

    def __init__(self, host: str, port: int, home: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.host = host
        self.port = port
        """UDP and TCP; TLS is at the next one."""
        self.events: list[dict[str, Any]] = []
        self._home = home
        self._reader = reader
        self._writer = writer

    @property
    def log(self) -> str:
        """All SIP messages that it sent and got, and more."""
        return (self._home / "log").read_text(errors="replace")

    async def log_says(self, text: str) -> None:
        """Wait until its log holds a text."""
        await until(lambda: text in self.log)

    async def command(self, name: str, parameters: str = "") -> dict[str, Any]:
        """Have it do something, by the name that its menu has for it, and return what it says."""
        data = json.dumps({"command": name, "params": parameters, "token": name}).encode()
        self._writer.write(b"%d:%s," % (len(data), data))
        async with asyncio.timeout(PATIENCE_S):
            while True:
                answer = await self._next()
                if answer.get("response"):
                    return answer
                self.events.append(answer)

    async def event(self, kind: str) -> dict[str, Any]:
        """Return its next event of a kind, such as ``CALL_ESTABLISHED``."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for event in self.events:
                    if event.get("type") == kind:
                        self.events.remove(event)
                        return event
                self.events.append(await self._next())

    async def _next(self) -> dict[str, Any]:
        length = int((await self._reader.readuntil(b":"))[:-1])
        found: dict[str, Any] = json.loads((await self._reader.readexactly(length + 1))[:-1])
        return found


@asynccontextmanager
async def baresip(
    folder: Path, *, host: str = "127.0.0.1", certificate: str = "", user: str = "1001", domain: str = "", **account: str
) -> AsyncIterator[Baresip]:
    """Run one that takes every call at once; ``account`` is what stands behind its address in the accounts file.

    ``domain`` is a registrar's ``host:port``; without one it registers nowhere.
    """
    port, control = free_port(), free_port()
    home = folder / f"baresip-{port}"
    home.mkdir()
    text = _CONFIGURATION.format(
        host=in_uri(host),
        port=port,
        interface=host,
        certificate=f"sip_certificate {certificate}" if certificate else "",
        control=control,
        modules="\n".join(f"module {name}.so" for name in _MODULES),
        applications="\n".join(f"module_app {name}.so" for name in _APPLICATIONS),
    )
    given = {"regint": "60" if domain else "0", "answermode": "auto", **account}
    parameters = "".join(f";{key}={value}" for key, value in given.items())
    (home / "config").write_text(text)
    (home / "accounts").write_text(f"<sip:{user}@{domain or f'{in_uri(host)}:{port}'}>{parameters}\n")
    (home / "contacts").write_text("")
    with (home / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *DIES_WITH_US, "baresip", "-f", str(home), "-s", stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
        )
    writer: asyncio.StreamWriter | None = None
    try:
        await until(lambda: b"baresip is ready" in (home / "log").read_bytes())
        reader, writer = await asyncio.open_connection("127.0.0.1", control)
        yield Baresip(host, port, home, reader, writer)
        # So its registrar forgets it; without an answer it waits for some seconds.
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), PATIENCE_S)
    finally:
        if writer is not None:
            writer.close()
        if process.returncode is None:
            process.kill()
        await process.wait()
