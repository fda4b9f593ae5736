from typing import Any

import pytest

from connectors.freeswitch_esl.settings import FreeswitchSettings
from gateway.model.secret import Secret


def settings(**given: Any) -> FreeswitchSettings:
    return FreeswitchSettings(**{"host": "fs.example", "secret": Secret("x"), **given})


def test_an_address_is_written_as_people_do() -> None:
    assert settings().address == "fs.example:8021"
    assert settings(host="::1", port=8022).address == "[::1]:8022"


@pytest.mark.parametrize(
    "given",
    [{"retry_min_s": 31.0}, {"refused_retry_min_s": 901.0}, {"ping_interval_s": 15.0, "dead_after_s": 15.0}],
)
def test_times_that_do_not_fit_are_refused(given: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"more than"):
        settings(**given)
