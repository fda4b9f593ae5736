"""What is wrong with the rules of who may reach which numbers, beyond what their types say."""

from collections.abc import Iterator

from gateway.model.dial_rules import DialRules, misspelt
from gateway.model.principals import Role
from gateway.settings.check import problem
from gateway.settings.file import Document, Problem


def dialling_problems(document: Document, rules: DialRules) -> Iterator[Problem]:
    """Yield each word that looks like a kind of number and is none: it would silently allow nothing, or refuse nothing."""
    for role in Role:
        its = rules.of(role)
        for key, patterns in (("allow", its.allow), ("deny", its.deny)):
            for position, pattern in enumerate(patterns):
                what = misspelt(pattern)
                if what is not None:
                    cure = "Write one of these, an E.164 number such as +8529*, or a number as it is dialled such as 8xxx"
                    yield problem(document, ("dialling", role, key, position), what, cure)
