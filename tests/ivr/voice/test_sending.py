from collections.abc import AsyncGenerator, Mapping

from support.dialogs import shop
from support.voice_talks import Caller

from gateway.model.calls import Call
from gateway.model.errors import CommandRefusedError, CommandUnansweredError, TielineError
from gateway.ports.media import DrivenCall
from ivr.definition.values import Target
from ivr.voice.sending import HANDED_OVER, NOT_PUT_THROUGH, Sender, number_of, unreachable
from ivr.voice.settings import DriveSettings, VoiceSettings

SALES = Target(queue="sales")
NUMBERS = {"support": "5100", "sales": "5200"}
DRIVES = VoiceSettings(queues=NUMBERS, drive=DriveSettings(to="5110"))


class Ended:
    """A call in the old menu that is over at once."""

    def __init__(self) -> None:
        self.pressed: list[str] = []

    async def calls(self) -> AsyncGenerator[Call, None]:
        for call in list[Call]():
            yield call

    async def press(self, digits: str) -> None:
        self.pressed.append(digits)

    async def transfer(self, to: str, context: Mapping[str, str]) -> None: ...


class Drivable(Caller):
    def __init__(self, call: DrivenCall | None = None, fault: TielineError | None = None) -> None:
        super().__init__()
        self.call, self.fault = call, fault
        self.driven_to = ""

    async def drive(self, to: str, context: Mapping[str, str]) -> DrivenCall | None:
        if self.fault is not None:
            raise self.fault
        self.driven_to = to
        return self.call


async def test_where_the_old_menu_stays_he_is_led_through_it() -> None:
    session = Drivable(Ended())
    assert await Sender(shop(), session, DRIVES).send(SALES, "sales", {}) == "driven_gone"
    assert session.driven_to == "5110"
    assert session.sent is None


async def test_where_it_cannot_be_driven_he_is_sent_by_number() -> None:
    for session in (Drivable(None), Drivable(fault=CommandRefusedError("no")), Caller()):
        assert await Sender(shop(), session, DRIVES).send(SALES, "sales", {}) == HANDED_OVER
        assert session.sent is not None
        assert session.sent[0] == "5200"
    lost = Drivable(Ended())
    assert await Sender(shop(), lost, DRIVES).send(Target(queue="support"), "round", {}) == HANDED_OVER
    doubtful = Drivable(fault=CommandUnansweredError("no answer"))
    assert await Sender(shop(), doubtful, DRIVES).send(SALES, "sales", {}) == NOT_PUT_THROUGH
    assert doubtful.sent is None


def test_queues_that_nothing_is_dialled_for_are_told() -> None:
    dialog = shop()
    assert unreachable(dialog, VoiceSettings(queues={"sales": "5200"})) == ["support"]
    assert number_of(dialog.human, VoiceSettings(queues={"support": "5100"})) == "5100"
    assert number_of(shop(**{"queue: support": "number: '+85212345'"}).human, VoiceSettings()) == "+85212345"
    assert number_of(shop(**{"queue: support": "agent: '1001'"}).human, VoiceSettings()) == "1001"
