import argparse
import subprocess
import sys
from importlib import import_module

import pytest

from ivr.cli.commands import SUBCOMMANDS, add


def test_each_subcommand_has_its_module_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser(prog="tieline itr")
    add(parser)

    for name, path in SUBCOMMANDS.items():
        with pytest.raises(SystemExit):
            parser.parse_args([name, "--help"])
        assert import_module(path).SUMMARY.split()[0].capitalize() in capsys.readouterr().out


def test_no_task_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser(prog="tieline itr")
    add(parser)
    with pytest.raises(SystemExit):
        parser.parse_args([])
    assert "TASK" in capsys.readouterr().err


def test_the_command_line_answers_at_once() -> None:
    code = (
        "import argparse, sys; from ivr.cli.commands import add; add(argparse.ArgumentParser()); "
        "print(*({'aiohttp', 'yaml', 'numpy', 'sqlalchemy'} & sys.modules.keys()))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
