import re
import signal
import socket
import subprocess
import sys

import pytest
from support.replaying import CAPTURES

from gateway.__main__ import main


def test_a_simulated_pbx_says_how_to_connect_and_stops_cleanly() -> None:
    folder = CAPTURES / "asterisk" / "22" / "internal"
    command = [sys.executable, "-m", "gateway", "pbx", "simulate", "asterisk", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as simulated:
        assert simulated.stdout is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", simulated.stdout.readline())
        assert found
        with socket.create_connection(("127.0.0.1", int(found[1])), timeout=10) as client:
            assert client.recv(100).startswith(b"Asterisk Call Manager/")
        simulated.send_signal(signal.SIGINT)
        _, error = simulated.communicate(timeout=10)

    assert (simulated.returncode, error) == (0, "")


def test_an_unknown_product_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pbx", "simulate", "none"]) == 1
    assert "nothing can simulate none; there is: asterisk" in capsys.readouterr().err
