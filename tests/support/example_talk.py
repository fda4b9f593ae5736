"""A conversation with the example company's dialog and its systems over HTTP: a line is typed, and what is said comes back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from functools import cache

import aiohttp
from support.dialogs import MONDAY_NOON

from ivr.definition.reading import read_dialog
from ivr.definition.values import Dialog
from ivr.example.back_end import served
from ivr.example.company import HOST, Company
from ivr.example.files import dialog_file
from ivr.flow import step, wanted
from ivr.lookups.asking import Systems
from ivr.slots.recognise import filled
from ivr.turns.values import Action, Begin, Choose, Chosen, Given, LookUp, Say, State, Transfer, Utterance
from ivr.understanding.understanding import Understanding, learned


@cache
def dialog() -> Dialog:
    """Return the example's dialog."""
    return read_dialog(dialog_file()).dialog


@cache
def understanding() -> Understanding:
    """Return what is understood of it by letters alone: the least that any installation has."""
    return learned(dialog(), None)


class ExampleTalk:
    """One conversation, on Monday at noon."""

    def __init__(self, language: str, systems: Systems, company: Company) -> None:
        self.company = company
        self.state = State(language=language)
        self.asked: list[str] = []
        """The handlers that were asked, in order."""
        self.transfer: Transfer | None = None
        self._systems = systems
        self._actions: list[Action] = []

    async def type(self, line: str) -> list[str]:
        """Return what is said to a line, or to a button's label."""
        options = [each for action in self._actions if isinstance(action, Choose) for each in action.options]
        chosen = next((each.value for each in options if each.label == line), None)
        if chosen is not None:
            return await self.give(Chosen(value=chosen))
        slots = filled(wanted(dialog(), self.state), line, today=MONDAY_NOON.date())
        meaning = understanding().understand(line, at=self.state.node)
        return await self.give(Utterance(text=line, meaning=meaning, slots=slots))

    async def give(self, given: Given) -> list[str]:
        """Return what is said to an input, when all systems have answered that it led to."""
        self._actions = []
        while True:
            made = step(dialog(), self.state, given, now=MONDAY_NOON)
            self.state = made.state
            self._actions += made.actions
            look_up = next((each for each in made.actions if isinstance(each, LookUp)), None)
            if look_up is None:
                break
            self.asked.append(look_up.handler)
            given = (await self._systems.ask(look_up.handler, look_up.arguments)).result
        self.transfer = next((each for each in self._actions if isinstance(each, Transfer)), self.transfer)
        return [each.text for each in self._actions if isinstance(each, Say)]


@asynccontextmanager
async def example_talk(language: str) -> AsyncIterator[ExampleTalk]:
    """Begin a conversation with a company of its own."""
    company = Company(today=date(2026, 11, 23))

    async def at_once(seconds: float) -> None:
        """A second try of a system that is down comes without a pause."""

    async with served(company) as address, aiohttp.ClientSession() as client:
        talk = ExampleTalk(language, Systems(dialog().handlers, client, pause=at_once, hosts={HOST: address}), company)
        await talk.give(Begin())
        yield talk
