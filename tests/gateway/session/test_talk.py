import asyncio

from support.virtual_time import in_virtual_time

from gateway.model.conversations import ConversationId, Said, Visitor
from gateway.model.handover import Destination, Handover
from gateway.session.talk import Talk


class Noted:
    """Notes what is done."""

    def __init__(self) -> None:
        self.done: list[str] = []

    async def say(self, conversation: ConversationId, said: Said) -> None:
        self.done.append(said.text)

    async def give_to_people(self, conversation: ConversationId, destination: Destination, handover: Handover | None) -> None:
        self.done.append("handed over")

    async def end(self, conversation: ConversationId) -> None:
        self.done.append("ended")


@in_virtual_time
async def test_what_the_visitor_says_is_heard_in_order_and_cancelling_loses_nothing() -> None:
    talk = Talk(Noted(), ConversationId("c1"), Visitor(id="v1"))
    waiting = asyncio.create_task(talk.heard())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    talk.bring(Said(text="one"))
    talk.bring(Said(text="two"))
    heard = [await talk.heard(), await talk.heard()]
    assert [said.text for said in heard if said is not None] == ["one", "two"]


@in_virtual_time
async def test_what_comes_after_its_part_is_not_the_applications() -> None:
    noted = Noted()
    talk = Talk(noted, ConversationId("c1"), Visitor(id="v1"))
    await talk.say(Said(text="hello"))
    talk.bring(Said(text="one"))
    talk.over()
    assert await talk.heard() is None
    await talk.say(Said(text="too late"))
    await talk.hand_over(Destination(), Handover(summary="", language="en"))
    await talk.end()
    assert noted.done == ["hello"]
