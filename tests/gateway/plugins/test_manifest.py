from pathlib import Path

import pytest

from gateway.plugins.manifest import ManifestError, PluginKind, read_manifest

GOOD = """
name = "acme_pbx"
kind = "connector"
product = "acme"
summary = "Acme PBX 3 and newer"
settings = "acme_pbx.settings:AcmeSettings"
create = "acme_pbx:create"
wire = "wire.acme"

[tools]
replay = "acme_pbx.replay:events_of"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "manifest.toml"
    file.write_text(text)
    return file


def test_a_manifest_says_what_the_plugin_is(tmp_path: Path) -> None:
    manifest = read_manifest(written(tmp_path, GOOD))

    assert manifest.name == "acme_pbx"
    assert manifest.kind is PluginKind.CONNECTOR
    assert manifest.tools == {"replay": "acme_pbx.replay:events_of"}
    assert manifest.speaks is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace('kind = "connector"', 'kind = "gadget"'), "gadget"),
        (GOOD.replace("wire =", "wyre ="), "wyre"),
        (GOOD.replace('"acme_pbx:create"', '"acme_pbx.create"'), "$.create"),
        (GOOD.replace('name = "acme_pbx"', 'name = "Acme PBX"'), "$.name"),
        (GOOD.replace('summary = "Acme PBX 3 and newer"', ""), "summary"),
        ("name = ", "Invalid value"),
    ],
)
def test_a_wrong_manifest_is_refused_with_its_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    file = written(tmp_path, text)

    with pytest.raises(ManifestError) as refused:
        read_manifest(file)

    assert str(file) in str(refused.value)
    assert said in str(refused.value)


def test_a_missing_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"manifest\.toml"):
        read_manifest(tmp_path / "manifest.toml")
