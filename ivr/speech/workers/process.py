"""A worker process: makes one engine and answers one request after the other, until its gateway is gone.

Started as ``python -m ivr.speech.workers.process FD``: the number of its end of a pair of sockets. Standard output stays what
libraries make of it.
"""

import importlib
import os
import resource
import socket
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from gateway.model.errors import ConfigurationError
from ivr.speech.workers.protocol import (
    LENGTH,
    Answer,
    Failed,
    FromWorker,
    Make,
    Ready,
    ToWorker,
    Transcribe,
    encoded,
    length_of,
    to_worker,
)


def work(line: socket.socket) -> None:
    """Serve until the other end is closed."""
    first = _read(line)
    if not isinstance(first, Make):
        return
    os.nice(first.nice)
    try:
        engine = _made(first)
    except Exception as error:  # noqa: BLE001  # whatever an engine's packages raise is told to whoever started it
        _send(line, Failed(f"{type(error).__name__}: {error}", is_final=isinstance(error, ConfigurationError)))
        return
    _send(line, Ready(memory_mb()))
    while (request := _read(line)) is not None:
        try:
            if isinstance(request, Transcribe):
                answer: FromWorker = Answer(heard=engine(request.sound, request.wanted))
            elif isinstance(request, Make):
                return
            else:
                answer = Answer(sound=engine(request.text, request.voice))
        except Exception as error:  # noqa: BLE001  # one sentence's fault is not the next one's
            answer = Failed(f"{type(error).__name__}: {error}")
        _send(line, answer)


def memory_mb() -> float:
    """Return the most memory that this process had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _made(make: Make) -> Callable[..., Any]:
    settings = msgspec.json.decode(make.values, type=_named(make.settings))
    engine: Callable[..., Any] = _named(make.maker)(settings)
    return engine


def _named(name: str) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _read(line: socket.socket) -> ToWorker | None:
    head = _exactly(line, LENGTH)
    body = None if head is None else _exactly(line, length_of(head))
    return None if body is None else to_worker(body)


def _exactly(line: socket.socket, count: int) -> bytes | None:
    """Return so many bytes; None when the gateway is gone."""
    found = bytearray()
    while len(found) < count:
        try:
            more = line.recv(count - len(found))
        except OSError:
            return None
        if not more:
            return None
        found += more
    return bytes(found)


def _send(line: socket.socket, message: FromWorker) -> None:
    try:
        line.sendall(encoded(message))
    except OSError:
        os._exit(0)  # nobody is there for whom to end well


def main() -> None:
    """Serve the socket whose number stands in the command."""
    with socket.socket(fileno=int(sys.argv[1])) as line:
        work(line)


if __name__ == "__main__":
    main()
