"""Entry of the dashboard: sign-in, navigation, the shared filters, then the page.

Start it with `kwhouse dashboard`; a bare `streamlit run dashboards/app.py` works too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent
if str(HERE.parent) not in sys.path:  # under a bare `streamlit run` only this folder is on the path
    sys.path.insert(0, str(HERE.parent))

from dashboards import data, filters, formats, layout  # noqa: E402
from dashboards.access import admit  # noqa: E402
from dashboards.navigation import ACTING, UNUSED, Entry, shown_to  # noqa: E402
from warehouse.errors import KwhouseError, StoreMissing  # noqa: E402
from warehouse.people.roles import Principal  # noqa: E402
from warehouse.readers import network  # noqa: E402

ABOUT = {"session": "one session", "close": "one month of one operator"}
REPLAYED = "Replayed or simulated sessions: told by kwhouse, not by stations."
REAL = "Replayed sessions: their energy and times are real; tokens, contracts, tariffs and power curves are made up."


def pages(entries: Sequence[Entry]) -> dict[str, list[st.Page]]:
    """The navigation, by who uses it."""
    found: dict[str, list[st.Page]] = {}
    for entry in entries:
        page = st.Page(
            HERE / "views" / f"{entry.name}.py",
            title=entry.title,
            icon=f":material/{entry.icon}:",
            url_path=entry.name,
            default=entry is entries[0],
        )
        found.setdefault(entry.group, []).append(page)
    return found


def main() -> None:
    """One run of the app: one visitor, one page."""
    st.set_page_config(page_title="kwhouse", page_icon=str(HERE / "assets" / "icon.png"), layout="wide")
    st.logo(str(HERE / "assets" / "logo.svg"), size="large")
    st.html(HERE / "style.css")
    who = admit()
    # A page that is not theirs is not there: its address leads to the first one.
    page = st.navigation(pages(shown_to(who)), expanded=True)
    if page.url_path in ACTING:
        st.title(page.title, anchor=False)
        _guarded(page.run)
        return
    try:
        extent = data.read(network.extent).row(0, named=True)
    except StoreMissing:
        extent = None
    if extent is None or extent["sessions"] == 0 or extent["last_date"] is None:
        _nothing_yet(extent, who)
        return
    st.title(page.title, anchor=False)
    _guarded(lambda: _show(page, extent))


def _guarded(show: Callable[[], None]) -> None:
    """Run a page; what went wrong on purpose is told in its words."""
    try:
        show()
    except KwhouseError as error:
        st.error(str(error), icon=":material/error:")


def _show(page: st.Page, extent: dict[str, Any]) -> None:
    sites = data.read(network.sites)
    last, first = extent["last_date"], extent["first_date"]
    zones = dict(zip(sites["site_id"], sites["time_zone"], strict=True))
    _how_far(extent, sorted(set(zones.values())))
    names = dict(zip(sites["site_id"], sites["name"], strict=True))
    limits = filters.Limits(names, first, last)
    chosen = filters.choose(limits, unused=UNUSED.get(page.url_path, frozenset()), about=ABOUT.get(page.url_path))
    layout.bind(chosen, sorted({zones[site] for site in chosen.sites}), tuple(names))
    page.run()


def _how_far(extent: dict[str, Any], zones: list[str]) -> None:
    zone = zones[0] if len(zones) == 1 else "UTC"
    until = formats.moment(extent["newest_at"], zone)
    text = f"Data until **{until}** ({zone}). The newest data are *now* on these pages."
    if extent["replayed_sessions"]:
        text += f"  \n{REAL if extent['real_sessions'] == extent['replayed_sessions'] else REPLAYED}"
    st.caption(text)


def _nothing_yet(extent: dict[str, Any] | None, who: Principal) -> None:
    st.title("Nothing here yet", anchor=False)
    if extent is not None and who.sites is not None:
        st.write(f"No session has come in at your sites: {', '.join(sorted(who.sites)) or 'you have none'}.")
        return
    if extent is None:
        st.write("No warehouse stands in this data folder. Make one, then reload this page:")
    else:
        st.write("The warehouse is there, and no session has come in. Let some in, then reload this page:")
    st.code(
        "make demo                          # real sessions, replayed over OCPP\n"
        "kwhouse collect                    # listen to your own stations …\n"
        "kwhouse refresh                    # … and take in what they sent\n"
        "kwhouse import sessions FILE.csv   # or sessions from another system",
        language="bash",
    )


main()
