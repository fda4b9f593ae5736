import re
from xml.etree import ElementTree as ET

import pytest
from support.command_contract import KINDS

from connectors.freeswitch_esl.commands_rights import NEEDS, offered
from connectors.freeswitch_esl.link import JOB
from connectors.freeswitch_esl.login import HEARTBEAT, Rights, subscription
from connectors.freeswitch_esl.mapping import WANTED
from connectors.freeswitch_esl.settings import CommandSettings, FreeswitchSettings
from connectors.freeswitch_esl.snippet import files, snippet
from gateway.model.errors import ConfigurationError
from gateway.model.secret import Secret

DIRECTORY = "directory/default/tieline.xml"


def parameters(file: str) -> dict[str, str]:
    tree = ET.fromstring(f"<all>{files()[file]}</all>")
    return {each.attrib["name"]: each.attrib["value"] for each in tree.iter("param")}


def rights() -> Rights:
    user = parameters(DIRECTORY)
    return Rights(events=frozenset(user["esl-allowed-events"].split()), commands=frozenset(user["esl-allowed-api"].split(",")))


@pytest.mark.parametrize("file", sorted(files()))
def test_each_file_is_xml(file: str) -> None:
    assert len(ET.fromstring(f"<all>{files()[file]}</all>"))


def test_the_user_hears_all_that_is_read_and_can_do_all_that_is_offered() -> None:
    assert subscription(WANTED | {HEARTBEAT, JOB}, rights())[1] == []
    settings = FreeswitchSettings(
        host="127.0.0.1", secret=Secret("x"), commands=CommandSettings(context="default", parking_lot="lot")
    )
    assert offered(rights(), settings, "fs1") == NEEDS.keys() <= KINDS.keys()


def test_rights_are_the_least() -> None:
    commands = rights().commands
    assert commands is not None
    # What runs programs, reads files, stops the PBX or lets anything else be run.
    dangerous = {
        "system",
        "bg_system",
        "bgsystem",
        "lua",
        "luarun",
        "reload",
        "shutdown",
        "fsctl",
        "expand",
        "eval",
        "ALL",
        "all",
    }
    assert commands & dangerous == set()
    assert commands == {*NEEDS.values(), "show", "callcenter_config", "uuid_recv_dtmf"}
    assert "ALL" not in parameters(DIRECTORY)["esl-allowed-events"].split()


def test_nobody_reaches_the_event_socket_from_elsewhere_and_no_known_password_is_in_it() -> None:
    socket = parameters("autoload_configs/event_socket.conf.xml")
    assert socket["listen-ip"] == "127.0.0.1"
    assert socket["apply-inbound-acl"] == "tieline"
    assert "ClueCon" not in re.findall(r'value="([^"]*)"', snippet(""))


@pytest.mark.parametrize("version", ["", "1.10", "1.10.12", "FreeSWITCH 1.10.12-release", "1.11", "1"])
def test_all_versions_that_we_know_have_the_same_lines(version: str) -> None:
    assert snippet(version) == snippet("")


@pytest.mark.parametrize("version", ["1.8", "1.6.20", "0.9", "new", "x1.10"])
def test_others_are_refused(version: str) -> None:
    with pytest.raises(ConfigurationError, match="FreeSWITCH"):
        snippet(version)
