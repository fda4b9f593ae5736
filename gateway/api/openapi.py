"""The OpenAPI document, made of the operations as they are declared: what is served and what is described cannot differ.

Source: OpenAPI Specification 3.1.1 (spec.openapis.org/oas), JSON Schema 2020-12.
"""

import inspect
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from gateway.api.operations import Media, Operation, may_be_left_out
from gateway.api.problems import CONTENT_TYPE, PROBLEM_PREFIX, Problem
from gateway.api.records import CallRecord, MergedCall

SCHEMAS: Final = "#/components/schemas/{name}"
_REFERRED: Final = (Problem, CallRecord, MergedCall)
"""Types that others refer to by name."""
_ALWAYS: Final = (400, 401, 403, 421, 429, 500)
"""Problems that every operation may have: a wrong parameter, nobody we know, not allowed, a name that is not ours, too many
requests, a fault of ours."""
_OF_BODIES: Final = (413, 415, 422)
_PART_OF_PATH: Final = re.compile(r"\{(\w+)(:[^}]*)?\}")


def openapi(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """Return the document that describes these operations, of the product's ``version``."""
    schemas = _Schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(path_of(each), {})[each.method.lower()] = _operation(each, schemas)
    statuses = sorted({status for each in operations for status in _statuses(each)})
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Tieline",
            "version": version,
            "summary": "Calls of every connected telephone system, told and steered in one model",
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": {f"Problem{status}": _problem(status) for status in statuses},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "What `tieline token` prints."},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "tieline",
                    "description": "A person who has signed in by `POST /api/v1/session`; over TLS it is `__Host-tieline`. What "
                    "changes something must carry the header `X-Tieline: page` as well.",
                },
            },
        },
        "security": [{"token": []}, {"session": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(each.tag for each in operations)],
    }


class _Schemas:
    """The schemas of all types, each under the name that it has beside the others."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        bodies = [each.body for each in operations if each.body is not None]
        answers = [kind for each in operations for kind in each.answers.values()]
        told = [*_REFERRED, *bodies, *(kind for kind in answers if kind is not None and not isinstance(kind, Media))]
        kinds = [*told, *(each.query for each in operations)]
        schemas, self.components = msgspec.json.schema_components(kinds, ref_template=SCHEMAS)
        self._of: dict[int, dict[str, Any]] = {id(kind): schema for kind, schema in zip(kinds, schemas, strict=True)}
        # Parameters stand one by one where they belong.
        queries = {id(kind): self._of[id(kind)]["$ref"].rpartition("/")[2] for kind in kinds[len(told) :]}
        self._queries: dict[int, dict[str, Any]] = {kind: self.components.pop(name) for kind, name in queries.items()}

    def of(self, kind: Any) -> dict[str, Any]:
        """Return the schema of a body."""
        return self._of[id(kind)]

    def query(self, kind: type[msgspec.Struct]) -> dict[str, Any]:
        """Return the schema of an operation's parameters."""
        return self._queries[id(kind)]


def path_of(operation: Operation) -> str:
    """Return the operation's path as the document writes it."""
    return _PART_OF_PATH.sub(r"{\1}", operation.path)


def operation_id(operation: Operation) -> str:
    """Return the operation's name, for those who make client code of the document: ``get_calls_by_call_id``."""
    path = _PART_OF_PATH.sub(r"by_\1", operation.path.removeprefix("/api/v1/"))
    return "_".join([operation.method.lower(), *re.findall(r"\w+", path)])


def _operation(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation_id(operation),
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": _TEXT}
                for name, _ in _PART_OF_PATH.findall(operation.path)
            ),
            *_query_parameters(schemas.query(operation.query)),
            *(
                {
                    "name": each.name,
                    "in": "header",
                    "required": each.required,
                    "description": each.description,
                    "schema": _TEXT,
                }
                for each in operation.headers
            ),
        ],
        "responses": _responses(operation, schemas),
    }
    takes = [] if operation.scope is None else [f"It takes the scope `{operation.scope}`."]
    described["description"] = "\n\n".join([inspect.getdoc(operation.handler) or f"{operation.summary}.", *takes])
    if operation.body is not None:
        content: dict[str, Any] = {"schema": schemas.of(operation.body)}
        if operation.examples:
            content["examples"] = {name: {"value": value} for name, value in operation.examples.items()}
        described["requestBody"] = {"required": not may_be_left_out(operation.body), "content": {"application/json": content}}
    if operation.open:
        described["security"] = [{}, {"token": []}, {"session": []}]
    return described


def _query_parameters(struct: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for name, told in struct["properties"].items():
        schema = _without_null(told)
        parameter: dict[str, Any] = {"name": name, "in": "query", "required": name in struct.get("required", ())}
        if "description" in schema:
            parameter["description"] = schema["description"]
        if schema.get("type") == "array":
            parameter |= {"style": "form", "explode": False}
        found.append(parameter | {"schema": {key: value for key, value in schema.items() if key != "description"}})
    return found


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter that may be left out: a query has no null."""
    kinds = schema.get("anyOf", [])
    others = [kind for kind in kinds if kind != {"type": "null"}]
    if len(others) == len(kinds):
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf" and (key != "default" or value is not None)}
    return rest | (others[0] if len(others) == 1 else {"anyOf": others})


def _responses(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, answered in sorted(operation.answers.items()):
        answers[str(status)] = {"description": HTTPStatus(status).phrase}
        if isinstance(answered, Media):
            answers[str(status)]["content"] = {media: {} for media in answered.types}
        elif answered is not None:
            content: dict[str, Any] = {"schema": schemas.of(answered)}
            if operation.example is not None and status < 300:
                content["example"] = operation.example
            answers[str(status)]["content"] = {"application/json": content}
    for status in _statuses(operation):
        if str(status) in answers:
            answers[str(status)]["content"] |= _problem(status)["content"]
        else:
            answers[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    return answers


def _statuses(operation: Operation) -> list[int]:
    bodies = _OF_BODIES if operation.body is not None else ()
    return sorted({*_ALWAYS, *bodies, *operation.problems})


def _problem(status: int) -> dict[str, Any]:
    phrase = HTTPStatus(status).phrase
    example = {
        "type": f"{PROBLEM_PREFIX}{_EXAMPLES.get(status, 'kind-of-problem')}",
        "title": phrase,
        "status": status,
        "detail": "What it was this time, for a person.",
    }
    schema = {"$ref": SCHEMAS.format(name=Problem.__name__)}
    return {"description": phrase, "content": {CONTENT_TYPE: {"schema": schema, "example": example}}}


_TEXT: Final = {"type": "string", "minLength": 1}
_EXAMPLES: Final = {
    400: "bad-parameter",
    403: "scope-missing",
    404: "not-found",
    415: "not-json",
    421: "wrong-host",
    422: "bad-body",
    500: "internal",
    503: "store-unavailable",
}
"""A kind of problem that goes with the status."""
_INTRODUCTION: Final = """\
A command is answered by 202 when the PBX took it; what came of it is told by events (`/api/v1/events`, described at \
`/asyncapi.json`). Times are UTC, RFC 3339; seconds are numbers. A field that is not known is null or absent, never guessed.

Errors are problem documents (RFC 9457) with a `type` that stays. A parameter that does not exist is refused, so that a misspelt \
filter does not return everything."""
