"""The filters every page shares, and the address bar that holds them.

`?site=caltech&site=jpl&period=28d` or `&period=2021-05-01..2021-08-31`; what is left out means everything. An address
can be kept or sent to somebody else; what it asks that does not exist is left out with a note.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import streamlit as st

from warehouse.readers import Scope

ALL, YEAR, WEEKS, CUSTOM = "all", "12m", "28d", "days"
PERIODS = {ALL: "All data", YEAR: "Last 12 months of data", WEEKS: "Last 28 days of data", CUSTOM: "Choose days"}
KEYS = ("site", "period")


@dataclass(frozen=True, slots=True)
class Limits:
    """What can be chosen: sites (id to name) and days that have data."""

    sites: Mapping[str, str]
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen. No site stands for all of them; `days` counts for the period `days` only."""

    sites: tuple[str, ...] = ()
    period: str = ALL
    days: tuple[date, date] | None = None

    def scope(self, limits: Limits) -> Scope:
        """The sites and days to read."""
        first, last = limits.first, limits.last
        if self.period == CUSTOM and self.days:
            first, last = self.days
        elif self.period == WEEKS:
            first = max(first, last - timedelta(days=27))
        elif self.period == YEAR:
            first = max(first, _year_before(last + timedelta(days=1)))
        return Scope(self.sites or tuple(limits.sites), first, last)

    def address(self) -> dict[str, list[str]]:
        """The query parameters that stand for it."""
        wanted: dict[str, list[str]] = {}
        if self.sites:
            wanted["site"] = list(self.sites)
        if self.period == CUSTOM and self.days:
            wanted["period"] = ["..".join(day.isoformat() for day in self.days)]
        elif self.period != ALL:
            wanted["period"] = [self.period]
        return wanted


def _year_before(day: date) -> date:
    # 29 February has no day of its name a year before.
    return date(day.year - 1, 3, 1) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


def parse(query: Mapping[str, Sequence[str]], limits: Limits) -> tuple[Choice, list[str]]:
    """The choice that an address asks for, and what of it had to be left out and why."""
    notes: list[str] = []
    asked = list(dict.fromkeys(query.get("site", ())))
    notes += [f"site “{site}” is not known" for site in asked if site not in limits.sites]
    sites = tuple(site for site in asked if site in limits.sites)
    text = (list(query.get("period", ())) or [ALL])[-1]
    if text in (ALL, YEAR, WEEKS):
        return Choice(sites, text), notes
    days, problem = _days(text, limits)
    if problem:
        notes.append(problem)
    return (Choice(sites, CUSTOM, days) if days else Choice(sites)), notes


def _days(text: str, limits: Limits) -> tuple[tuple[date, date] | None, str | None]:
    first, _, last = text.partition("..")
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        return (
            None,
            f"period “{text}” is none of {ALL}, {YEAR}, {WEEKS} and no pair of days like 2021-05-01..2021-08-31",
        )
    if begin > end or end < limits.first or begin > limits.last:
        return None, f"period “{text}” holds no day between {limits.first} and {limits.last}"
    cut = max(begin, limits.first), min(end, limits.last)
    return cut, None if cut == (begin, end) else f"period “{text}” is cut to the days that have data"


def choose(limits: Limits, *, unused: frozenset[str] = frozenset(), about: str | None = None) -> Scope:
    """Show the filters, keep them in the address bar, give what they stand for.

    `unused` names those of KEYS that the page does not look at: they are shown greyed out and kept for the others.
    `about` says what it looks at instead.
    """
    _follow_address(limits)
    with st.container(horizontal=True, key="filters"):
        sites = st.multiselect(
            "Sites",
            list(limits.sites),
            format_func=lambda site: limits.sites.get(site, site),
            placeholder="All sites",
            key="chosen_sites",
            width=340,
            disabled="site" in unused,
        )
        period = st.selectbox(
            "Period",
            list(PERIODS),
            format_func=PERIODS.__getitem__,
            key="chosen_period",
            width=220,
            disabled="period" in unused,
        )
        days = _choose_days(limits, disabled="period" in unused) if period == CUSTOM else None
    if unused:
        told = "all sites and all days" if unused >= {"site", "period"} else "the newest data, whatever the period"
        st.caption(f"Grey: this page looks at {about or told}. What is chosen is kept for the other pages.")
    choice = Choice(tuple(sites), period, days)
    _write_address(choice.address())
    return choice.scope(limits)


def _choose_days(limits: Limits, *, disabled: bool) -> tuple[date, date]:
    st.session_state.setdefault("chosen_days", st.session_state.get("kept_days", (limits.first, limits.last)))
    picked = st.date_input(
        "Days",
        min_value=limits.first,
        max_value=limits.last,
        format="YYYY-MM-DD",
        key="chosen_days",
        width=240,
        disabled=disabled,
        help="First and last day, both included, in each site's own time zone",
    )
    # While a person has picked the first of two days only, the pages stay as they were.
    if isinstance(picked, tuple) and len(picked) == 2:
        st.session_state["kept_days"] = picked
    kept: tuple[date, date] = st.session_state.get("kept_days", (limits.first, limits.last))
    return kept


def _follow_address(limits: Limits) -> None:
    """Take the filters from the address on arrival, and whenever somebody else than we changed it."""
    asked = {key: st.query_params.get_all(key) for key in KEYS if st.query_params.get_all(key)}
    arrived = "address" not in st.session_state
    if not arrived and (not asked or asked == st.session_state["address"]):
        return
    choice, notes = parse(asked, limits)
    st.session_state["chosen_sites"] = list(choice.sites)
    st.session_state["chosen_period"] = choice.period
    if choice.days:
        st.session_state["chosen_days"] = st.session_state["kept_days"] = choice.days
    st.session_state["address"] = asked
    if notes:
        st.info("Left out of the address: " + "; ".join(notes) + ".", icon=":material/link_off:")


def _write_address(wanted: dict[str, list[str]]) -> None:
    for key in KEYS:
        _set_or_remove(key, wanted.get(key, ()))
    st.session_state["address"] = wanted


def _set_or_remove(key: str, values: Iterable[str]) -> None:
    values = list(values)
    if st.query_params.get_all(key) == values:
        return
    if values:
        st.query_params[key] = values
    else:
        del st.query_params[key]
