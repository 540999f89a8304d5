"""TARGET business days: when euro payments settle (ECB, long-term calendar in force since 2002)."""

from __future__ import annotations

from datetime import date, timedelta


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm, Meeus, Astronomical Algorithms, ch. 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def closing_days(year: int) -> frozenset[date]:
    """Days of the year, besides weekends, on which TARGET is closed."""
    sunday = easter(year)
    return frozenset(
        {
            date(year, 1, 1),
            sunday - timedelta(days=2),
            sunday + timedelta(days=1),
            date(year, 5, 1),
            date(year, 12, 25),
            date(year, 12, 26),
        }
    )


def is_business_day(day: date) -> bool:
    """Whether euro payments settle on that day."""
    return day.weekday() < 5 and day not in closing_days(day.year)


def on_or_after(day: date) -> date:
    """The first business day that is not before `day`."""
    while not is_business_day(day):
        day += timedelta(days=1)
    return day


def after(day: date, business_days: int) -> date:
    """The day `business_days` business days after `day`."""
    for _ in range(business_days):
        day = on_or_after(day + timedelta(days=1))
    return day
