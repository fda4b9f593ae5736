import asyncio
from pathlib import Path

import pytest

from gateway.__main__ import main
from gateway.store.database import Database
from gateway.store.urls import parse_url

CONFIG = """
connectors:
  - pbx: one
    plugin: asterisk_ami
    host: 127.0.0.1
    username: tieline
    secret: ${{env:SECRET}}
    site: {{region: CN}}
state_dir: {folder}
"""
CONTACTS = "客户编号;姓名;手机;公司电话\nK1;王芳;13800138000;010-85671234\nK2;李明;8001;010-85671235\n"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SECRET", "made-up")
    file = tmp_path / "tieline.yaml"
    file.write_text(CONFIG.format(folder=tmp_path / "state"))
    return str(file)


def written(folder: Path, text: str = CONTACTS, encoding: str = "gb18030") -> str:
    file = folder / "contacts.csv"
    file.write_bytes(text.encode(encoding))
    return str(file)


def test_a_list_is_taken_over_and_given_back(tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path)

    assert main(["contacts", "import", file, "--config", config]) == 1
    out, err = capsys.readouterr()
    assert out == "2 added, 0 changed, 0 as they were, 1 lines with faults\n"
    assert err.splitlines() == [
        f"{file}: 2 lines in gb18030, fields between semicolons",
        "  external_id  客户编号",
        "  name         姓名",
        "  phone        手机, 公司电话",
        f"{file}:3: '8001' is no number of the public network: write it with + and its country (the rest was taken)",
    ]

    exported = tmp_path / "out.csv"
    assert main(["contacts", "export", str(exported), "--config", config]) == 0
    assert capsys.readouterr().out == f"{exported} has 2 customers\n"
    header, first, second = exported.read_text(encoding="utf-8-sig").splitlines()
    assert header == "tieline_id,external_id,name,company,language,vip,tags,phone,email"
    assert first.endswith(",K1,王芳,,,,,+8613800138000;+861085671234,")
    assert second.endswith(",K2,李明,,,,,+861085671235,")

    assert main(["contacts", "import", str(exported), "--config", config]) == 0
    assert capsys.readouterr().out == "0 added, 0 changed, 2 as they were\n"
    assert main(["contacts", "export", "--config", config]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [first, second]


def test_a_dry_run_says_what_would_be(tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["contacts", "import", written(tmp_path), "--config", config]
    assert main([*arguments, "--dry-run"]) == 1
    assert capsys.readouterr().out == "2 would be added, 0 would be changed, 0 as they were, 1 lines with faults\n"
    assert main(arguments) == 1
    assert capsys.readouterr().out.startswith("2 added")


def test_a_gateway_that_runs_is_not_disturbed(tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    async def beside() -> int:
        gateway = Database(parse_url(f"sqlite:///{tmp_path}/state/tieline.db"))
        await gateway.open()
        try:
            return await asyncio.to_thread(main, ["contacts", "import", written(tmp_path), "--config", config])
        finally:
            await gateway.close()

    assert asyncio.run(beside()) == 1
    assert capsys.readouterr().out.startswith("2 added")


def test_columns_region_encoding_and_delimiter_can_be_said(
    tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, "Wer#Wo\nJörg#030 901820\n", "cp437")
    mapped = ["--map", "name=Wer,phone=Wo", "--region", "de", "--encoding", "cp437", "--delimiter", "#"]

    assert main(["contacts", "import", file, "--config", config, *mapped]) == 0
    assert main(["contacts", "export", "--config", config]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith(",Jörg,,,,,+4930901820,")


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        ("Wer;Wo\nJ;1\n", [], "no column looks like a number. Say which is: --map phone=HEADING. Its headings: Wer, Wo"),
        ("", [], "Its headings: none, it is empty"),
        ("Wo\n1\n", ["--map", "phne=Wo"], "--map phne=Wo: there is no 'phne', but external_id, name"),
        ("Wo\n1\n", ["--map", "phone=Tel"], "--map phone=Tel: the file has no heading 'Tel', but Wo"),
        ("A,B\n1\n", ["--map", "name=A,name=B"], "--map name=B: there can be one name only"),
        ("Phone\nJörg\n", ["--encoding", "ascii"], "is not ascii (byte 7): leave --encoding out, or name another"),
        ("Phone\n1\n", ["--encoding", "klingon"], "there is no encoding klingon: write one such as utf-8"),
        ("Phone\n1\n", ["--delimiter", "ab"], "delimiter"),
        ('Phone\n"' + "1" * 200_000, [], "field larger than field limit"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_cure(
    tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str], text: str, more: list[str], said: str
) -> None:
    assert main(["contacts", "import", written(tmp_path, text, "latin-1"), "--config", config, *more]) == 1
    assert said in capsys.readouterr().err


def test_files_that_are_not_there_are_told(tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contacts", "import", str(tmp_path / "none.csv"), "--config", config]) == 1
    assert main(["contacts", "export", str(tmp_path / "none" / "out.csv"), "--config", config]) == 1
    assert capsys.readouterr().err == (
        f"tieline: {tmp_path}/none.csv: No such file or directory\ntieline: {tmp_path}/none/out.csv: No such file or directory\n"
    )


def test_customers_in_memory_are_nobodys(tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    with Path(config).open("a") as file:
        file.write("store: {url: 'memory:'}\n")
    assert main(["contacts", "export", "--config", config]) == 1
    assert "keeps customers in memory (store.url)" in capsys.readouterr().err
