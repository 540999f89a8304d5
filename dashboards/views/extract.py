"""Billing extract: choose what, for which days and sites, and download it in the formats that it has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import polars as pl
import streamlit as st

from dashboards import data, formats, layout
from dashboards.access import visitor
from warehouse.extracts import EXTRACTS, Format, extract_bytes
from warehouse.readers import Scope

FILES: dict[Format, tuple[str, str]] = {
    "csv": ("CSV", "text/csv"),
    "xlsx": ("XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "parquet": ("Parquet", "application/vnd.apache.parquet"),
    "json": ("JSON", "application/json"),
    "xml": ("XML", "application/xml"),
}
TITLES = {"cdrs_ocpi": "OCPI 2.2.1 CDRs", "cdrs_ocpi_230": "OCPI 2.3.0 CDRs"}


def main() -> None:
    scope = layout.scope()
    who = visitor()
    names = [name for name, extract in EXTRACTS.items() if extract.is_open_to(who)]
    name = st.segmented_control("Extract", names, format_func=_title, default="sessions", required=True, key="extract")
    extract = EXTRACTS[str(name)]
    every_site = scope.sites == layout.all_sites() or not extract.by_site
    with st.container(border=True, key="card_extract"):
        st.markdown(f"##### {_title(extract.name)}")
        st.write(
            f"One row: {extract.about}.  \n"
            f"**{formats.day(scope.first)}** to **{formats.day(scope.last)}**, both included, "
            f"{'all sites' if every_site else 'the sites chosen above'}."
        )
        with st.container(horizontal=True, key="downloads"):
            for fmt in extract.formats:
                label, mime = FILES[fmt]
                st.download_button(
                    label,
                    _file(scope, extract.name, fmt, every_site=every_site),
                    file_name=f"kwhouse-{extract.name.replace('_', '-')}-{scope.first}-{scope.last}.{fmt}",
                    mime=mime,
                    key=f"download_{fmt}",
                    icon=":material/download:",
                    type="primary" if fmt == extract.formats[0] else "secondary",
                    on_click="ignore",
                )
        st.caption(
            "The file is made when you ask for it and holds every row; large XLSX files take some seconds. "
            f"The same as: `kwhouse extract {extract.name} --from {scope.first} --to {scope.last + timedelta(days=1)} "
            f"--format {extract.formats[0]} -o FILE`. {layout.zone_note()}."
        )
    columns = pl.DataFrame({"column": list(extract.columns), "meaning": list(extract.columns.values())})
    layout.meanings("Columns", columns, name="extract_columns")


def _title(name: str) -> str:
    return TITLES.get(name, formats.words(name))


def _file(scope: Scope, name: str, fmt: Format, *, every_site: bool) -> Callable[[], bytes]:
    store = data.lake()
    sites = None if every_site else scope.sites
    return lambda: extract_bytes(store, name, scope.first, scope.last + timedelta(days=1), fmt, sites)


main()
