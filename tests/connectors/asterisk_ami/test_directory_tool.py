from pathlib import Path

import pytest
from support.ami_bench import SITE, Bench
from support.fake_asterisk import SECRET, USERNAME, block, refuse

from connectors.asterisk_ami.directory_tool import directory
from connectors.asterisk_ami.settings import AsteriskSettings
from gateway.model.errors import PeerUnavailableError
from gateway.model.secret import Secret


def settings(bench: Bench, secret: str = SECRET) -> AsteriskSettings:
    return AsteriskSettings(host="127.0.0.1", port=bench.asterisk.port, username=USERNAME, secret=Secret(secret), site=SITE)


async def test_the_users_are_read_over_a_connection_of_its_own(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.asterisk.replies["dbgettree"] = lambda action: (
        block(Response="Success", ActionID=action["actionid"], EventList="start")
        + block(Event="DBGetTreeResponse", ActionID=action["actionid"], Key="/AMPUSER/1001/cidname", Val="Wang Fang")
        + block(Event="DBGetTreeComplete", ActionID=action["actionid"], EventList="Complete")
    )
    async with bench.asterisk_runs():
        found = await directory(settings(bench))

    assert [(each.extension, each.name) for each in found.agents if each.name] == [("1001", "Wang Fang")]
    assert not bench.asterisk.sessions


async def test_a_pbx_that_refuses_or_is_away_is_told_as_what_it_is(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.asterisk.replies["login"] = refuse("Authentication failed")
    async with bench.asterisk_runs():
        with pytest.raises(PeerUnavailableError, match=r"manager\.conf must have a section \[tieline\]"):
            await directory(settings(bench))
    with pytest.raises(PeerUnavailableError, match=r"^nobody listens at .*manager\.conf\?$"):
        await directory(settings(bench))
