"""Data quality: what was found odd, what was refused, what models have taught. Of all data, whatever is chosen."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import layout
from dashboards.formats import count, words
from dashboards.layout import Figure, read
from warehouse.readers import quality
from warehouse.readers.received import received_verdicts
from warehouse.readers.stations import profiles

MOMENT = "YYYY-MM-DD HH:mm"


def main() -> None:
    grades = {row["grade"]: row for row in read(quality.grades).iter_rows(named=True)}
    faults, rejected, unregistered = read(quality.faults), read(quality.rejected), read(quality.unregistered_stations)
    layout.figures(
        [
            *(
                Figure(f"Sessions {grade}", count(grades.get(grade, {}).get("sessions", 0)), meaning)
                for grade, meaning in (
                    ("ok", "Billed."),
                    ("suspect", "They keep their energy; billed if the operator says so."),
                    ("unbillable", "Never billed."),
                )
            ),
            Figure("Faults", count(int(faults["faults"].sum())), "Rows of ops.faults: one kind of fault in one place."),
            Figure("Messages refused", count(int(rejected["texts"].sum())), "Rows of raw.rejected: not OCPP."),
            Figure(
                "Unregistered stations",
                count(unregistered),
                "Stations in the data that the registry does not know: nothing prices them.",
            ),
        ]
    )
    column = st.column_config
    if faults.is_empty():
        st.success("No fault was found in the data.", icon=":material/check_circle:")
    else:
        layout.table(
            "Faults by kind",
            faults.with_columns(pl.col("kind").map_elements(words, return_dtype=pl.String)),
            {
                "kind": column.TextColumn("Kind", pinned=True),
                "faults": column.NumberColumn("Faults", format="localized"),
                "stations": column.NumberColumn("Stations", format="localized"),
                "sessions": column.NumberColumn("Sessions", format="localized"),
                "first_seen_at": column.DatetimeColumn("First", format=MOMENT),
                "last_seen_at": column.DatetimeColumn("Last", format=MOMENT),
            },
            name="faults",
            note="Times in UTC. The Sessions page lists the sessions concerned by their flag.",
        )
    if not rejected.is_empty():
        layout.table(
            "Messages refused (not OCPP), by reason",
            rejected,
            {
                "reason": column.TextColumn("Reason", pinned=True),
                "texts": column.NumberColumn("Messages", format="localized"),
                "stations": column.NumberColumn("Stations", format="localized"),
                "last_received_at": column.DatetimeColumn("Last", format=MOMENT),
            },
            name="rejected",
            note="Times in UTC.",
        )
    _received_cdrs()
    _profiles()


def _received_cdrs() -> None:
    """CDRs of other parties beside their own tariffs."""
    rows = read(received_verdicts)
    if rows.is_empty():
        return
    column = st.column_config
    layout.table(
        "CDRs of others, beside their own tariffs",
        rows.with_columns(pl.col("verdict").map_elements(words, return_dtype=pl.String)),
        {
            "verdict": column.TextColumn("Verdict", pinned=True),
            "currency": column.TextColumn("Currency"),
            "cdrs": column.NumberColumn("CDRs", format="localized"),
            "sent_excl_vat": column.NumberColumn("As sent, before VAT", format="%.4f"),
            "priced_excl_vat": column.NumberColumn("By their tariff", format="%.4f"),
            "difference_excl_vat": column.NumberColumn("Difference", format="%.4f"),
        },
        name="received_cdrs",
        note="`kwhouse cdr list --verdict differs` names each of them; the extract `received_cdrs` has all.",
    )


def _profiles() -> None:
    """What each model has taught, beside what the operator has decided."""
    rows = read(profiles)
    if rows.is_empty():
        return
    column = st.column_config
    told = rows.with_columns(
        pl.col("register_behaviour", "own_register_behaviour").map_elements(words, return_dtype=pl.String)
    )
    # Columns of decisions only where there are any.
    own = {
        "own_register_behaviour": column.TextColumn("Decided: registers"),
        "own_clock_offset_seconds": column.NumberColumn("Decided: clock, s", format="localized"),
        "own_energy_factor": column.NumberColumn("Decided: Wh a unit", format="localized"),
        "own_token_pattern": column.TextColumn("Decided: token"),
        "own_firmware": column.TextColumn("Decided for", help="The firmware, or * for every one of the model"),
    }
    decided = rows["own_firmware"].is_not_null().any()
    layout.table(
        "Station models: learned, and decided by the operator",
        told,
        {
            "model": column.TextColumn("Model", pinned=True),
            "firmware": column.TextColumn("Firmware"),
            "stations": column.NumberColumn("Stations", format="localized"),
            "sessions": column.NumberColumn("Sessions", format="localized"),
            "register_behaviour": column.TextColumn(
                "Registers",
                help="Lifetime: go on over sessions; per transaction: begin anew with each; at boot: begin anew then",
            ),
            "clock_offset_seconds": column.NumberColumn("Clock ahead, s", format="localized"),
            "sampling_seconds": column.NumberColumn("Readings every, s", format="localized"),
            "unit_mismatches": column.NumberColumn("Unit doubts", format="localized"),
            **(own if decided else {}),
            "vendor": column.TextColumn("Vendor"),
            "last_seen_at": column.DatetimeColumn("Last seen", format=MOMENT),
        },
        name="station_profiles",
        note="Learned from sessions, for people to judge. To overrule it, declare the model in station_profiles.yaml "
        "and run `kwhouse registry apply`. Times in UTC.",
    )


main()
