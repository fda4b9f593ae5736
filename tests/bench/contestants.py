"""Who is measured: each takes the same bytes in the same reads, and makes call records of them.

Run as ``python -m bench.contestants NAME FILE SITE``, one process a measurement, so that nobody inherits another's heap.
"""

import gc
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from connectors.asterisk_ami.mapping import WANTED, AmiMapper
from connectors.asterisk_ami.protocol import AmiDecoder
from gateway.model.board import Board
from gateway.model.ids import PbxName
from gateway.model.record import record_of
from gateway.model.site import Site, site_from

READ_BYTES: Final = 64 * 1024
"""Bytes of one read, as a busy socket gives them."""
FLOODS_FOR_MEMORY: Final = 10


def reads_of(data: bytes) -> list[bytes]:
    return [data[start : start + READ_BYTES] for start in range(0, len(data), READ_BYTES)]


class Pipeline:
    """Tieline from bytes to call records."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._decoder = AmiDecoder(WANTED, site.encoding_fallback)
        self._mapper = AmiMapper(site)
        self._board = Board(PbxName("bench"), site)
        self.records = 0

    def take(self, data: bytes, at: float) -> None:
        for message in self._decoder.receive_data(data):
            for event in self._mapper.receive(message, at):
                for call in self._board.apply(event).calls:
                    if call.ended:
                        record_of(call, self._site)
                        self.records += 1


def tieline(reads: list[bytes], site: Site) -> int:
    pipeline = Pipeline(site)
    for number, data in enumerate(reads):
        pipeline.take(data, number / 10)
    return pipeline.records


def split(reads: list[bytes], site: Site) -> int:
    """The floor: nothing but finding where messages end."""
    return sum(len(data.split(b"\r\n\r\n")) for data in reads) and 0


def panoramisk(reads: list[bytes], site: Site) -> int:
    """Panoramisk parses, cacofonisk on it follows the calls; no socket, as for us."""
    import asyncio

    from cacofonisk.handlers import EventHandler
    from cacofonisk.reporters import BaseReporter
    from panoramisk.ami_protocol import AMIProtocol
    from panoramisk.manager import Manager

    class Reporter(BaseReporter):  # type: ignore[misc]  # the peer has no types
        hangups = 0

        def on_hangup(self, *args: Any, **kwargs: Any) -> None:
            self.hangups += 1

    class Nowhere(asyncio.Transport):
        def write(self, data: Any) -> None: ...

        def close(self) -> None: ...

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    reporter = Reporter()
    handler = EventHandler(reporter=reporter)
    manager = Manager(loop=loop, encoding="utf8")
    for name in handler.event_handlers():
        manager.register_event(name, lambda _, event: handler.on_event(event))
    protocol = AMIProtocol()
    protocol.connection_made(Nowhere())
    protocol.factory = manager
    protocol.encoding = "utf8"
    for data in reads:
        protocol.data_received(data)
    loop.close()
    return reporter.hangups


CONTESTANTS: Final[dict[str, Callable[[list[bytes], Site], int]]] = {
    "tieline": tieline,
    "panoramisk": panoramisk,
    "split": split,
}


def memory(data: bytes, site: Site) -> list[int]:
    """Return the peak memory in KiB after each of ten floods through one pipeline, each with legs of its own."""
    pipeline = Pipeline(site)
    peaks = []
    for number in range(FLOODS_FOR_MEMORY):
        flood = data.replace(b"cc1-1795", b"cc1-%04d" % number)
        for index, read in enumerate(reads_of(flood)):
            # Twenty seconds of traffic a flood, and a pause longer than ended calls are remembered.
            pipeline.take(read, number * 200 + index / 20)
        del flood
        gc.collect()
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return peaks


def main() -> None:
    name, path, site_path = sys.argv[1:]
    data = Path(path).read_bytes()
    site = site_from(json.loads(Path(site_path).read_text()))
    if name == "memory":
        print(json.dumps({"peaks_kib": memory(data, site)}))
        return
    reads = reads_of(data)
    gc.disable()
    began = time.process_time()
    calls = CONTESTANTS[name](reads, site)
    took = time.process_time() - began
    print(json.dumps({"seconds": took, "calls": calls}))


if __name__ == "__main__":
    main()
