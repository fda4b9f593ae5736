"""Tieline from a FreeSWITCH's bytes to call records, and its memory.

Run as ``python -m bench.contestants_esl NAME FILE SITE``, one process a measurement.
"""

import gc
import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.contestants import FLOODS_FOR_MEMORY, READ_BYTES, reads_of

from connectors.freeswitch_esl.mapping import WANTED, EslMapper
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from gateway.model.board import Board
from gateway.model.ids import PbxName
from gateway.model.record import record_of
from gateway.model.site import Site, site_from

FLOOD_HUNDREDS_S: Final = 2
"""Hundreds of seconds from one flood's begin to the next one's: longer than ended calls are remembered."""
_STAMP: Final = re.compile(rb"\b17\d{6}(?=\d{8}\b)")
"""The hundreds of seconds of a time in microseconds."""


class Pipeline:
    """Tieline from bytes to call records."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._decoder = EslDecoder(WANTED, site.encoding_fallback)
        self._mapper = EslMapper(site)
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


def memory(path: Path, site: Site) -> tuple[list[int], int]:
    """Return the peak memory in KiB after each of ten floods through one pipeline, and how many calls they had in all.

    The flood is read from the file as it is needed, so that it is not what is measured.
    """
    pipeline = Pipeline(site)
    peaks = []
    for number in range(FLOODS_FOR_MEMORY):
        for index, read in enumerate(_renewed(path, number)):
            pipeline.take(read, number * 200 + index / 20)
        gc.collect()
        peaks.append(_peak_kib())
    return peaks, pipeline.records


def _peak_kib() -> int:
    # The kernel's other figure, ru_maxrss, counts what the process held that started this one.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def _renewed(path: Path, number: int) -> Iterator[bytes]:
    """Yield the flood with other ids and times: each UUID's version 4 becomes the flood's number."""

    def later(found: re.Match[bytes]) -> bytes:
        return b"%d" % (int(found[0]) + number * FLOOD_HUNDREDS_S)

    with path.open("rb") as wire:
        # Cut at line ends: what is renewed lies in one read.
        while read := wire.read(READ_BYTES) + wire.readline():
            yield _STAMP.sub(later, read.replace(b"-4", b"-%d" % number))


def main() -> None:
    name, path, site_path = sys.argv[1:]
    site = site_from(json.loads(Path(site_path).read_text()))
    if name == "memory":
        peaks, calls = memory(Path(path), site)
        print(json.dumps({"peaks_kib": peaks, "calls": calls}))
        return
    reads = reads_of(Path(path).read_bytes())
    # As `tieline run` does once it has started.
    gc.collect()
    gc.freeze()
    began = time.process_time()
    calls = tieline(reads, site)
    print(json.dumps({"seconds": time.process_time() - began, "calls": calls}))


if __name__ == "__main__":
    main()
