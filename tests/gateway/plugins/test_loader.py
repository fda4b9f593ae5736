import sys
from pathlib import Path

import pytest

from gateway.plugins import loader
from gateway.plugins.loader import UnknownPluginError
from gateway.plugins.manifest import Manifest, ManifestError

NAMESAKE = """
name = "asterisk_ami"
kind = "connector"
summary = "Not the one"
settings = "namesake:Settings"
create = "namesake:create"
"""


@pytest.fixture
def namesake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution outside the product whose plugin has the name of a built-in one."""
    package = tmp_path / "namesake"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "manifest.toml").write_text(NAMESAKE)
    information = tmp_path / "namesake-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: namesake\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[{loader.ENTRY_POINT_GROUP}]\nnamesake = namesake\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return package


def names(manifests: object) -> list[str]:
    return [manifest.name for manifest in manifests if isinstance(manifest, Manifest)]  # type: ignore[attr-defined]  # any iterable


def test_built_in_plugins_are_found_without_importing_them() -> None:
    assert "asterisk_ami" in names(loader.built_in())


def test_a_plugin_of_another_distribution_is_found_by_its_entry_point(acme: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "acme_pbx.tools", raising=False)

    assert "acme_pbx" in names(loader.installed())
    assert loader.plugin("acme_pbx").product == "acme"
    assert "acme_pbx.tools" not in sys.modules


def test_a_name_that_is_taken_twice_is_refused(namesake: Path) -> None:
    with pytest.raises(ManifestError, match="two plugins are called asterisk_ami"):
        list(loader.installed())


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownPluginError, match=r"no plugin is called asterix; there are: .*asterisk_ami"):
        loader.plugin("asterix")


@pytest.mark.parametrize("file", ["wire.acme", "wire.acme.gz"])
def test_a_capture_folder_finds_its_reader(acme: None, tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_bytes(b"")

    assert loader.reader_of(tmp_path).name == "acme_pbx"


def test_another_folder_has_no_reader(tmp_path: Path) -> None:
    with pytest.raises(UnknownPluginError, match=r"is no capture folder: it holds none of .*wire\.ami"):
        loader.reader_of(tmp_path)


def test_a_tool_is_found_by_product_and_name(acme: None) -> None:
    manifest = loader.with_tool("acme", "snippet")

    assert loader.load(manifest.tools["snippet"])("3") == "acme 3"


def test_a_tool_that_nobody_has_is_answered_with_who_has_it(acme: None) -> None:
    with pytest.raises(UnknownPluginError, match=r"nothing can snippet acne; there is: .*acme"):
        loader.with_tool("acne", "snippet")


@pytest.mark.parametrize("path", ["acme_pbx.tools:nothing", "acme_pbx.nothing:at_all", "nowhere:thing"])
def test_a_manifest_that_names_what_is_not_there_is_refused(acme: None, path: str) -> None:
    with pytest.raises(ManifestError, match=path):
        loader.load(path)


def test_an_entry_point_without_its_manifest_is_refused(namesake: Path) -> None:
    (namesake / "manifest.toml").unlink()

    with pytest.raises(ManifestError, match=r"namesake/manifest\.toml"):
        list(loader.installed())


def test_an_entry_point_without_its_package_is_refused(namesake: Path) -> None:
    (namesake / "manifest.toml").unlink()
    (namesake / "__init__.py").unlink()
    namesake.rmdir()

    with pytest.raises(ManifestError, match="plugin package namesake is not installed"):
        list(loader.installed())
