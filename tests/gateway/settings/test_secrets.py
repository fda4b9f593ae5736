from pathlib import Path

import pytest

from gateway.settings.secrets import MAX_SECRET_BYTES, SecretError, resolve


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMI_SECRET", "hunter2")

    assert resolve("${env:AMI_SECRET}").reveal() == "hunter2"


@pytest.mark.parametrize("content", [b"hunter2", b"hunter2\n", b"hunter2\r\n"])
def test_a_secret_comes_from_a_file_without_its_line_end(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret").write_bytes(content)

    assert resolve(f"${{file:{tmp_path}/secret}}").reveal() == "hunter2"


def test_a_secret_that_is_written_out_is_refused_and_not_repeated() -> None:
    with pytest.raises(SecretError, match="a secret is written out") as refused:
        resolve("hunter2")

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("text", ["", None, 12, []])
def test_nothing_is_no_secret(text: object) -> None:
    with pytest.raises(SecretError, match="no secret is named"):
        resolve(text)


def test_a_secret_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AMI_SECRET", raising=False)
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "big").write_bytes(b"x" * (MAX_SECRET_BYTES + 1))

    for text, said in [
        ("${env:AMI_SECRET}", "the environment has no AMI_SECRET"),
        (f"${{file:{tmp_path}/none}}", "none cannot be read: No such file"),
        (f"${{file:{tmp_path}/empty}}", "empty is empty"),
        (f"${{file:{tmp_path}/binary}}", "binary is no text"),
        (f"${{file:{tmp_path}/big}}", "over 64 KiB"),
        ("${file:secret}", "secret is no whole path"),
    ]:
        with pytest.raises(SecretError, match=said):
            resolve(text)
