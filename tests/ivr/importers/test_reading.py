from pathlib import Path

import pytest

from ivr.importers.reading import MAX_BYTES, Format, ImportRefusedError, read

MENU = "[main]\nexten => s,1,Background(x)\nexten => 1,1,Queue(600)\n"


def test_files_include_what_lies_beside_them_and_nothing_else(tmp_path: Path) -> None:
    away, here = tmp_path / "secret.conf", tmp_path / "asterisk"
    here.mkdir()
    away.write_text(MENU)
    (here / "extensions.conf").write_text('#include "../secret.conf"\n#include extensions_*.conf\n')
    (here / "extensions_one.conf").write_text(MENU)
    found = read([here / "extensions.conf"], Format.ASTERISK)
    assert [menu.id for menu in found.menus] == ["main"]
    assert [each.origin.line for each in found.unread] == [1]


def test_several_files_are_one_dial_plan_and_the_format_is_recognised(tmp_path: Path) -> None:
    one, two = tmp_path / "one.conf", tmp_path / "two.conf"
    one.write_text(MENU)
    two.write_text("[more]\nexten => s,1,Background(y)\nexten => 1,1,Goto(main,s,1)\n")
    assert {menu.id for menu in read([one, two], None).menus} == {"main", "more"}


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImportRefusedError, match="cannot be read"):
        read([tmp_path / "away.conf"], None)
    (tmp_path / "x").write_text("what is this")
    with pytest.raises(ImportRefusedError, match="no format that is known"):
        read([tmp_path / "x"], None)
    large = tmp_path / "large.conf"
    with large.open("wb") as opened:
        opened.truncate(MAX_BYTES + 1)
    with pytest.raises(ImportRefusedError, match="larger than 64 MB"):
        read([large], Format.ASTERISK)


def test_each_format_is_recognised_and_two_are_not_mixed(tmp_path: Path) -> None:
    freeswitch, voicexml, asterisk = tmp_path / "ivr.xml", tmp_path / "menu.vxml", tmp_path / "extensions.conf"
    freeswitch.write_text('<menu name="a"><entry action="menu-exec-app" digits="1" param="transfer 1 XML d"/></menu>')
    voicexml.write_text('<vxml><menu id="b"><choice dtmf="1" next="tel:1">x</choice></menu></vxml>')
    asterisk.write_text(MENU)
    assert [read([file], None).menus[0].id for file in (freeswitch, voicexml, asterisk)] == ["a", "b", "main"]
    assert read([voicexml], Format.VOICEXML).menus[0].id == "b"
    with pytest.raises(ImportRefusedError, match="different formats"):
        read([voicexml, asterisk], None)
