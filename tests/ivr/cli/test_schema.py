import pytest

from gateway.__main__ import main
from ivr.definition.schema import schema_text


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["itr", "schema"]) == 0
    assert capsys.readouterr().out == schema_text()
