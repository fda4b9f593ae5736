import pytest
from rig import sip
from rig.leg import Answer, Deflect, Reject, Ring
from rig.phone import Phone
from rig.referred import ReferredPhone
from support.sip_workers import HOST, RefusedError, SipWorker, trunk, until

from connectors.sip import wire
from connectors.sip.wire import CallState, DigitsBy

pytestmark = pytest.mark.live


async def test_call_that_comes_in_rings_is_answered_and_ended_by_its_caller(worker: SipWorker, phone: Phone) -> None:
    headers = sip.Headers().add("X-Ticket", "17").add("User-to-User", "4869;encoding=hex")
    leg = await phone.dial("8000", '"Li Na" <sip:+8613800138000@example.org>', headers)
    info = (await worker.until(wire.CallArrived)).info
    assert (info.local, info.remote, info.remote_name, info.account) == ("8000", "+8613800138000", "Li Na", "trunk")
    assert info.headers == (("X-Ticket", "17"), ("User-to-User", "4869;encoding=hex"))
    assert (info.sip_call_id, info.source) == (leg.call_id, f"127.0.0.1:{phone.port}")
    await worker.ask(wire.Ring(call=info.call))
    await leg.until_ringing()
    await worker.ask(wire.Answer(call=info.call))
    await leg.until_up()
    media = await worker.until(wire.MediaChanged, call=info.call)
    assert (media.active, media.codec, media.encrypted) == (True, "PCMU/8000", False)
    await worker.changed(info.call, CallState.CONNECTED)
    with pytest.raises(RefusedError, match="answered already"):
        await worker.ask(wire.Answer(call=info.call))
    await leg.hang_up()
    ended = await worker.changed(info.call, CallState.ENDED)
    assert (ended.code, ended.by_peer) == (200, True)
    with pytest.raises(RefusedError, match="is over"):
        await worker.ask(wire.HangUp(call=info.call))


async def test_call_that_comes_in_is_rejected_or_given_up(worker: SipWorker, phone: Phone) -> None:
    leg = await phone.dial("8000")
    call = (await worker.until(wire.CallArrived)).info.call
    await worker.ask(wire.Reject(call=call, code=486, cause=17))
    await leg.until_ended()
    assert leg.code == 486
    assert not (await worker.changed(call, CallState.ENDED)).by_peer
    leg = await phone.dial("8000")
    call = (await worker.until(wire.CallArrived)).info.call
    await worker.ask(wire.Ring(call=call))
    await leg.until_ringing()
    await leg.hang_up()
    ended = await worker.changed(call, CallState.ENDED)
    assert (ended.code, ended.by_peer) == (487, True)


async def test_call_is_placed_with_another_number_and_headers_and_we_end_it(worker: SipWorker, phone: Phone) -> None:
    phone.behaviour = Answer(0.1)
    call = await worker.place("1001", caller="400800", caller_name='A "B"', headers=(("X-Ticket", "17"),))
    leg = await phone.next_leg()
    assert leg.invite is not None
    assert (leg.dialled, leg.peer_number) == ("1001", "400800")
    assert leg.shown.startswith('"A \\"B\\"" <')
    assert (leg.invite.first("x-ticket"), sip.user_of(leg.invite.first("p-asserted-identity"))) == ("17", "400800")
    await worker.ask(wire.HangUp(call=call))
    await leg.until_ended()
    ended = await worker.changed(call, CallState.ENDED)
    assert (ended.code, ended.by_peer) == (200, False)


@pytest.mark.parametrize(
    ("behaviour", "code"), [(Reject(486), 486), (Reject(404, 0.1), 404), (Deflect("00882"), 302), (Reject(603), 603)]
)
async def test_call_that_is_refused_says_how_and_follows_nobody_elsewhere(
    worker: SipWorker, phone: Phone, behaviour: Reject | Deflect, code: int
) -> None:
    phone.behaviour = behaviour
    call = (await worker.ask(wire.Place(account="trunk", to="1001", reference="r"))).call
    assert call is not None
    ended = await worker.changed(call, CallState.ENDED)
    assert (ended.code, ended.by_peer) == (code, True)
    assert len(phone.legs) == 1


async def test_call_that_nobody_answers_is_given_up(worker: SipWorker, phone: Phone) -> None:
    phone.behaviour = Ring()
    call = (await worker.ask(wire.Place(account="trunk", to="1001", reference="r", ring_s=0.2))).call
    assert call is not None
    await worker.changed(call, CallState.ALERTING)
    ended = await worker.changed(call, CallState.ENDED)
    assert (ended.code, ended.by_peer) == (408, False)
    assert (await phone.next_leg()).state == "cancelled"


async def test_hold_is_told_whoever_holds(worker: SipWorker, phone: Phone) -> None:
    phone.behaviour = Answer(0.0)
    call = await worker.place()
    leg = await phone.next_leg()
    await leg.hold()
    assert (await worker.until(wire.HoldChanged, by_peer=True)).held
    await leg.resume()
    assert not (await worker.until(wire.HoldChanged, by_peer=True)).held
    await worker.ask(wire.Hold(call=call))
    assert (await worker.until(wire.HoldChanged, by_peer=False)).held
    with pytest.raises(RefusedError, match="held already"):
        await worker.ask(wire.Hold(call=call))
    await worker.until(wire.MediaChanged, active=False)
    await worker.ask(wire.Retrieve(call=call))
    await worker.until(wire.MediaChanged, active=True)


async def test_keys_are_heard_and_pressed(worker: SipWorker, phone: Phone) -> None:
    leg = await phone.dial("8000")
    call = (await worker.answered()).call
    await leg.until_up()
    await leg.press("1*#", 0.08, 0.06)
    heard = [await worker.until(wire.DigitHeard) for _ in range(3)]
    assert [(one.digit, one.by) for one in heard] == [("1", DigitsBy.RTP), ("*", DigitsBy.RTP), ("#", DigitsBy.RTP)]
    await worker.ask(wire.SendDigits(call=call, digits="42"))
    await until(lambda: leg.voice.digits == "42")


async def test_peer_is_referred_and_may_refer_nobody(worker: SipWorker, phone: Phone) -> None:
    leg = await phone.dial("8000")
    info = await worker.answered()
    await leg.until_up()
    assert await leg.refer("00882") == 603
    assert "00882" in (await worker.until(wire.ReferAsked, call=info.call)).to
    # The telephone does not know REFER: the transfer fails, and the call stays.
    await worker.ask(wire.Refer(call=info.call, to="1002", headers=(("X-Ticket", "17"),)))
    progress = await worker.until(wire.TransferProgress, call=info.call)
    assert (progress.code, progress.final) == (501, True)
    await worker.ask(wire.HangUp(call=info.call))
    await leg.until_ended()


@pytest.mark.parametrize("codes", [(100, 180, 200), (100, 180, 486), (100, 404), (603,)])
async def test_what_came_of_a_transfer_is_told_as_the_peer_tells_it(worker: SipWorker, codes: tuple[int, ...]) -> None:
    phone = ReferredPhone("1001", worker.address, HOST)
    await phone.open()
    phone.codes = codes
    await worker.configure(trunk(phone.port))
    leg = await phone.dial("8000")
    info = await worker.answered()
    await leg.until_up()
    await worker.ask(wire.Refer(call=info.call, to="1002", headers=(("X-Ticket", "17"),)))
    told = [await worker.until(wire.TransferProgress, call=info.call)]
    while not told[-1].final:
        told.append(await worker.until(wire.TransferProgress, call=info.call))
    # The answer to the REFER itself is told like a 100.
    assert [one.code for one in told if one.code != 202][-len(codes) :] == list(codes)
    assert phone.refer_to == f"<sip:1002@{HOST}:{phone.port}?X-Ticket=17>"
    if codes[-1] == 200:
        ended = await worker.changed(info.call, CallState.ENDED)
        assert (ended.code, ended.by_peer) == (200, False)
    else:
        # Who was not taken over is still ours.
        await worker.ask(wire.HangUp(call=info.call))
    await leg.until_ended()
    await phone.close()


async def test_peer_is_to_take_our_place_in_another_call(worker: SipWorker) -> None:
    phone = ReferredPhone("1001", worker.address, HOST)
    await phone.open()
    phone.behaviour = Answer(0.0)
    await worker.configure(trunk(phone.port))
    first, second = await worker.place("1001"), await worker.place("1002")
    legs = [await phone.next_leg() for _ in range(2)]
    await worker.ask(wire.ReferReplacing(call=first, other=second))
    assert (await worker.until(wire.TransferProgress, call=first, final=True)).code == 200
    assert f"Replaces={legs[1].call_id}" in phone.refer_to
    assert (await worker.changed(first, CallState.ENDED)).code == 200
    # Who takes the place ends the other call; this telephone does not.
    await worker.ask(wire.HangUp(call=second))
    await legs[1].until_ended()
    await phone.close()
