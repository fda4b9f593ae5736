"""Fetches secrets from where the configuration says that they are: it names them, it does not hold them."""

import os
import re
from pathlib import Path
from typing import Any, Final

from gateway.model.errors import ConfigurationError
from gateway.model.secret import Secret

MAX_SECRET_BYTES: Final = 64 * 1024
"""Of a secret's file; the largest are private keys."""

REFERENCE: Final = re.compile(r"\$\{(?P<kind>env|file):(?P<where>[^}]+)\}")
_HOW: Final = "Write ${env:NAME} or ${file:/path}"


class SecretError(ConfigurationError, ValueError):
    """A secret cannot be had; the operator must act. A ValueError too, which is what a decoder may meet."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(f"{what}. {cure}")
        self.what = what
        self.cure = cure


def resolve(text: Any) -> Secret:
    """Return the secret that ``${env:NAME}`` or ``${file:/path}`` names; a file's last line end is not part of it.

    Raises:
        SecretError: It is written out, or is not where the text says. The text never holds the secret.
    """
    if not isinstance(text, str) or not text:
        raise SecretError("no secret is named", _HOW)
    found = REFERENCE.fullmatch(text)
    if found is None:
        raise SecretError("a secret is written out", f"{_HOW}: configuration files are copied and mailed")
    where = found["where"]
    if found["kind"] == "env":
        secret = os.environ.get(where, "")
        if not secret:
            raise SecretError(f"the environment has no {where}", f"Set it where the gateway is started: {where}=...")
        return Secret(secret)
    return Secret(_from_file(Path(where)))


def _from_file(file: Path) -> str:
    if not file.is_absolute():
        raise SecretError(f"{file} is no whole path", "Begin it with a slash")
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_SECRET_BYTES + 1)
        text = content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise SecretError(f"{file} cannot be read: {error.strerror}", "Put the secret there, readable for this user") from error
    except UnicodeDecodeError as error:
        raise SecretError(f"{file} is no text", "Put the secret there as plain text") from error
    if len(content) > MAX_SECRET_BYTES or not text:
        raise SecretError(f"{file} is empty or over {MAX_SECRET_BYTES // 1024} KiB", "Put the secret there, and nothing else")
    return text
