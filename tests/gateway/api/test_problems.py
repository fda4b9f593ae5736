import ast
import json
import re
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from aiohttp import web

from gateway.api.problems import CONTENT_TYPE, ApiError, bad_parameter, internal, not_found, of_http, unauthenticated
from gateway.model.refusals import Refusal


def test_a_problem_is_a_problem_document() -> None:
    response = bad_parameter("limit", "'x' is no number").response()

    assert (response.status, response.content_type) == (400, CONTENT_TYPE)
    assert json.loads(response.body or b"") == {  # type: ignore[arg-type]  # bytes here
        "type": "urn:tieline:problem:bad-parameter",
        "title": "A parameter cannot be used",
        "status": 400,
        "detail": "limit: 'x' is no number",
        "parameter": "limit",
    }


def test_what_the_web_server_refuses_is_a_problem_too() -> None:
    refused = of_http(web.HTTPMethodNotAllowed("POST", ["GET"]), "/api/v1/calls")
    assert (refused.status, refused.kind) == (405, "method-not-allowed")

    missing = of_http(web.HTTPNotFound(), "/nowhere")
    assert (missing.kind, missing.detail) == (not_found("").kind, "There is nothing at /nowhere.")


def test_a_fault_of_ours_tells_nothing_of_its_cause() -> None:
    assert internal().document()["detail"] == "The gateway failed at this request; its log says how."


TOP: Final = Path(__file__).parents[3]
OF_THE_WEB_SERVER: Final = frozenset({of_http(web.HTTPMethodNotAllowed("POST", ["GET"]), "/").kind, "request-entity-too-large"})
OF_TOKENS: Final = (
    ("token-missing", unauthenticated("no token was shown")),
    ("token-refused", unauthenticated("it has expired", fault="invalid_token")),
)
LISTED: Final = re.findall(r"(?m)^\| `([a-z-]+)` \| (\d{3}) \|", (TOP / "docs" / "problems.md").read_text(encoding="utf-8"))


@cache
def told() -> dict[str, int | None]:
    """Kinds of problems that stand in the code, with their statuses where they stand beside them."""
    found: dict[str, int | None] = {kind.value: None for kind in Refusal}
    for module in (TOP / "gateway" / "api").glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("ApiError", "_error"):
                status, kind = (arg.value if isinstance(arg, ast.Constant) else None for arg in node.args[:2])
                if isinstance(kind, str):
                    assert isinstance(status, int)
                    found[kind] = status
    return found


def test_the_list_has_every_kind_and_no_other() -> None:
    kinds = [kind for kind, _ in LISTED]

    assert kinds == sorted(kinds)
    assert set(kinds) == told().keys() | OF_THE_WEB_SERVER | {kind for kind, _ in OF_TOKENS}


@pytest.mark.parametrize(("kind", "status"), LISTED)
def test_the_list_has_the_status_of_each(kind: str, status: str) -> None:
    assert told().get(kind) in (None, int(status))


@pytest.mark.parametrize(("kind", "problem"), OF_TOKENS)
def test_a_missing_token_and_a_wrong_one_are_two_kinds(kind: str, problem: ApiError) -> None:
    assert (problem.kind, problem.status) == (kind, 401)
