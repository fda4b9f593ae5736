"""Reads the parameters of a request; what cannot be used is refused by name."""

from collections.abc import Container, Iterable

from aiohttp import web

from gateway.api.problems import bad_parameter


def known(request: web.Request, names: Container[str]) -> None:
    """Refuse parameters that do not exist, so that a misspelt filter does not silently return everything."""
    for name in request.query:
        if name not in names:
            raise bad_parameter(name, "there is no such parameter")


def choice(request: web.Request, name: str, choices: Iterable[str], default: str) -> str:
    """Read a parameter that is one of some words."""
    text = request.query.get(name, default)
    if text not in choices:
        raise bad_parameter(name, f"{text!r} is none of {', '.join(choices)}")
    return text


def number(request: web.Request, name: str, *, least: int, most: int, default: int) -> int:
    """Read a whole number."""
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 18 and least <= int(text) <= most):
        raise bad_parameter(name, f"{text!r} is no whole number from {least} to {most}")
    return int(text)


def words(request: web.Request, name: str, *, most: int) -> list[str] | None:
    """Read a list of words with commas between them; None without the parameter."""
    text = request.query.get(name)
    if text is None:
        return None
    found = [word for word in text.split(",") if word]
    if len(found) > most:
        raise bad_parameter(name, f"{len(found)} are too many: {most} at once")
    return found
