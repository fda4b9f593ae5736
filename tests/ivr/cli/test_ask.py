import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from gateway.__main__ import main

DIALOG = """itr: 1
name: d
languages: [en]
start: main
human: {queue: q}
nodes:
  main: {say: "{status}", look_up: {handler: track}, listen: true}
handlers:
  track: {url: "http://127.0.0.1:PORT/{order}", take: {status: $.state}, retries: 0}
"""


class _System(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = self.path == "/SF1"
        self.send_response(200 if known else 404)
        self.end_headers()
        self.wfile.write(b'{"state": "on its way"}' if known else b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """Print nothing."""


@pytest.fixture
def dialog(tmp_path: Path) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _System)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    file = tmp_path / "d.yaml"
    file.write_text(DIALOG.replace("PORT", str(server.server_port)))
    yield str(file)
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_a_handler_takes_is_printed(dialog: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["itr", "ask", dialog, "track", "order=SF1"]) == 0
    assert capsys.readouterr().out == "status=on its way\n"


def test_what_is_not_found_is_said(dialog: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["itr", "ask", dialog, "track", "order=SF2"]) == 1
    assert capsys.readouterr().err == "tieline: track: not_found\n"


def test_an_unknown_handler_names_those_that_are_there(dialog: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["itr", "ask", dialog, "tracks"]) == 1
    assert "has no handler tracks; it has track" in capsys.readouterr().err
