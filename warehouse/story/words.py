"""What every flag, energy source and state means, in a sentence. Energies in Wh, powers in W, times in seconds."""

from __future__ import annotations

# What stations do, and what was concluded. These may lower a session's grade.
FAULTS: dict[str, str] = {
    "clock_skew": "The station's clock was off; begin and end are corrected by what live frames showed.",
    "clock_unset": "The station's clock was not set: times come from when the frames were received.",
    "closed_by_next_start": "No stop came before the next start on this connector: it ends at its last evidence.",
    "conflicting_stop": "Several stops came with different registers: the first one that fits the readings counts.",
    "identity_conflict": "Two connections used this station's identity at the same time; the newest one counts.",
    "implausible_begin_register": "The register told at the begin does not fit the readings after it: "
    "energy is counted from the first one that does.",
    "implausible_power": "More energy than the connector can deliver: the mean power is above 1.1 × its rating "
    "(1 MW where none is declared), by more than 100 Wh.",
    "inferred_end": "No stop came: a status, a reboot or 24 h of silence shows that it ended, at its last evidence.",
    "integrated_power": "No register tells its energy: power readings were summed over time, which is an estimate.",
    "misreading": "A register that cannot be, between two that can, was left out.",
    "late_data": "Frames of this session arrived after its end had been taken in; they count.",
    "matched_without_id": "The stop named no transaction that is known: it was matched by connector, token and "
    "register.",
    "missing_end_register": "The stop told no usable register: the last reading counts.",
    "missing_events": "Numbers are missing in the sequence of its events: some never arrived.",
    "missing_start": "The start never arrived: it begins with the first thing known of it.",
    "mixed_registers": "Its readings come on two scales, a lifetime register and one of the session: each is "
    "compared with its own kind only.",
    "no_registers": "No register was told: there is no evidence of the energy.",
    "orphan_stop": "A stop came that fits no session: it is kept, and bills nobody.",
    "register_decreased": "The register fell below an earlier value: only rising parts that readings show count.",
    "register_gap": "The register rose between this session and the one next to it: that energy is given to nobody.",
    "reused_transaction_id": "Its transaction id was used for other sessions too: they are told apart by connector, "
    "start and time.",
    "schema_error": "Frames of it break OCPP's schema; what could be read of them was used.",
    "simultaneous_start": "Two sessions began on this connector in the same second: one of them did not happen so.",
    "tail_readings": "Readings went on under its transaction id after the stop; they change nothing.",
    "unit_mismatch": "Power and duration say that kWh were labelled Wh, or the reverse; the energy is as told unless "
    "the station's profile corrects it.",
    "unparsable": "Texts from this station could not be read at all; they are kept in raw.rejected.",
    "zero_readings": "The connector said Charging while every reading was 0.",
}
# Odd, told, and never a reason to bill less or more.
CHECKS: dict[str, str] = {
    "before_2017": "It began before 2017.",
    "charging_exceeds_session": "Energy flowed for longer than the session lasted.",
    "duplicate_id": "Another session has the same id in the system it came from.",
    "free_with_energy": "Energy flowed, and its price is 0 or less.",
    "high_energy": "More than 250 kWh.",
    "long_charging": "Energy flowed for more than 24 h.",
    "long_session": "Plugged in for more than 48 h.",
    "low_energy": "Less than 0.5 kWh.",
    "mean_power_over_rating": "Its mean power from begin to end is above 1.1 × the connector's rating.",
    "negative_duration": "It ends before it begins.",
    "negative_energy": "Its energy is below 0.",
    "no_energy": "No energy flowed.",
    "no_token": "No token was told: nobody knows who charged.",
    "price_not_positive": "Energy flowed, and its price is 0 or less.",
    "short_session": "Shorter than a minute, or than two minutes with energy.",
}
SOURCES: dict[str, str] = {
    "signed": "signed readings that were verified",
    "registers": "the registers at begin and end",
    "periodic_registers": "registers read meanwhile",
    "intervals": "the sum of interval readings",
    "power": "power readings, integrated over time",
    "import": "another system's record",
}
STATES: dict[str, str] = {
    "active": "goes on",
    "completed": "completed",
    "inferred_end": "ended without a stop, at its last evidence",
}
ROLES: dict[str, str] = {
    "start": "start",
    "answer": "answer to the start",
    "update": "update",
    "stop": "stop",
    "label": "id from its source",
    "repeated": "repeated, without effect",
    "conflicting": "contradicts another, without effect",
    "reading": "readings",
    "fault": "evidence of a fault",
}


def of_flag(flag: str) -> str:
    """What the flag says; its own name where it is one of another version."""
    return FAULTS.get(flag) or CHECKS.get(flag) or flag.replace("_", " ").capitalize() + "."
