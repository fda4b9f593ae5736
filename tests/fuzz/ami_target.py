"""Fuzz target: what an Asterisk may send, from the first byte to the events of the model.

`python tests/fuzz/ami_target.py [corpus folder] [libFuzzer options]` fuzzes for as long as one likes, guided by coverage, where
atheris is installed. The suite runs a bounded number of mutations of the captures (test_ami.py).
"""

import sys
from collections.abc import Iterator
from importlib import import_module

from connectors.asterisk_ami.mapping import WANTED, AmiMapper
from connectors.asterisk_ami.protocol import AmiDecoder
from gateway.model.errors import PeerProtocolError
from gateway.model.site import Site

SITE = Site(region="HK", extensions=r"^1\d{3}$", trunks=("PJSIP/carrier",), encoding_fallback="gb18030")


def one_input(data: bytes) -> None:
    """Feed one input, cut where its own first byte says; whatever is raised beside a refusal is a fault."""
    step = (data[0] if data else 0) * 8 + 1
    decoder, mapper = AmiDecoder(WANTED, SITE.encoding_fallback), AmiMapper(SITE)
    mapper.connection_made(0.0)
    try:
        for piece in _pieces(data[1:], step):
            for message in decoder.receive_data(piece):
                message.headers()
                mapper.receive(message, 1.0)
    except PeerProtocolError:
        return


def _pieces(data: bytes, step: int) -> Iterator[bytes]:
    for start in range(0, len(data), step):
        yield data[start : start + step]


if __name__ == "__main__":
    atheris = import_module("atheris")
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
