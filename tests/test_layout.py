"""The folders, names and sizes that docs/architecture.md promises."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Final

import pytest

TOP: Final = Path(__file__).parent.parent
PACKAGES: Final = ("gateway", "connectors", "ivr", "crm_adapters")
MAX_LINES: Final = 400
"""Of one module: more than this has more than one subject."""
PLUGIN_FOLDERS: Final = ("connectors", "crm_adapters", "ivr")
REFUSED_NAMES: Final = re.compile(r"^(I[A-Z][a-z]\w+|Base[A-Z]\w*|Abstract[A-Z]\w*|\w+(Manager|Helper|Utils?))$")
REFUSED_MODULES: Final = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "base", "manager"})

MODULES: Final = sorted(path.relative_to(TOP) for package in PACKAGES for path in (TOP / package).rglob("*.py"))
TEST_MODULES: Final = sorted(path.relative_to(TOP) for path in (TOP / "tests").rglob("*.py"))
PLUGINS: Final = sorted(
    path.relative_to(TOP)
    for folder in PLUGIN_FOLDERS
    for path in (TOP / folder).iterdir()
    if path.is_dir()
    and not path.name.startswith("_")
    # Beside its plugins, ivr/ holds what they share.
    and (folder != "ivr" or (path / "manifest.toml").is_file())
)


def tree_of(module: Path) -> ast.Module:
    return ast.parse((TOP / module).read_text(encoding="utf-8"), filename=str(module))


def does_something(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell a function from the bare signature of a Protocol."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return not all(isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) for line in body)


def has_behaviour(module: Path) -> bool:
    """Tell modules that do something from those that only declare values, ports or names."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and does_something(node) for node in ast.walk(tree_of(module))
    )


def suite_of(module: Path) -> Path:
    """Where a module's tests are: gateway/model/calls.py -> tests/gateway/model/test_calls.py."""
    name = module.parent.name if module.name == "__init__.py" else module.stem.strip("_")
    return Path("tests") / module.parent / f"test_{name}.py"


@pytest.mark.parametrize("module", [module for module in MODULES if has_behaviour(module)], ids=str)
def test_module_has_its_tests(module: Path) -> None:
    assert (TOP / suite_of(module)).is_file(), f"{module} has no {suite_of(module)}"


@pytest.mark.parametrize("module", [*MODULES, *TEST_MODULES], ids=str)
def test_module_has_one_subject(module: Path) -> None:
    lines = len((TOP / module).read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_LINES, f"{module} has {lines} lines: split it by subject"
    assert module.stem not in REFUSED_MODULES, f"{module}: name its subject"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_classes_are_named_for_what_they_are(module: Path) -> None:
    names = [node.name for node in ast.walk(tree_of(module)) if isinstance(node, ast.ClassDef)]
    assert not [name for name in names if REFUSED_NAMES.match(name)]


@pytest.mark.parametrize("plugin", PLUGINS, ids=str)
def test_plugin_says_what_it_is(plugin: Path) -> None:
    manifest = tomllib.loads((TOP / plugin / "manifest.toml").read_text(encoding="utf-8"))
    assert manifest["name"] == plugin.name
    assert (TOP / plugin / "README.md").read_text(encoding="utf-8").startswith("# ")
    assert (TOP / plugin / "__init__.py").is_file()


def test_plugins_are_tried_on_what_the_real_system_sent() -> None:
    for plugin in PLUGINS:
        # What CRMs sent is kept by their versions: tests/captures/crm.
        if (TOP / plugin / "mapping.py").exists() and plugin.parts[0] != "crm_adapters":
            system = plugin.name.split("_")[0]
            captures = [*(TOP / "tests" / "captures" / system).rglob("wire.*"), *(TOP / plugin).rglob("wire.*")]
            assert captures, f"no capture for {plugin}: tests/captures/{system} has none"


def test_packages_are_packages_and_data_and_tests_are_none() -> None:
    """config/ is data, and a package tests/gateway would shadow gateway."""
    folders = {module.parent for module in MODULES}
    assert [folder for folder in folders if not (TOP / folder / "__init__.py").is_file()] == []
    assert [*(TOP / "config").rglob("*.py"), *(TOP / "tests").rglob("__init__.py")] == []
