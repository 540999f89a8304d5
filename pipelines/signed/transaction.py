"""The records of one transaction, joined: energy between begin and end, and why it may not be billed.

OCMF wants a transaction's records to be of one meter, numbered without a gap, the first one marked as its begin and the
last one as its end (section "Signing and Verification Process"). A good signature alone is therefore not enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from pipelines.signed.check import Checked, Verdict
from pipelines.signed.ocmf import EXCEPTION, GOOD, STATES, WH, Reading, Record

# Registers of time and of the cable's resistance, which a transaction may hold beside those of energy.
OTHER_UNITS = frozenset({"s", "sec", "second", "seconds", "min", "h", "mohm", "uohm"})
NO_TIME = "unsynchronised"
_SEVERITY = list(Verdict)


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """What a transaction's records say together.

    `energy_wh` is exact; None where the records do not give one, or not all of them hold. `billable`: it may be billed
    by this energy; `time_billable`: prices by time may be billed too. `reason` names everything against it, or says
    that all is well.
    """

    verdict: Verdict
    reason: str
    energy_wh: Decimal | None
    begin_wh: Decimal | None
    end_wh: Decimal | None
    obis: str | None
    is_compensated: bool | None
    begin_at: datetime | None
    end_at: datetime | None
    clock: str | None
    first_page: int | None
    last_page: int | None
    records: int
    meter_serial: str | None
    key_id: str | None
    billable: bool
    time_billable: bool


@dataclass(frozen=True, slots=True)
class _Register:
    """One register of the transaction: where it begins and ends, and what speaks against billing by it."""

    obis: str | None
    is_compensated: bool
    begin: Reading
    end: Reading
    begin_wh: Decimal | None
    end_wh: Decimal | None
    faults: tuple[str, ...]

    @property
    def energy_wh(self) -> Decimal | None:
        return None if self.begin_wh is None or self.end_wh is None else self.end_wh - self.begin_wh


def join(records: Iterable[Checked]) -> SignedTransaction:
    """Join the records of one transaction, in whatever order they are given; the same one sent again counts once."""
    given = _in_order(records)
    verdict = max((one.verdict for one in given), key=_SEVERITY.index, default=Verdict.UNREADABLE)
    # Readings of the "fiscal" series are taken beside transactions.
    told = [one.record for one in given if one.record is not None and one.record.page_context != "F"]
    readings = [reading for record in told for reading in record.readings]
    register, lacks = _register(readings)
    keys = sorted({one.key_id for one in given if one.key_id is not None})
    against = [
        *(_what(one) for one in given if one.verdict is not Verdict.VALID),
        *_other_sources(told, keys),
        *_pages(told),
        *lacks,
        *(register.faults if register else ()),
        *_errors(readings, "E"),
    ]
    late = [*_errors(readings, "t"), *_clock(register)]
    energy_wh = register.energy_wh if register and verdict is Verdict.VALID else None
    billable = verdict is Verdict.VALID and not against and energy_wh is not None
    pages = [record.page for record in told if record.page is not None]
    return SignedTransaction(
        verdict=verdict,
        reason="; ".join(dict.fromkeys([*against, *late])) or "all signatures hold, from begin to end",
        energy_wh=energy_wh if energy_wh is None or energy_wh >= 0 else None,
        begin_wh=register.begin_wh if register else None,
        end_wh=register.end_wh if register else None,
        obis=register.obis if register else None,
        is_compensated=register.is_compensated if register else None,
        begin_at=register.begin.told_at if register else None,
        end_at=register.end.told_at if register else None,
        clock=register.end.clock if register else None,
        first_page=min(pages, default=None),
        last_page=max(pages, default=None),
        records=len(given),
        meter_serial=next((record.meter_serial for record in told if record.meter_serial), None),
        key_id=keys[0] if len(keys) == 1 else None,
        billable=billable,
        time_billable=billable and not late,
    )


def _in_order(records: Iterable[Checked]) -> list[Checked]:
    """By page; one payload once, with its best verdict: a record that was sent again without its key is still good."""
    best: dict[object, Checked] = {}
    for one in records:
        # What could not be read is a record of its own.
        same = one.record.payload if one.record is not None else (one.reason, "unreadable")
        known = best.get(same)
        if known is None or _rank(one) < _rank(known):
            best[same] = one
    return sorted(best.values(), key=lambda one: (one.record is None, _place(one.record), _rank(one)))


def _rank(one: Checked) -> tuple[int, str, str]:
    return _SEVERITY.index(one.verdict), one.key_id or "", one.reason


def _place(record: Record | None) -> tuple[str, int, str]:
    if record is None:
        return "", 0, ""
    return record.page_context or "", -1 if record.page is None else record.page, record.payload


def _what(one: Checked) -> str:
    return f"{one.record.pagination if one.record else 'a record'}: {one.reason}"


def _other_sources(told: Sequence[Record], keys: Sequence[str]) -> Iterator[str]:
    if len(keys) > 1:
        yield "the records carry different public keys"
    for name, serials in (
        ("meters", {record.meter_serial for record in told}),
        ("gateways", {record.gateway_serial for record in told}),
    ):
        if len(serials) > 1:
            yield f"the records are of different {name}: {', '.join(sorted(map(str, serials)))}"


def _pages(told: Sequence[Record]) -> Iterator[str]:
    if len(told) < 2:
        return
    if any(record.page is None for record in told):
        yield "a record without a page: nobody can tell whether one is missing"
    if len({record.page_context for record in told}) > 1:
        yield "the records are numbered in different series"
        return
    for before, after in pairwise(told):
        if before.page is None or after.page is None:
            continue
        if after.page == before.page:
            yield f"two different records have the page {after.page_context}{after.page}"
        elif after.page != before.page + 1:
            yield f"a gap in the pagination: {after.pagination} follows {before.pagination}"


def _register(readings: Sequence[Reading]) -> tuple[_Register | None, list[str]]:
    """The register to bill by, and what is missing for one.

    Of several the one after the cable's loss goes first (it is what the vehicle got), then active import (1.8), then
    any other.
    """
    of_energy = [one for one in readings if (one.unit or "").lower() not in OTHER_UNITS]
    begins, ends = ({one.obis for one in of_energy if getattr(one, marked)} for marked in ("begins", "ends"))
    lacking = [name for name, found in (("begin", begins), ("end", ends)) if not found]
    if lacking:
        return None, [f"no reading of the {' and none of the '.join(lacking)}"]
    whole = begins & ends
    if not whole:
        return None, ["begin and end are of different registers"]
    made = [_between(obis, [one for one in of_energy if one.obis == obis]) for obis in sorted(whole, key=str)]
    best = min(map(_preference, made))
    chosen = [register for register in made if _preference(register) == best]
    if len({register.energy_wh for register in chosen}) > 1:
        names = ", ".join(str(register.obis) for register in chosen)
        return chosen[0], [f"several registers tell different energies: {names}"]
    return chosen[0], []


def _preference(register: _Register) -> int:
    if register.is_compensated:
        return 0
    return 1 if (register.obis or "").startswith("1.8") else 2


def _between(obis: str | None, readings: Sequence[Reading]) -> _Register:
    begins, ends = [one for one in readings if one.begins], [one for one in readings if one.ends]
    faults: list[str] = []
    for name, found in (("begin", begins), ("end", ends)):
        if len({one.register_wh for one in found}) > 1:
            faults.append(f"different registers are told for the {name}")
    others = sorted({one.unit or "not told" for one in readings if (one.unit or "").lower() not in WH})
    if others:
        faults.append(f"the unit of the register is {', '.join(others)}, neither Wh nor kWh")
    elif any(one.register_wh is None for one in (*begins, *ends)):
        faults.append("a reading has no value that a register can have")
    known = [one.register_wh for one in readings if one.register_wh is not None]
    if any(after < before for before, after in pairwise(known)):
        faults.append("the register ran backwards")
    if not readings[0].begins or not readings[-1].ends:
        faults.append("readings stand before the begin or after the end")
    return _Register(
        obis=obis,
        is_compensated=readings[0].is_compensated,
        begin=begins[0],
        end=ends[-1],
        begin_wh=begins[0].register_wh,
        end_wh=ends[-1].register_wh,
        faults=tuple(faults),
    )


def _errors(readings: Sequence[Reading], quantity: str) -> Iterator[str]:
    """What the meter itself says against a quantity: E energy, t time."""
    name = {"E": "energy", "t": "time"}[quantity]
    if any(quantity in one.errors for one in readings):
        yield f"the meter flags its {name} as not usable (EF {quantity})"
    # From an exception on time, energy or both are not usable; which, the error flags say, if they say anything.
    if any(one.marker == EXCEPTION and not one.errors for one in readings):
        yield "an error during charging (TX X) leaves energy and time not usable"
    if quantity == "E":
        for state in sorted({one.state for one in readings if one.state not in (None, GOOD)}, key=str):
            yield f"the meter's state is {state}: {STATES.get(str(state), 'not known')}"


def _clock(register: _Register | None) -> Iterator[str]:
    if register is None:
        return
    begin, end = register.begin, register.end
    if begin.told_at is None or end.told_at is None:
        yield "no time can be read of begin or end"
    elif end.told_at < begin.told_at:
        yield "the end lies before the begin"
    if NO_TIME in (begin.clock, end.clock):
        yield "the meter's clock was not synchronised"
