"""All checks of a dialog, in the order of its lines."""

from gateway.model.yaml_text import Problem
from ivr.definition.reading import Definition
from ivr.lint.likeness import likeness_problems
from ivr.lint.ways import way_problems
from ivr.lint.wording import wording_problems
from ivr.understanding.embedding import Embedding


def lint(definition: Definition, embedding: Embedding | None = None) -> list[Problem]:
    """Return what is unwise in a dialog; what makes it unreadable was refused before. With an embedding it takes seconds."""
    found = [*way_problems(definition), *wording_problems(definition), *likeness_problems(definition, embedding)]
    return sorted(found, key=lambda problem: (str(problem.place.file), problem.place.line))
