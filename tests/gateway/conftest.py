"""A plugin from outside the product, as another distribution would bring it."""

from importlib import metadata

import pytest

from gateway.plugins.loader import ENTRY_POINT_GROUP


@pytest.fixture
def acme(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the plugin ``acme_pbx``."""
    folder = tmp_path_factory.mktemp("site-packages")
    information = folder / "acme-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[{ENTRY_POINT_GROUP}]\nacme = acme_pbx\n")
    monkeypatch.syspath_prepend(str(folder))
    assert metadata.version("acme") == "1.0"
