from typing import Annotated, Any

import msgspec
import pytest
from aiohttp import web
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from support.replaying import CAPTURES, records

from gateway.api.examples import CALL, CALLS
from gateway.api.openapi import openapi, operation_id
from gateway.api.operations import Asked, Header, Media, Operation
from gateway.api.records import Shown
from gateway.model.principals import Scope


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A filter."""

    who: Annotated[str | None, msgspec.Meta(description="Whose.")] = None
    ids: tuple[int, ...] = ()
    size: Annotated[int, msgspec.Meta(ge=1)] = 5


class Order(msgspec.Struct, frozen=True, kw_only=True):
    number: str


async def handler(_asked: Asked[Any, Any]) -> web.Response:
    """Do it, whatever it is."""
    return web.Response()


READ = Operation(
    method="GET",
    path=r"/api/v1/things/{name}/{part:\d+}",
    handler=handler,
    summary="Read a part",
    tag="things",
    scope=Scope.CALLS_READ,
    query=Wanted,
    answers={200: Order, 204: None},
    example={"number": "1"},
    problems=(404,),
)
WRITE = msgspec.structs.replace(
    READ,
    method="POST",
    path="/api/v1/things",
    scope=None,
    open=True,
    body=Order,
    examples={"one": {"number": "1"}},
    headers=(Header(name="Idempotency-Key", description="Yours.", required=True),),
    answers={202: Shown, 503: Order},
    example=CALL,
    problems=(503,),
)
SOUND = msgspec.structs.replace(READ, path="/sound", answers={200: Media(("audio/wav", "audio/ogg"))})


def described(*operations: Operation) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(openapi(operations, "1.2.3")))
    OpenAPIV31SpecValidator(document).validate()
    return document


def test_what_is_asked_is_described() -> None:
    document = described(READ)
    operation = document["paths"]["/api/v1/things/{name}/{part}"]["get"]
    parameters = {each["name"]: each for each in operation["parameters"]}

    assert operation["operationId"] == operation_id(READ) == "get_things_by_name_by_part"
    assert operation["description"] == "Do it, whatever it is.\n\nIt takes the scope `calls:read`."
    assert [(name, each["in"], each["required"]) for name, each in parameters.items()] == [
        ("name", "path", True),
        ("part", "path", True),
        ("who", "query", False),
        ("ids", "query", False),
        ("size", "query", False),
    ]
    assert parameters["who"] == {
        "name": "who",
        "in": "query",
        "required": False,
        "description": "Whose.",
        "schema": {"type": "string"},
    }
    assert (parameters["ids"]["style"], parameters["ids"]["explode"]) == ("form", False)
    assert parameters["size"]["schema"] == {"type": "integer", "minimum": 1, "default": 5}
    assert "Wanted" not in document["components"]["schemas"]
    assert document["info"]["version"] == "1.2.3"


def test_what_is_answered_is_described_with_every_problem() -> None:
    responses = described(READ)["paths"]["/api/v1/things/{name}/{part}"]["get"]["responses"]

    assert list(responses) == ["200", "204", "400", "401", "403", "404", "421", "429", "500"]
    assert responses["200"]["content"]["application/json"] == {
        "schema": {"$ref": "#/components/schemas/Order"},
        "example": {"number": "1"},
    }
    assert "content" not in responses["204"]
    assert responses["404"] == {"$ref": "#/components/responses/Problem404"}


def test_what_is_sent_is_described() -> None:
    operation = described(READ, WRITE)["paths"]["/api/v1/things"]["post"]

    assert operation["requestBody"]["content"]["application/json"] == {
        "schema": {"$ref": "#/components/schemas/Order"},
        "examples": {"one": {"value": {"number": "1"}}},
    }
    assert operation["security"] == [{}, {"token": []}, {"session": []}]
    assert {"413", "415", "422"} <= set(operation["responses"])
    assert set(operation["responses"]["503"]["content"]) == {"application/json", "application/problem+json"}
    assert [each["required"] for each in operation["parameters"] if each["in"] == "header"] == [True]


def test_what_is_not_json_is_named() -> None:
    assert described(SOUND)["paths"]["/sound"]["get"]["responses"]["200"]["content"] == {"audio/wav": {}, "audio/ogg": {}}


def test_two_types_of_one_name_are_two_schemas() -> None:
    other = msgspec.defstruct("Order", [("colour", str)], module="elsewhere")
    wanted = msgspec.defstruct("Wanted", [("colour", str)], module="elsewhere")
    document = described(READ, msgspec.structs.replace(WRITE, body=other, query=wanted))
    operation = document["paths"]["/api/v1/things"]["post"]
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]

    assert list(document["components"]["schemas"][name]["properties"]) == ["colour"]
    assert [each["name"] for each in operation["parameters"] if each["in"] == "query"] == ["colour"]


def test_the_example_is_what_a_recorded_pbx_makes() -> None:
    (record,) = records(CAPTURES / "asterisk" / "22" / "queue_caller_hangs")
    schema = described(WRITE)["components"]

    assert record == CALL
    assert CALLS["calls"] == [CALL]
    Draft202012Validator({"$ref": "#/components/schemas/CallRecord", "components": schema}).validate(CALL)


@pytest.mark.parametrize("operation", [READ, WRITE, SOUND], ids=lambda each: each.path)
def test_every_operation_tells_its_problems_by_one_schema(operation: Operation) -> None:
    problems = described(operation)["components"]["responses"]

    assert problems
    for problem in problems.values():
        content = problem["content"]["application/problem+json"]
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert content["example"]["type"].startswith("urn:tieline:problem:")
