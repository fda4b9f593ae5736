import pytest

from gateway.__main__ import main
from gateway.cli.arguments import parser
from gateway.cli.plugin_commands import COMMAND


def test_a_plugins_command_is_parsed_where_it_may_be_meant() -> None:
    words = ["itr", "schema"]
    options = parser(words).parse_args(words)

    assert options.command == COMMAND
    assert callable(options.run)


def test_plugins_are_not_looked_for_where_the_command_is_known() -> None:
    with pytest.raises(SystemExit):
        parser(["version"]).parse_args(["itr", "schema"])


def test_commands_of_plugins_are_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "    itr  " in capsys.readouterr().out
