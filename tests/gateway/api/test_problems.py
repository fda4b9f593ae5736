import json

from aiohttp import web

from gateway.api.problems import CONTENT_TYPE, bad_parameter, internal, not_found, of_http


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
