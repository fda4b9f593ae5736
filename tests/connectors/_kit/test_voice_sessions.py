import pytest
from structlog.testing import capture_logs
from support.virtual_time import in_virtual_time
from support.voices import HandedOver, NotedCommands

from connectors._kit.voice import Said, Voice
from connectors._kit.voice_sessions import VoiceSessions
from gateway.model.ids import LegId, PbxName
from gateway.ports.media import CallApplication, SessionEndedBy, SessionId, SessionInfo

PBX = PbxName("cc1")


class Session(Voice):
    """One whose PBX takes the caller back at once."""

    def __init__(self) -> None:
        info = SessionInfo(id=SessionId("s"), pbx=PBX, leg=None, way="none")
        super().__init__(info, Said(lambda _: None, unbroken=True))

    async def clear(self) -> None: ...

    async def hang_up(self) -> None: ...

    async def transfer(self, to: str, context: object) -> None: ...

    async def leave(self) -> None:
        if self.ended is None:
            self.close(SessionEndedBy.APPLICATION, "")


def sessions(application: CallApplication, *, allow: tuple[str, ...] = ("127.0.0.0/8",), max_calls: int = 2) -> VoiceSessions:
    return VoiceSessions(PBX, allow, max_calls, application, NotedCommands("a", "b"))


@pytest.mark.parametrize(
    ("allow", "host", "may"),
    [
        (("127.0.0.0/8",), "127.0.0.1", True),
        (("127.0.0.0/8",), "::ffff:127.0.0.1", True),
        (("127.0.0.0/8",), "192.0.2.7", False),
        (("192.0.2.7",), "192.0.2.7", True),
        (("2001:db8::/32",), "2001:db8::5%eth0", True),
        (("0.0.0.0/0",), "2001:db8::5", False),
        (("127.0.0.0/8",), "", False),
        (("127.0.0.0/8",), "pbx", False),
    ],
)
def test_only_whom_the_settings_allow_may_come(allow: tuple[str, ...], host: str, may: bool) -> None:
    with capture_logs():
        assert sessions(HandedOver(), allow=allow).may_come(host) is may


async def test_the_leg_is_looked_up() -> None:
    assert await sessions(HandedOver()).leg(lambda leg: leg == "b") == LegId("b")
    assert await sessions(HandedOver()).leg(lambda leg: leg == "c") is None


@in_virtual_time
async def test_beyond_the_limit_nobody_has_room_until_somebody_goes() -> None:
    seen: list[bool] = []

    class Looks(HandedOver):
        async def run(self, session: object) -> None:
            seen.append(all_of_them.has_room())

    all_of_them = sessions(Looks(), max_calls=1)
    with capture_logs() as logs:
        await all_of_them.serve(Session())
    assert seen == [False]
    assert all_of_them.has_room()
    assert [entry["event"] for entry in logs] == ["media_began", "media_full", "media_ended"]


@in_virtual_time
async def test_when_the_application_is_done_the_caller_goes_back() -> None:
    application = HandedOver()
    application.done.set()
    session = Session()
    with capture_logs() as logs:
        await sessions(application).serve(session)
    assert session.ended is not None
    assert session.ended.by is SessionEndedBy.APPLICATION
    assert logs[-1]["by"] == "application"


@in_virtual_time
async def test_an_application_that_fails_costs_its_own_call_only() -> None:
    application = HandedOver()
    application.fault = ZeroDivisionError()
    application.done.set()
    session = Session()
    with capture_logs() as logs:
        await sessions(application).serve(session)
    assert session.ended is not None
    assert "media_application_failed" in [entry["event"] for entry in logs]
