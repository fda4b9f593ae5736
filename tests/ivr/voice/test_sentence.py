import asyncio

from ivr.voice.sentence import Sentence


async def test_pieces_are_read_while_they_come() -> None:
    sentence, read = Sentence(), list[bytes]()

    async def reads() -> None:
        async for piece in sentence:
            read.append(piece)

    reading = asyncio.create_task(reads())
    sentence.add(b"a")
    await asyncio.sleep(0)
    sentence.add(b"b")
    sentence.add(b"c")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not reading.done()
    sentence.end()
    await reading
    assert read == [b"a", b"b", b"c"]
