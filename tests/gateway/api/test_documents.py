from support.gateways import served
from support.replaying import CAPTURES

QUEUE = CAPTURES / "asterisk" / "22" / "queue_caller_hangs"


async def test_the_description_of_what_can_be_asked_is_served() -> None:
    async with served(QUEUE) as one:
        response = await one.client.get("/openapi.json")
        document = await response.json()

    assert (response.status, response.content_type) == (200, "application/json")
    assert document["openapi"].startswith("3.1")
    assert {"/api/v1/calls", "/readyz", "/openapi.json"} <= set(document["paths"])


async def test_the_description_of_what_is_told_is_served() -> None:
    async with served(QUEUE) as one:
        response = await one.client.get("/asyncapi.json")
        document = await response.json()

    assert (response.status, response.content_type) == (200, "application/json")
    assert document["asyncapi"] == "3.0.0"
    assert "call.answered" in document["components"]["messages"]
