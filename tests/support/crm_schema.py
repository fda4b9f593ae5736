"""Holds what an adapter says against its vendor's OpenAPI: paths, query parameters and bodies, requests and answers.

The vendor's schemas say of few objects that nothing else may stand in them; :func:`closed` says it of all that list their
properties, so that a key with a typing error is found too.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec
from jsonschema import Draft202012Validator

SPECS: Final = Path(__file__).parent.parent / "captures" / "crm"


class Spec:
    """Some OpenAPI files of a vendor's as one."""

    def __init__(self, folder: Path) -> None:
        self._operations: list[tuple[re.Pattern[str], str, dict[str, Any], dict[str, Any]]] = []
        for file in sorted(folder.glob("*.json")):
            whole = msgspec.json.decode(file.read_bytes())
            for path, methods in whole["paths"].items():
                pattern = re.compile(
                    "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", path))
                )
                for method, operation in methods.items():
                    self._operations.append((pattern, method.upper(), operation, whole["components"]))

    def wrongs_of_request(self, method: str, path: str, body: bytes) -> list[str]:
        """Return what a request does that the vendor's API has not; ``path`` with its query."""
        parts = urlsplit(path)
        operation, components = self._operation(method, parts.path)
        if operation is None:
            return [f"there is no {method} {parts.path}"]
        asked = [each for each in operation.get("parameters", []) if each["in"] == "query"]
        wrongs = [f"{name} is no parameter" for name, _ in parse_qsl(parts.query) if name not in {each["name"] for each in asked}]
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        wrongs += [
            f"the parameter {each['name']} is missing" for each in asked if each.get("required") and each["name"] not in given
        ]
        wanted = operation.get("requestBody")
        if wanted is None:
            return wrongs + (["it has a body"] if body else [])
        schema = wanted["content"]["application/json"]["schema"]
        return wrongs + list(_wrongs(schema, components, msgspec.json.decode(body)))

    def wrongs_of_answer(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """Return what an answer says that the vendor's API does not."""
        operation, components = self._operation(method, urlsplit(path).path)
        if operation is None:
            return [f"there is no {method} {path}"]
        said = operation["responses"].get(str(status)) or operation["responses"].get("default")
        if said is None:
            return [f"status {status} is none of it"]
        if "$ref" in said:
            said = components["responses"][said["$ref"].rsplit("/", 1)[1]]
        content = said.get("content", {})
        if not content:
            return [] if body is None else ["it has a body"]
        schema = next(iter(content.values()))["schema"]
        return list(_wrongs(schema, components, body))

    def _operation(self, method: str, path: str) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        fitting = [each for each in self._operations if each[1] == method and each[0].fullmatch(path)]
        # ".../search" before ".../{callId}".
        fitting.sort(key=lambda each: each[0].pattern.count("[^/]+"))
        return (fitting[0][2], fitting[0][3]) if fitting else (None, {})


def closed(schema: Any) -> Any:
    """Return a schema in which objects that list their properties take no others; a map (``additionalProperties``) stays one."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    # OpenAPI's "example" means nothing to a validator, and may hold anything.
    said = {key: closed(each) for key, each in schema.items() if key != "example"}
    listed = schema.get("type") == "object" and isinstance(schema.get("properties"), dict) and schema["properties"]
    return said | {"additionalProperties": False} if listed and "additionalProperties" not in schema else said


def _wrongs(schema: dict[str, Any], components: dict[str, Any], body: Any) -> Iterator[str]:
    whole = {**closed(schema), "components": closed(components)}
    for error in Draft202012Validator(whole).iter_errors(body):
        yield f"{error.json_path}: {error.message}"
