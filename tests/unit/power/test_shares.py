"""Shares of a site's power."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.power.shares import Wish, shares

WISHES = st.lists(st.builds(lambda least, more: Wish(least, least + more), st.integers(1, 50), st.integers(0, 100)))


def test_an_even_share_and_what_one_leaves_goes_to_the_others() -> None:
    assert shares(30, [Wish(4, 22), Wish(4, 22)]) == [15, 15]
    assert shares(30, [Wish(4, 22), Wish(4, 7)]) == [22, 7]
    assert shares(40, [Wish(4, 11), Wish(4, 22), Wish(4, 22)]) == [11, 14, 14]


def test_where_there_is_too_little_the_latest_wait() -> None:
    assert shares(10, [Wish(4, 22), Wish(4, 22), Wish(4, 22)]) == [5, 5, 0]
    assert shares(3, [Wish(4, 22)]) == [0]
    # One with a smaller least that came later may use what is left over.
    assert shares(5, [Wish(4, 4), Wish(4, 22), Wish(1, 22)]) == [4, 0, 1]
    assert shares(-5, [Wish(4, 22)]) == [0]
    assert shares(5, []) == []


@given(st.integers(0, 500), WISHES)
def test_never_more_than_the_limit_and_nobody_could_get_more_but_from_one_with_less(
    limit_w: int, wishes: list[Wish]
) -> None:
    given_w = shares(limit_w, wishes)
    assert sum(given_w) <= limit_w
    assert all(part == 0 or wish.least_w <= part <= wish.most_w for part, wish in zip(given_w, wishes, strict=True))
    left = limit_w - sum(given_w)
    hungry = [number for number, (part, wish) in enumerate(zip(given_w, wishes, strict=True)) if 0 < part < wish.most_w]
    # Whole watts: less than one for each of those that could take more is left.
    assert left < max(len(hungry), 1) or not hungry
    for number in hungry:
        for other, part in enumerate(given_w):
            # Whoever has more than a hungry one has no more than its own least.
            assert part <= given_w[number] or part == wishes[other].least_w
