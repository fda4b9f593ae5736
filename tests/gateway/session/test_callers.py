import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.customer_books import Desk, desk
from support.gateways import at_work
from support.replaying import CAPTURES, PBX, pbx_events
from support.waiting import until

from connectors.asterisk_ami.replay import site_of
from gateway.model.claims import IdentityKind
from gateway.model.errors import StoreUnavailableError
from gateway.ports.store import Told
from gateway.session.callers import IDENTIFIED, RETRY_S, Callers, customer_of
from gateway.session.customers import CustomerFields, NewIdentity
from gateway.session.engine import Engine
from gateway.session.hub import TooSlowError

FOLDER = CAPTURES / "asterisk" / "22" / "attended_transfer"
NUMBER = "+85291234567"


class Line:
    """A PBX that plays a recording, and what is told of its callers."""

    def __init__(self, one: Desk, folder: Path) -> None:
        self.desk = one
        self.book = one.book
        self.slept: list[float] = []
        self.engine = Engine(one.parts.committer, {PBX: site_of(folder)}, now=lambda: one.now)
        self.callers = Callers(
            self.engine, one.parts.hub, one.book.people, one.parts.committer, now=lambda: one.now, sleep=self._sleep
        )
        self.events = pbx_events(folder)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.book.people._store = self.desk.store

    async def play(self, start: int, end: int | None) -> None:
        await self.engine.accept(PBX, self.events[start:end])
        await self.desk.parts.committer.settled()

    def told(self) -> list[dict[str, Any]]:
        """What was told of callers, from the beginning."""
        events = [json.loads(each.json) for each in self.desk.parts.hub.told_after(99)]
        return [each for each in events if each["type"] == IDENTIFIED]

    async def identified(self, count: int) -> dict[str, Any]:
        await until(lambda: len(self.told()) >= count)
        assert len(self.told()) == count
        data: dict[str, Any] = self.told()[-1]["data"]
        return data

    async def customer(self, name: str) -> str:
        number = NewIdentity(kind=IdentityKind.PHONE, written=NUMBER)
        person = await self.book.create(CustomerFields(name=name, company="ACME", tags=("gold",)), [number], by="me")
        return person.id


@asynccontextmanager
async def line(folder: Path, capture: Path = FOLDER) -> AsyncIterator[Line]:
    async with desk(folder, site_of(capture)) as one:
        made = Line(one, capture)
        async with at_work(made.engine):
            yield made


async def test_the_customer_of_a_call_is_told_right_after_it_begins(tmp_path: Path) -> None:
    async with line(tmp_path) as one:
        customer = await one.customer("Wang")
        async with at_work(one.callers):
            await one.play(0, 30)
            data = await one.identified(1)
            (told,) = one.told()

    assert told["call_id"] in {call.call_id for call in one.engine.pbxs[PBX].live}
    assert (told["pbx"], told["id"]) == (PBX, f"{PBX}:{told['position']}")
    shown = {"customer_id": customer, "name": "Wang", "company": "ACME", "language": None, "vip": False, "tags": ["gold"]}
    assert data == {"number": NUMBER, "matches": 1, "shared": False, "customer": shown, "candidates": []}


async def test_nobody_and_a_choice_are_told_too_and_a_change_is_told_anew(tmp_path: Path) -> None:
    async with line(tmp_path) as one, at_work(one.callers):
        await one.play(0, 30)
        assert await one.identified(1) == {
            "number": NUMBER,
            "matches": 0,
            "shared": False,
            "customer": None,
            "candidates": [],
        }
        await one.customer("Wang")
        assert (await one.identified(2))["customer"]["name"] == "Wang"
        await one.customer("Li")
        data = await one.identified(3)

    assert (data["matches"], data["customer"]) == (2, None)
    assert [each["name"] for each in data["candidates"]] == ["Wang", "Li"]


async def test_each_call_is_told_once_and_forgotten_at_its_end(tmp_path: Path) -> None:
    async with line(tmp_path) as one, at_work(one.callers):
        for number, _ in enumerate(one.events):
            await one.play(number, number + 1)
        await until(lambda: not one.callers._told)
        (told,) = one.told()

    assert told["data"]["number"] == NUMBER


async def test_whose_telephone_rings_later_hears_who_the_customer_is(tmp_path: Path) -> None:
    async with line(tmp_path) as one:
        await one.customer("Wang")
        listener = one.desk.parts.hub.listen(["extension:1001"], after=99)
        async with at_work(one.callers):
            for number, _ in enumerate(one.events):
                await one.play(number, number + 1)
                if any(each.type == "call.started" for each in one.desk.parts.hub.told_after(99)):
                    # Who calls is told before a telephone rings, however slow this machine is.
                    await until(lambda: len(one.told()) > 0)
            await until(lambda: not one.callers._told)
            await one.desk.parts.committer.settled()
        heard = [told.type for told in await listener.next_batch()]
        listener.close()

    first, second = one.told()
    assert first["data"] == second["data"]
    assert first["data"]["customer"]["name"] == "Wang"
    assert heard.count(IDENTIFIED) == 1
    assert heard.index("call.alerting") < heard.index(IDENTIFIED)


async def test_calls_inside_the_house_have_no_customer(tmp_path: Path) -> None:
    async with line(tmp_path, CAPTURES / "asterisk" / "22" / "internal") as one, at_work(one.callers):
        await one.play(0, None)
        listener = one.desk.parts.hub.listen(["*"], after=99)
        assert await listener.next_batch()
        listener.close()

        assert one.told() == []


async def test_calls_that_were_live_before_are_told(tmp_path: Path) -> None:
    async with line(tmp_path) as one:
        await one.play(0, 30)
        async with at_work(one.callers):
            assert (await one.identified(1))["matches"] == 0


async def test_a_database_that_does_not_answer_is_asked_again(tmp_path: Path) -> None:
    class Away:
        async def claims_on(self, *_arguments: object) -> None:
            raise StoreUnavailableError("db: connection refused")

    async with line(tmp_path) as one:
        one.book.people._store = Away()  # type: ignore[assignment]  # nothing else of it is asked
        async with at_work(one.callers):
            await one.play(0, 30)
            assert (await one.identified(1))["matches"] == 0

    assert one.slept == [RETRY_S]


async def test_who_falls_behind_looks_at_all_live_calls_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Behind:
        async def next_batch(self) -> list[Told]:
            await one.customer("Wang")
            monkeypatch.undo()
            raise TooSlowError("1 event behind, of which 0 are held")

        def close(self) -> None:
            pass

    async with line(tmp_path) as one:
        await one.play(0, 30)
        monkeypatch.setattr(one.desk.parts.hub, "listen", lambda *_arguments, **_more: Behind())
        with capture_logs() as logs:
            async with at_work(one.callers):
                assert (await one.identified(2))["customer"]["name"] == "Wang"

    assert [each["event"] for each in logs if each["log_level"] == "warning"] == ["callers_behind"]


async def test_who_is_behind_a_call_is_told_to_those_who_ask(tmp_path: Path) -> None:
    async with line(tmp_path) as one:
        await one.customer("Wang")
        await one.play(0, 30)
        found = [await customer_of(call, one.engine.pbxs[PBX].site, one.book.people) for call in one.engine.pbxs[PBX].live]

    names = [None if each is None else each["customer"]["name"] for each in found]
    assert sorted(names, key=str) == [None, "Wang"], "the consultation stays inside the house"
