import io
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port
from support.dialogs import SHOP

from gateway.__main__ import main


@pytest.mark.parametrize(("language", "greeting"), [("zh", "< 欢迎。"), ("en", "< Welcome."), ("fr", "< Welcome.")])
def test_a_dialog_is_talked_with_in_the_terminal(
    tmp_path: Path, language: str, greeting: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(SHOP, "utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO("2\n1\n"))
    monkeypatch.setattr("ivr.understanding.embedding.installed", lambda: None)

    assert main(["itr", "chat", str(file), "--language", language]) == 0

    told = capsys.readouterr()
    assert told.out.startswith(greeting)
    assert told.out.endswith("* the end (gone)\n")
    assert told.err == "tieline: tieline[nlu] is not installed: sentences are understood by their letters alone\n"


def test_what_was_learned_is_kept_for_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, model = tmp_path / "shop.yaml", tmp_path / "shop.model"
    file.write_text(SHOP, "utf-8")
    monkeypatch.setattr("ivr.understanding.embedding.installed", lambda: None)
    kept = []
    for _ in range(2):
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        assert main(["itr", "chat", str(file), "--model", str(model)]) == 0
        kept.append(model.stat().st_mtime_ns)
    assert kept[0] == kept[1], "it was read, not learned again"


def test_systems_are_asked_and_what_is_wrong_with_them_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "d.yaml"
    file.write_text(
        "itr: 1\nname: d\nlanguages: [en]\nstart: main\nhuman: {queue: q}\n"
        'nodes: {main: {look_up: {handler: erp}, say: "{x}", listen: true}}\n'
        f'handlers: {{erp: {{url: "http://127.0.0.1:{unused_port()}/", retries: 0, take: {{x: $.x}}, down: ERP is down.}}}}\n',
        "utf-8",
    )
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    monkeypatch.setattr("ivr.understanding.embedding.installed", lambda: None)

    assert main(["itr", "chat", str(file), "--systems"]) == 0

    told = capsys.readouterr()
    assert told.out.startswith("< ERP is down.\n")
    assert "tieline: erp: ClientConnectorError" in told.err


@pytest.mark.parametrize(
    ("language", "typed", "said"),
    [
        ("en", "where is my parcel\nSF12345678\n", "< Your parcel is with the courier, it comes today, last seen in Hangzhou."),
        ("zh", "我要查账单\nM100001\n", "< 本月账单是86.50元，"),
    ],
)
def test_the_example_is_talked_with_and_asks_its_own_systems(
    language: str, typed: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    monkeypatch.setattr("ivr.understanding.embedding.installed", lambda: None)

    assert main(["itr", "chat", "--example", "--language", language]) == 0

    told = capsys.readouterr()
    assert said in told.out
    assert told.out.endswith("* the end (gone)\n")


@pytest.mark.parametrize("arguments", [[], ["shop.yaml", "--example"]], ids=["neither", "both"])
def test_one_dialog_is_named(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["itr", "chat", *arguments])

    assert "--example" in capsys.readouterr().err
