"""Entry of the dashboard: sign-in, navigation, the shared filters, then the page.

Start it with `kwhouse dashboard`; a bare `streamlit run dashboards/app.py` works too.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent
if str(HERE.parent) not in sys.path:  # under a bare `streamlit run` only this folder is on the path
    sys.path.insert(0, str(HERE.parent))

from dashboards import data, filters, formats, layout  # noqa: E402
from dashboards.access import admit  # noqa: E402
from warehouse.errors import KwhouseError, StoreMissing  # noqa: E402
from warehouse.readers import network  # noqa: E402

# Filters that a page does not look at.
UNUSED = {
    "close": frozenset({"site", "period"}),
    "forecast": frozenset({"period"}),
    "quality": frozenset({"site", "period"}),
    "session": frozenset({"site", "period"}),
    "stations": frozenset({"period"}),
}
ABOUT = {"session": "one session", "close": "one month of one operator"}
REPLAYED = "Replayed or simulated sessions: told by kwhouse, not by stations."
REAL = "Replayed sessions: their energy and times are real; tokens, contracts, tariffs and power curves are made up."


def pages() -> dict[str, list[st.Page]]:
    """The navigation, by who uses it."""

    def page(name: str, title: str, icon: str, *, default: bool = False) -> st.Page:
        return st.Page(
            HERE / "views" / f"{name}.py", title=title, icon=f":material/{icon}:", url_path=name, default=default
        )

    return {
        "Analysts": [
            page("overview", "Overview", "monitoring", default=True),
            page("utilization", "Utilization", "grid_on"),
            page("energy", "Energy", "bolt"),
        ],
        "Finance": [
            page("revenue", "Revenue", "payments"),
            page("invoices", "Invoices", "receipt_long"),
            page("review", "Review", "fact_check"),
            page("close", "Month close", "task_alt"),
            page("extract", "Billing extract", "download"),
        ],
        "Planners": [page("forecast", "Forecast", "trending_up")],
        "Operators": [
            page("stations", "Stations", "ev_station"),
            page("sessions", "Sessions", "list"),
            page("session", "Session", "timeline"),
            page("quality", "Data quality", "rule"),
        ],
    }


def main() -> None:
    """One run of the app: one visitor, one page."""
    st.set_page_config(page_title="kwhouse", page_icon=str(HERE / "assets" / "icon.png"), layout="wide")
    st.logo(str(HERE / "assets" / "logo.svg"), size="large")
    st.html(HERE / "style.css")
    admit()
    page = st.navigation(pages(), expanded=True)
    try:
        extent = data.read(network.extent).row(0, named=True)
    except StoreMissing:
        extent = None
    if extent is None or extent["sessions"] == 0 or extent["last_date"] is None:
        _nothing_yet(extent)
        return
    st.title(page.title, anchor=False)
    try:
        _show(page, extent)
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


def _nothing_yet(extent: dict[str, Any] | None) -> None:
    st.title("Nothing here yet", anchor=False)
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
