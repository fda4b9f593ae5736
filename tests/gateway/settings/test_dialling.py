from pathlib import Path

import pytest

from gateway.model.dial_rules import RoleRules
from gateway.settings.file import SettingsError
from gateway.settings.load import load_settings

CONNECTORS = "connectors: [{pbx: a, plugin: simulator}]\n"


def test_rules_are_read_and_missing_ones_are_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "tieline.yaml"
    file.write_text(CONNECTORS + 'dialling: {agent: {allow: [internal, "+8529*", "*97"], calls_per_minute: 5}}\n')
    dialling = load_settings(file).dialling

    assert dialling.agent == RoleRules(allow=("internal", "+8529*", "*97"), calls_per_minute=5)
    assert dialling.supervisor == RoleRules()


def test_a_misspelt_kind_of_number_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "tieline.yaml"
    file.write_text(CONNECTORS + "dialling:\n  partner:\n    deny:\n      - premium\n      - internatonal\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(file)

    (problem,) = caught.value.problems
    assert (problem.place.line, problem.key) == (6, ("dialling", "partner", "deny", 1))
    assert "'internatonal' is no kind of number; there is: any, code," in problem.what
