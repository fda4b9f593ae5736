"""``tieline replay FOLDER…``: the call records of recorded traffic, through the same code as live."""

import argparse
import gzip
import sys
from pathlib import Path
from typing import Any

import msgspec

from gateway.model.board import Board
from gateway.model.call_events import CallEvent
from gateway.model.errors import CaptureError
from gateway.model.ids import PbxName
from gateway.model.record import record_of
from gateway.model.site import Site, site_from
from gateway.model.times import rfc3339
from gateway.plugins.loader import load, reader_of
from gateway.ports.plugins import Replay
from gateway.session.replay import calls_of, told_of

SITE_FILE = "site.json"


def run(options: argparse.Namespace) -> int:
    """Print the records, or with ``--events`` what is told, of each folder in turn."""
    encode = msgspec.json.Encoder().encode
    for folder in options.folders:
        site = _site_of(folder)
        replay: Replay = load(reader_of(folder).tools["replay"])
        board = Board(PbxName(options.pbx), site)
        events = replay(folder, site)
        if options.events:
            lines = (encode(_envelope(board, event)) for event in told_of(board, events))
        else:
            lines = (encode(record_of(call, site)) for call in calls_of(board, events))
        for line in lines:
            sys.stdout.buffer.write(line + b"\n")
    return 0


def _site_of(folder: Path) -> Site:
    plain, packed = folder / SITE_FILE, folder / f"{SITE_FILE}.gz"
    try:
        if plain.is_file():
            return site_from(msgspec.json.decode(plain.read_bytes()))
        if packed.is_file():
            return site_from(msgspec.json.decode(gzip.decompress(packed.read_bytes())))
    except (OSError, EOFError, msgspec.MsgspecError) as error:
        raise CaptureError(f"{plain}: {error}") from error
    return Site()


def _envelope(board: Board, event: CallEvent) -> dict[str, Any]:
    """Write an event as the event stream does; it has no position, for it has no place in one."""
    return {
        "id": event.id,
        "type": event.type,
        "time": rfc3339(event.at),
        "tenant": board.tenant,
        "pbx": event.pbx,
        "call_id": event.call_id,
        "data": event.data,
    }
