"""A real CardDAV server (Radicale) with address books in a folder."""

import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from support.certificates import Certificates

USER: Final = "anna"
PASSWORD: Final = "made up: ümlaut"
START_TIMEOUT_S: Final = 30.0
_CONFIGURATION: Final = """
[server]
hosts = 127.0.0.1:{port}
ssl = {tls}
certificate = {folder}/server.pem
key = {folder}/server.key
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
delay = 0
[storage]
filesystem_folder = {folder}/data
[web]
type = none
[logging]
level = error
"""


class Radicale:
    """One that runs at ``url``, with books of cards for :data:`USER`."""

    def __init__(self, folder: Path, books: Mapping[str, Mapping[str, str]], *, tls: bool) -> None:
        self.certificates = Certificates(folder)
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            self._port = int(bound.getsockname()[1])
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._port}"
        (folder / "users").write_text(f"{USER}:{PASSWORD}\n", "utf-8")
        for name, cards in books.items():
            book = folder / "data" / "collection-root" / USER / name
            book.mkdir(parents=True)
            (book / ".Radicale.props").write_text(json.dumps({"tag": "VADDRESSBOOK", "D:displayname": name.title()}))
            for card, text in cards.items():
                (book / card).write_text(text, "utf-8", newline="")
        configuration = folder / "radicale.conf"
        configuration.write_text(_CONFIGURATION.format(port=self._port, folder=folder, tls=tls))
        command = [sys.executable, "-m", "radicale", "--config", str(configuration)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait(self) -> None:
        """Return when it listens."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1.0).close()
            except OSError:
                assert self._process.poll() is None, "Radicale ended"
                assert time.monotonic() < deadline, "Radicale does not answer"
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait()


@contextmanager
def running_radicale(books: Mapping[str, Mapping[str, str]], *, tls: bool = True) -> Iterator[Radicale]:
    """Run one; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tieline-radicale-") as name:
        server = Radicale(Path(name), books, tls=tls)
        try:
            server.wait()
            yield server
        finally:
            server.stop()
