"""What real CRMs were asked and answered, as it was recorded."""

import json
from pathlib import Path
from typing import Any, Final

from support.crm import Answered

FOLDER: Final = Path(__file__).parent.parent / "captures" / "crm"


def captured(crm: str, name: str | None = None) -> list[dict[str, Any]]:
    """Return the exchanges recorded of a CRM, or the one of this name."""
    files = sorted((FOLDER / crm).glob("*.json" if name is None else f"*-{name}.json"))
    assert files, f"nothing is recorded of {crm} {name}"
    return [json.loads(file.read_text("utf-8")) for file in files]


def answered(exchange: dict[str, Any]) -> Answered:
    """Return what the CRM answered then."""
    response = exchange["response"]
    body = response["body"]
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    kept = {name: value for name, value in response["headers"].items() if name.lower() in ("content-type", "x-status-reason")}
    return Answered(status=response["status"], body=raw, headers=kept)
