"""A password or key that shows itself nowhere by accident."""

from typing import NoReturn


class Secret:
    """Text that ``repr``, ``str``, f-strings, logs and pickles do not give away; :meth:`reveal` does, on purpose."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text, to hand to the peer that it is for."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not written anywhere")
