import pytest

from gateway.__main__ import main

pytestmark = pytest.mark.usefixtures("acme")


def test_a_snippet_is_printed_for_a_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pbx", "snippet", "acme", "--version", "3"]) == 0
    assert capsys.readouterr().out == "acme 3\n"


def test_an_unknown_product_is_answered_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pbx", "snippet", "acne"]) == 1
    error = capsys.readouterr().err
    assert "nothing can snippet acne; there is: acme" in error
    assert "asterisk" in error
