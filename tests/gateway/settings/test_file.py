from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.settings.file import SettingsError, key_text, read


def written(folder: Path, text: str, name: str = "tieline.yaml") -> Path:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def refusal(file: Path) -> str:
    with pytest.raises(SettingsError) as refused:
        read(file)
    return str(refused.value)


def test_each_key_knows_its_line(tmp_path: Path) -> None:
    document = read(written(tmp_path, "api:\n  port: 1\nconnectors:\n  - pbx: a\n    site:\n      region: NO\n"))

    assert document.data == {"api": {"port": 1}, "connectors": [{"pbx": "a", "site": {"region": "NO"}}]}
    assert document.place(("connectors", 0, "site", "region")).line == 6
    assert document.place(("connectors", 0, "site", "missing")).line == 5
    assert document.place(("nothing",)).line == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("on", "on"),
        ("22:30", "22:30"),
        ("2026-11-22", "2026-11-22"),
        ("0755", "0755"),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("true", True),
        ("null", None),
        ("", None),
        ("'12'", "12"),
        ("${env:NAME}", "${env:NAME}"),
    ],
)
def test_only_what_everybody_reads_the_same_is_no_text(tmp_path: Path, text: str, value: object) -> None:
    assert read(written(tmp_path, f"key: {text}\n")).data == {"key": value}


def test_a_key_that_stands_twice_is_refused_with_both_lines(tmp_path: Path) -> None:
    file = written(tmp_path, "api:\n  port: 1\n  host: a\n  port: 2\n")

    assert refusal(file) == f"{file}:4: api.port: stands here again, first on line 2. Keep one of the two"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3, "is no YAML"),
        ("a: 1\n\tb: 2\n", 2, "is no YAML"),
        ("- 1\n- 2\n", 1, "holds no keys at its top"),
        ("a: !!python/object:os.system x\n", 1, "has the tag"),
        ("a: &loop [*loop]\n", 1, "is nested too deep"),
        ("? [a, b]\n: 1\n", 1, "has a list or a mapping as a key"),
        ("a: 1\n---\nb: 2\n", 2, "is no YAML"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    file = written(tmp_path, text)

    assert refusal(file).startswith(f"{file}:{line}:")
    assert said in refusal(file)


def test_a_file_that_cannot_be_read_is_refused_with_its_name(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.yaml").startswith(f"{tmp_path / 'none.yaml'}: cannot be read: No such file")
    (tmp_path / "latin.yaml").write_bytes(b"a: M\xfcller\n")
    assert "is no UTF-8 text" in refusal(tmp_path / "latin.yaml")


def test_parts_are_merged_in_the_order_of_their_names(tmp_path: Path) -> None:
    file = written(tmp_path, "api:\n  host: a\n  port: 1\nconnectors:\n  - pbx: one\n")
    second = written(tmp_path, "connectors:\n  - pbx: three\n", "conf.d/20.yaml")
    first = written(tmp_path, "api:\n\n  port: 2\nconnectors:\n  - pbx: two\n", "conf.d/10.yml")
    written(tmp_path, "not: read\n", "conf.d/notes.txt")

    document = read(file)

    assert document.data == {
        "api": {"host": "a", "port": 2},
        "connectors": [{"pbx": "one"}, {"pbx": "two"}, {"pbx": "three"}],
    }
    assert (document.place(("api", "port")).file, document.place(("api", "port")).line) == (first, 3)
    assert document.place(("api", "host")).file == file
    assert document.place(("connectors", 2, "pbx")).file == second
    assert document.place(("connectors", 0, "pbx")).file == file


def test_an_empty_file_is_an_empty_configuration(tmp_path: Path) -> None:
    assert read(written(tmp_path, "# nothing yet\n")).data == {}


def test_a_key_path_is_written_as_people_do() -> None:
    assert key_text(("connectors", 0, "site", "region")) == "connectors[0].site.region"


@given(text=st.text(max_size=200))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(text, "utf-8", "surrogatepass")
    with suppress(SettingsError):
        read(file)
