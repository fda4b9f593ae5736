"""Which product of a catalogue suits what a person told, and what is still worth asking. Pure.

A product is out of the question where a told value lies outside its ``at_least``, ``at_most`` or ``only``. Of what is left the
one with the most ``points`` is best, summed over all told slots; of equally good ones the first of the catalogue.
"""

from collections.abc import Mapping, Sequence
from itertools import product as combinations

from ivr.definition.values import Catalogue, Fit, Product, Slot, SlotKind


def suiting(catalogue: Catalogue, told: Mapping[str, str]) -> tuple[Product, ...]:
    """Return the products that are not out of the question, best first; ``told`` has values by slot."""
    fitting = [each for each in catalogue.products if all(_may_be(fit, told.get(slot)) for slot, fit in each.fits.items())]
    return tuple(sorted(fitting, key=lambda each: -_points(each, told)))


def worth_asking(catalogue: Catalogue, ask: Sequence[str], told: Mapping[str, str]) -> str | None:
    """Return the first slot that is not told and tells products apart that are left; None: there is nothing left to ask."""
    left = suiting(catalogue, told)
    if len(left) < 2:
        return None
    return next((slot for slot in ask if slot not in told and any(slot in each.fits for each in left)), None)


def never_best(catalogue: Catalogue, ask: Sequence[str], slots: Mapping[str, Slot]) -> tuple[Product, ...]:
    """Return the products that no answers lead to; each answer is tried, of numbers those at and around every bound."""
    asked = [(name, _tried(catalogue, name, slots[name])) for name in ask]
    best: set[str] = set()
    for values in combinations(*(tried for _, tried in asked)):
        told = dict(zip((name for name, _ in asked), values, strict=True))
        best.update(each.id for each in suiting(catalogue, told)[:1])
    return tuple(each for each in catalogue.products if each.id not in best)


def _may_be(fit: Fit, value: str | None) -> bool:
    if value is None:
        return True
    if fit.at_least is not None or fit.at_most is not None:
        number = float(value)
        return (fit.at_least is None or number >= fit.at_least) and (fit.at_most is None or number <= fit.at_most)
    return not fit.only or value in fit.only


def _points(product: Product, told: Mapping[str, str]) -> float:
    return sum(fit.points.get(told[slot], 0.0) for slot, fit in product.fits.items() if slot in told)


def _tried(catalogue: Catalogue, name: str, slot: Slot) -> tuple[str, ...]:
    if slot.type is SlotKind.CHOICE:
        return tuple(option.value for option in slot.options)
    fits = [each.fits[name] for each in catalogue.products if name in each.fits]
    bounds = {bound for fit in fits for bound in (fit.at_least, fit.at_most) if bound is not None}
    return tuple(str(bound + step) for bound in sorted(bounds) for step in (-0.5, 0.0, 0.5)) or ("0",)
