from msgspec.structs import replace
from support.dialog_scripts import Turn
from support.dialogs import said, shop, wish
from support.itr_talks import PlayedSystems
from support.voice_talks import QUIET, Caller, keys, talked, unheard, words

from gateway.model.errors import CommandRefusedError, CommandUnansweredError
from gateway.ports.speech import Heard, SpeechProblem
from ivr.meaning import GlobalWord
from ivr.voice.listener import Words
from ivr.voice.settings import VoiceSettings

SAID = {
    "to sales please": said(wish("sales")).meaning,
    "a refund": said(wish("refund")).meaning,
    "the bill": said(wish("bill")).meaning,
    "my plan": said(wish("plan")).meaning,
    "yes": said(word=GlobalWord.YES).meaning,
    "no": said(word=GlobalWord.NO).meaning,
    "a human": said(word=GlobalWord.HUMAN).meaning,
    "退款": said(wish("refund"), language="zh").meaning,
}


async def test_who_says_where_he_wishes_to_go_is_sent_there_with_what_is_known() -> None:
    caller = Caller(words("to sales please"))
    counted = await talked(shop(), caller, SAID)
    assert caller.heard[0][:2] == ["Welcome.", "For tracking, press 1."]
    assert caller.sent is not None
    to, context = caller.sent
    assert to == "5200"
    assert context["path"].endswith("sales")
    assert "> to sales please" in context["transcript"]
    assert "< Welcome." in context["transcript"]
    assert counted["outcome", "handed_over"] == 1
    assert counted["node", "sales"] == 1


async def test_keys_lead_step_by_step_as_they_always_did() -> None:
    caller = Caller(keys("2"), keys("1"))
    counted = await talked(shop(), caller)
    assert caller.heard[1][0] == "Your account."
    assert caller.heard[2] == ["The bill is 20.", "Is there anything else I can do for you?"]
    assert counted["outcome", "gone"] == 1


async def test_an_order_number_is_read_back_before_it_is_used_and_can_be_corrected() -> None:
    caller = Caller(words("a refund"), words("SF12345678"), words("no SF12345679"), words("yes"))
    await talked(shop(), caller, SAID)
    asked = [turn[0] for turn in caller.heard if turn]
    assert asked[2] == "I heard order S F one two three four, five six seven eight."
    assert asked[3] == "I heard order S F one two three four, five six seven nine."
    assert asked[4] == "Refunded S F one two three four, five six seven nine."


async def test_a_value_that_was_heard_wrongly_is_asked_anew_and_by_keys_too() -> None:
    caller = Caller(words("a refund"), words("SF12345678"), keys("2"))
    await talked(shop(), caller, SAID)
    assert caller.last[0] == "SF and eight digits?"
    quiet = Caller(words("a refund"), words("SF12345678"), QUIET)
    await talked(shop(), quiet, SAID)
    assert quiet.last[:2] == ["I did not hear you.", "Which order?"]
    leaves = Caller(words("a refund"), words("SF12345678"), words("a human"))
    await talked(shop(), leaves, SAID)
    assert leaves.sent is not None
    assert leaves.sent[0] == "5100"


async def test_what_was_heard_poorly_is_asked_about_as_choices() -> None:
    caller = Caller(words("the bill", confidence=0.5), words("yes"))
    await talked(shop(), caller, SAID)
    assert caller.heard[1] == ["Did you mean: the bill?"]
    assert caller.heard[2][0] == "The bill is 20."
    other = Caller(words("the bill", confidence=0.5), keys("2"))
    await talked(shop(), other, SAID)
    assert other.heard[2][0] == "Sorry, I did not get that."


async def test_what_it_may_have_been_instead_counts_where_it_means_nothing() -> None:
    heard = Words(Heard(text="the pill", confidence=0.9, alternatives=("the hill", "the bill")))
    caller = Caller(heard)
    await talked(shop(), caller, SAID)
    assert caller.last[0] == "The bill is 20."


async def test_when_no_engine_hears_the_caller_gets_keys_and_not_silence() -> None:
    caller = Caller(unheard(), keys("2"), unheard(), unheard(), keys("0"))
    counted = await talked(shop(), caller, SAID)
    assert caller.heard[1][0] == "I cannot follow speech just now."
    assert "For tracking, press 1." in caller.heard[1]
    assert counted["unheard", "busy"] == 3
    assert caller.sent is not None


async def test_an_engine_that_refuses_us_is_asked_no_more() -> None:
    caller = Caller(unheard(SpeechProblem.REFUSED), words("my plan"))
    await talked(shop(), caller, SAID)
    assert caller.last == ["Small or large?", "For small, press 1.", "For large, press 2."]


async def test_a_key_changes_the_language_at_any_level() -> None:
    settings = VoiceSettings(queues={"support": "5100", "sales": "5200"}, language_keys={"9": "zh"})
    caller = Caller(keys("9"), keys("2"))
    await talked(shop(), caller, SAID, settings)
    assert "中文请按9。" in caller.heard[0]
    assert caller.heard[1][0] == "欢迎。"
    assert caller.heard[2][0] == "您的账户。"


async def test_the_first_sentence_tells_the_language() -> None:
    caller = Caller(words("退款"))
    await talked(shop(), caller, SAID)
    assert [each.language for each in caller.wanted] == [None, "zh"]
    assert caller.last == ["哪个单号？"]


async def test_who_does_not_agree_is_served_by_keys_and_nothing_is_written_down() -> None:
    settings = VoiceSettings(queues={"support": "5100", "sales": "5200"}, consent="asked")
    caller = Caller(keys("2"), keys("3"))
    await talked(shop(), caller, SAID, settings)
    assert caller.heard[0][0].startswith("To serve you")
    assert caller.heard[1][0] == "All right, nothing you say is written down."
    assert caller.sent is not None
    assert caller.sent[1]["consent"] == "no"
    assert "transcript" not in caller.sent[1]

    agrees = Caller(words("yes"), words("to sales please"))
    await talked(shop(), agrees, SAID, settings)
    assert agrees.sent is not None
    assert agrees.sent[1]["consent"] == "yes"
    assert "to sales please" in agrees.sent[1]["transcript"]
    goes = Caller()
    assert await talked(shop(), goes, SAID, settings) == {("outcome", "gone"): 1}


async def test_a_caller_who_cannot_be_put_through_goes_to_a_human_or_back_to_the_pbx() -> None:
    caller = Caller(words("to sales please"))
    caller.faults = [CommandRefusedError("no such number")]
    counted = await talked(shop(), caller, SAID)
    assert caller.tried == ["5200", "5100"]
    assert counted["outcome", "handed_over"] == 1

    lost = Caller(words("to sales please"))
    lost.faults = [CommandRefusedError("no such number"), CommandRefusedError("nor that")]
    assert (await talked(shop(), lost, SAID))["outcome", "not_put_through"] == 1
    assert lost.last == ["I am sorry, I cannot put you through just now."]

    perhaps = Caller(words("to sales please"))
    perhaps.faults = [CommandUnansweredError("no answer came")]
    await talked(shop(), perhaps, SAID)
    assert perhaps.tried == ["5200"]


async def test_silence_ends_at_a_human_and_never_in_a_loop() -> None:
    caller = Caller(QUIET, QUIET, QUIET)
    await talked(shop(), caller, SAID)
    assert caller.sent is not None
    assert caller.sent[0] == "5100"


async def test_the_dialogs_end_hangs_up_after_the_goodbye() -> None:
    caller = Caller(words("the bill"), words("no"))
    counted = await talked(shop(), caller, SAID)
    assert caller.last == ["Thank you, goodbye."]
    assert caller.ended is not None
    assert counted["outcome", "served"] == 1


async def test_a_system_is_asked_while_he_waits() -> None:
    systems = PlayedSystems()
    systems.answer(Turn(answer={"status": "on its way"}))
    caller = Caller(keys("1"), keys("13800138000"))
    await talked(shop(), caller, SAID, systems=systems)
    assert caller.last[0] == "Your parcel is on its way."


async def test_what_is_secret_stays_out_of_the_transcript() -> None:
    dialog = shop(**{"needs: [size]": "needs: [pin, size]"})
    caller = Caller(words("my plan"), keys("4711"), keys("0"))
    await talked(dialog, caller, SAID)
    assert caller.sent is not None
    assert "4711" not in str(caller.sent)


async def test_who_comes_back_from_the_old_menu_is_told_so_and_goes_to_people() -> None:
    caller = Caller()
    caller.info = replace(caller.info, variables={"TIELINE_ASTRAY": "elsewhere"})
    await talked(shop(), caller, SAID)
    assert caller.heard[0] == ["I could not get you through to there.", "I am putting you through to a colleague."]
    assert caller.sent is not None
    assert caller.sent[0] == "5100"
