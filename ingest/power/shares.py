"""How a site's power is shared: as evenly as the sessions allow (max-min fair), the oldest first where it is scarce."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Wish(NamedTuple):
    """What one session can use: nothing, or from `least_w` to `most_w`. The order of wishes is the order of begins."""

    least_w: int
    most_w: int


def shares(limit_w: int, wishes: Sequence[Wish]) -> list[int]:
    """Watts for each wish, in the same order; together at most `limit_w`.

    Who came first gets its least; a later one whose least is not left gets 0 and waits. What remains raises the
    lowest shares together until each has its most or nothing is left.
    """
    given = []
    left = max(limit_w, 0)
    for wish in wishes:
        least = wish.least_w if wish.least_w <= left else 0
        given.append(least)
        left -= least
    rising = [number for number, wish in enumerate(wishes) if given[number] and given[number] < wish.most_w]
    level = _level([given[number] for number in rising], [wishes[number].most_w for number in rising], left)
    for number in rising:
        given[number] = min(max(given[number], level), wishes[number].most_w)
    return given


def _level(given: list[int], most: list[int], left: int) -> int:
    """The greatest whole level to which all can be raised with `left`, each only up to its most."""

    def cost(level: int) -> int:
        return sum(min(max(have, level), bound) - have for have, bound in zip(given, most, strict=True))

    low, high = 0, max(most, default=0)
    while low < high:
        middle = (low + high + 1) // 2
        if cost(middle) <= left:
            low = middle
        else:
            high = middle - 1
    return low
