"""What greenswitch and genesis take to parse a FreeSWITCH's events: neither follows calls, and nothing is done with an event.

Run by the Python that has them, as ``peers_esl.py NAME FILE``; nothing of ours is imported. Each reads with its own reader, from
memory instead of a socket, into its own queue, from which nobody takes.
"""

import asyncio
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

READ_BYTES: Final = 64 * 1024
REPLIES: Final = 100
"""More than the recording has."""


def greenswitch(data: bytes) -> Callable[[], int]:
    from gevent.event import AsyncResult
    from greenswitch.esl import ESLProtocol

    protocol = ESLProtocol()
    protocol._commands_sent = [AsyncResult() for _ in range(REPLIES)]
    protocol.connected = True
    protocol.sock_file = io.BytesIO(data)

    def parse() -> int:
        protocol.receive_events()
        return int(protocol._esl_event_queue.qsize())

    return parse


def genesis(data: bytes) -> Callable[[], int]:
    from genesis.observability import logger
    from genesis.protocol.base import Protocol

    logger.setLevel("CRITICAL")

    async def read() -> int:
        protocol = Protocol()
        protocol.reader = asyncio.StreamReader()
        protocol.is_connected = True
        reading = asyncio.ensure_future(protocol.handler())
        for start in range(0, len(data), READ_BYTES):
            protocol.reader.feed_data(data[start : start + READ_BYTES])
            await asyncio.sleep(0)
        protocol.reader.feed_eof()
        await reading
        return int(protocol.events.qsize())

    return lambda: asyncio.run(read())


PEERS: Final = {"greenswitch": greenswitch, "genesis": genesis}


def main() -> None:
    name, path = sys.argv[1:]
    parse = PEERS[name](Path(path).read_bytes())
    began = time.process_time()
    events = parse()
    print(json.dumps({"seconds": time.process_time() - began, "calls": 0, "events": events}))


if __name__ == "__main__":
    main()
