"""The rules: what the gateway relies on with every CRM."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import msgspec

from gateway.crm_conformance.bench import NAME, Bench, BrokenError, SkippedError, Sound
from gateway.model.crm import CallStage, CrmAbility, CrmContact, NewTicket
from gateway.model.errors import ConfigurationError
from gateway.model.ids import CallId
from gateway.model.numbers import is_number_of, numbers_in
from gateway.ports.crm import (
    CountsCalls,
    CrmDeniedError,
    CrmError,
    CrmRefusedError,
    CrmUnavailableError,
    FindsContacts,
    KeepsRecordings,
    ListsUsers,
    MakesTickets,
    PopsCards,
    WithdrawsCalls,
)

UNREACHABLE_S: Final = 60.0
"""Seconds in which an adapter must give up on a CRM that is not there."""
HARD_TEXT: Final = (
    "张伟 😀 <b>bold</b><script>alert(1)</script> \"quoted\" 'single' \\ & % _ ; -- $result[x] {{y}} [z] \t\r\n"
    "DROP TABLE calls; مرحبا \u202eRTL\u202c é\u0301"
)


class Rule(msgspec.Struct, frozen=True):
    """One thing that the gateway relies on."""

    name: str
    what: str
    """As people read it."""
    why: str
    """What goes wrong without it."""
    tried: Callable[[Bench], Awaitable[str | None]]
    """Tries it; returns what was seen, where that is worth telling."""


async def _check(bench: Bench) -> str | None:
    said = await bench.adapter.check()
    if not said or not said.isprintable():
        raise BrokenError(f"check returned {said!r}: say what it is, such as `EspoCRM 8.4.2 as tieline`")
    return said


async def _find(bench: Bench, number: str) -> list[CrmContact]:
    adapter: FindsContacts = bench.needs(CrmAbility.FIND, FindsContacts)
    query = bench.query(number)
    return [each for each in await adapter.find(query) if any(is_number_of(stored, query) for stored in each.numbers)]


async def _found_in_all_forms(bench: Bench) -> str | None:
    bench.needs(CrmAbility.FIND, FindsContacts)
    wanted = {}
    for written in bench.numbers:
        read = numbers_in(written, bench.region)
        if not read:
            raise SkippedError(f"--number {written} is no number in {bench.region}")
        wanted[written] = read[0].e164
    if CrmAbility.CONTACTS in bench.abilities:
        await bench.contact()
        wanted[bench.number(0)] = bench.number(0)
    if not wanted:
        raise SkippedError("the adapter makes no contacts: name one who is in the CRM by --number")
    for written, number in wanted.items():
        if not await _find(bench, number):
            raise BrokenError(f"{number} is in the CRM as {written!r}, and nobody was found: ask for all of the query's forms")
    return f"{len(wanted)} ways of writing"


async def _nobody_else(bench: Bench) -> str | None:
    bench.needs(CrmAbility.FIND, FindsContacts)
    written = [each.e164 for text in bench.numbers for each in numbers_in(text, bench.region)]
    known = [*written, bench.number(0)][0]
    there = {each.id for each in await _find(bench, known)}
    if not there:
        raise SkippedError("nobody is known whose neighbour could be asked for")
    for position in (-4, -2, -1):
        at = len(known) + position
        other = known[:at] + str((int(known[at]) + 5) % 10) + known[at + 1 :]
        found = [each for each in await _find(bench, other) if each.id in there]
        if found:
            raise BrokenError(f"{other} found {found[0].name!r}, who has {known}: give `numbers` as the CRM keeps them")
    return None


async def _nobody(bench: Bench) -> str | None:
    found = await _find(bench, bench.number(5_000))
    if found:
        raise BrokenError(f"{bench.number(5_000)} found {found[0].name!r}")
    return None


async def _one_activity(bench: Bench) -> str | None:
    memo: str | None = None
    for changes in (
        {"stage": CallStage.RINGING},
        {"stage": CallStage.ANSWERED},
        {},
        {"note": "rings back on Monday"},
        {"note": "rings back on Monday", "disposition": "Sale"},
        {"note": "rings back on Monday", "disposition": "Sale", "transcript": "ITR: Hello\nCaller: Hello"},
    ):
        activity = bench.call(1, **changes)
        memo = await bench.put(activity, memo)
        if activity.stage is CallStage.ENDED:
            await bench.expect(activity, 1)
        elif len(await _ids(bench, activity.call_id)) > 1:
            raise BrokenError("the call has several activities before it is over")
    return None


async def _ids(bench: Bench, call_id: CallId) -> list[str]:
    if CrmAbility.COUNT_CALLS not in bench.abilities:
        return []
    adapter: CountsCalls = bench.needs(CrmAbility.COUNT_CALLS, CountsCalls)
    return list(await adapter.calls_of(call_id))


async def _repeated(bench: Bench) -> str | None:
    activity = bench.call(2)
    memo = await bench.put(activity, None)
    await bench.put(activity, memo)
    await bench.expect(activity, 1)
    return None


async def _lost_answer(bench: Bench) -> str | None:
    activity = bench.call(3)
    await bench.put(activity, None)
    again = bench.make("same")
    if again is None:
        raise SkippedError("the adapter cannot be made twice")
    first, bench.adapter = bench.adapter, again
    try:
        # One that remembers nothing: the gateway was started anew.
        await bench.put(activity, None)
        await bench.expect(activity, 1)
    finally:
        bench.adapter = first
        await again.close()
    return None


async def _several_at_once(bench: Bench) -> str | None:
    calls = [bench.call(index) for index in (10, 11, 12)]
    memos = await asyncio.gather(*(bench.put(each, None) for each in calls))
    await asyncio.gather(*(bench.put(each, memo) for each, memo in zip(calls, memos, strict=True)))
    for each in calls:
        await bench.expect(each, 1)
    return None


async def _unknown_call(bench: Bench) -> str | None:
    bench.needs(CrmAbility.COUNT_CALLS, CountsCalls)
    await bench.expect(bench.call(9_999), 0)
    return None


async def _hard_texts(bench: Bench) -> str | None:
    activity = bench.call(20, note=HARD_TEXT, disposition=HARD_TEXT[:60], transcript=HARD_TEXT, agents=(HARD_TEXT[:40],))
    await bench.put(activity, None)
    await bench.expect(activity, 1)
    return None


async def _long_note(bench: Bench) -> str | None:
    activity = bench.call(21, note="很长的笔记 " * 1_700)
    await bench.put(activity, None)
    await bench.expect(activity, 1)
    return None


async def _withheld(bench: Bench) -> str | None:
    activity = bench.call(22, number=None, extension=None, rang=())
    try:
        await bench.put(activity, None)
    except CrmRefusedError as error:
        # Some CRMs have no call without a number; that it says so is all that is wanted.
        raise SkippedError(f"the CRM takes none: {error}") from error
    await bench.expect(activity, 1)
    return None


async def _missed(bench: Bench) -> str | None:
    activity = bench.call(23, answered_at=None, talk_s=None, outcome="abandoned")
    await bench.put(activity, None)
    await bench.expect(activity, 1)
    return None


async def _owner(bench: Bench) -> str | None:
    activity = bench.call(24, owner=await bench.user())
    await bench.put(activity, None)
    await bench.expect(activity, 1)
    return None


async def _contact_of_call(bench: Bench) -> str | None:
    activity = bench.call(25, contact=await bench.contact())
    await bench.put(activity, None)
    await bench.expect(activity, 1)
    return None


async def _contact_once(bench: Bench) -> str | None:
    first = await bench.contact()
    again = await bench.contact()
    if first.id != again.id:
        raise BrokenError(f"the same number became {first.id} and {again.id}: look for the number first")
    return first.url


async def _users(bench: Bench) -> str | None:
    adapter: ListsUsers = bench.needs(CrmAbility.USERS, ListsUsers)
    users = await adapter.users()
    ids = [user.id for user in users]
    if len(set(ids)) < len(ids) or not all(ids):
        raise BrokenError("two users have one id, or one has none")
    return f"{len(users)} users, {sum(1 for user in users if user.extension)} with an extension"


async def _recording(bench: Bench) -> str | None:
    adapter: KeepsRecordings = bench.needs(CrmAbility.RECORDINGS, KeepsRecordings)
    activity = bench.call(30)
    memo = await adapter.attach_recording(activity, await bench.put(activity, None), Sound())
    again = await adapter.attach_recording(activity, memo, Sound())
    bench.calls[activity.call_id] = (activity, again)
    if again != memo:
        raise BrokenError("the second time the memo is another: keep in it that the sound is there")
    await bench.expect(activity, 1)
    return None


async def _ticket(bench: Bench) -> str | None:
    adapter: MakesTickets = bench.needs(CrmAbility.TICKETS, MakesTickets)
    activity = bench.call(40)
    await bench.put(activity, None)
    contact = await bench.contact() if CrmAbility.CONTACTS in bench.abilities else None
    new = NewTicket(title=f"{NAME} ticket", text=HARD_TEXT, contact=contact, call_id=activity.call_id, number=bench.number(0))
    first = await adapter.make_ticket(new)
    bench.left.append(f"ticket {first.id}")
    again = await adapter.make_ticket(new)
    if first.id != again.id:
        raise BrokenError(f"one call became the tickets {first.id} and {again.id}: look for its id first")
    return first.url


async def _withdrawn(bench: Bench) -> str | None:
    adapter: WithdrawsCalls = bench.needs(CrmAbility.WITHDRAW_CALLS, WithdrawsCalls)
    activity = bench.call(50)
    memo = await bench.put(activity, None)
    await adapter.withdraw_call(activity, memo)
    await bench.expect(activity, 0)
    await adapter.withdraw_call(activity, memo)
    bench.calls.pop(activity.call_id)
    return None


async def _cards(bench: Bench) -> str | None:
    adapter: PopsCards = bench.needs(CrmAbility.POP, PopsCards)
    user = await bench.user()
    activity = bench.call(60, stage=CallStage.RINGING, owner=user, extension=user.extension)
    memo: str | None = await bench.put(activity, None) if CrmAbility.CALLS in bench.abilities else None
    memo = await adapter.pop(activity, user, memo) or memo
    await adapter.unpop(activity, user, memo)
    return None


async def _wrong_key(bench: Bench) -> str | None:
    with suppress(ConfigurationError):
        stranger = bench.make("wrong key")
        if stranger is None:
            raise SkippedError("its settings have no secret")
        try:
            await stranger.check()
        except CrmDeniedError as error:
            return str(error)
        except CrmError as error:
            raise BrokenError(f"it is {type(error).__name__}, not CrmDeniedError: {error}") from error
        finally:
            await stranger.close()
        raise BrokenError("check succeeded with a wrong key: let it ask something that needs the key")
    return "refused before anything was asked"


async def _unreachable(bench: Bench) -> str | None:
    away = bench.make("unreachable")
    if away is None:
        raise SkippedError("its settings have no address")
    began = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(UNREACHABLE_S):
            await away.check()
    except CrmUnavailableError as error:
        return f"{error} (after {asyncio.get_running_loop().time() - began:.1f} s)"
    except TimeoutError as error:
        raise BrokenError(f"it still waited after {UNREACHABLE_S:g} s: bound each request") from error
    except CrmError as error:
        raise BrokenError(f"it is {type(error).__name__}, not CrmUnavailableError: {error}") from error
    finally:
        await away.close()
    raise BrokenError("check succeeded where no CRM is")


RULES: Final = (
    Rule("check", "it says who it is", "the operator sees at once whether address, key and rights are right", _check),
    Rule("wrong_key", "a wrong key is CrmDeniedError", "the operator is told to change the key; nothing is lost", _wrong_key),
    Rule("unreachable", "a CRM that is away is CrmUnavailableError, soon", "calls wait for it and are told later", _unreachable),
    Rule("users", "users have ids of their own", "calls get to who took them", _users),
    Rule("contact_once", "a contact is made once", "two clicks make no two customers", _contact_once),
    Rule("find", "a caller is found however his number is written", "agents see who calls", _found_in_all_forms),
    Rule("no_false_match", "another digit is another caller", "nobody's card is shown to a stranger", _nobody_else),
    Rule("unknown", "an unknown number is nobody, and no error", "most callers are unknown", _nobody),
    Rule("one_activity", "a call is one activity from ring to transcript", "timelines stay readable", _one_activity),
    Rule("repeated", "the same again changes nothing", "messages are sent again after every doubt", _repeated),
    Rule("lost_answer", "a lost answer makes no second activity", "lines break, gateways are started anew", _lost_answer),
    Rule("at_once", "calls at once are kept apart", "a busy hour has hundreds", _several_at_once),
    Rule("unknown_call", "a call that it never had has no activity", "counting proves that nothing is doubled", _unknown_call),
    Rule("hard_texts", "emoji, HTML, quotes and control characters break nothing", "people write anything", _hard_texts),
    Rule("long_note", "a note of 10,000 characters is kept or cut", "transcripts are long", _long_note),
    Rule("withheld", "a call without a number is kept", "some callers hide it", _withheld),
    Rule("missed", "a call that nobody answered is kept", "those are the ones to ring back", _missed),
    Rule("owner", "a call has an owner", "it stands in his list", _owner),
    Rule("contact", "a call has a contact", "it stands on his card", _contact_of_call),
    Rule("recording", "a recording is attached once, though asked twice", "sounds are large", _recording),
    Rule("ticket", "a call has one ticket", "nobody works on one thing twice", _ticket),
    Rule("withdrawn", "an activity is taken away, twice without an error", "parts of a transfer become one call", _withdrawn),
    Rule("cards", "a card is shown and taken off", "the caller is on the screen while it rings", _cards),
)
