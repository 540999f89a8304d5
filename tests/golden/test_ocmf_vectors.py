"""Every published OCMF record with a known verdict, beside ours. With `-s` they are printed as a table."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.signed.check import Checked, Verdict, check
from pipelines.signed.transaction import join

FOLDER = Path(os.environ.get("KWHOUSE_REFERENCE_DATA", "")) / "ocmf-vectors"
pytestmark = [
    pytest.mark.fast,
    pytest.mark.skipif(
        "KWHOUSE_REFERENCE_DATA" not in os.environ,
        reason="set KWHOUSE_REFERENCE_DATA to the folder that holds ocmf-vectors/ to check published records",
    ),
]

# Ours differs from the published word, and why.
DIFFERENT = {
    "11-safe-secp192k1-begin": (Verdict.UNVERIFIABLE, "the curve secp192k1 is not supported"),
    "33-road-basic-secp192k1": (Verdict.UNVERIFIABLE, "the curve secp192k1 is not supported"),
}
# Verdict on a record that must not be read as OCMF at all.
NOT_OCMF = {"28-safe-abl-wrong-header": (Verdict.UNREADABLE, "its header is 'OCMA'")}


def vectors() -> list[dict]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))]


def checked(number: str) -> Checked:
    [vector] = [one for one in vectors() if one["id"].startswith(f"{number}-")]
    return check(vector["ocmf"], vector["public_key"])


def test_every_verdict_is_the_published_one_or_ours_is_explained() -> None:
    wrong = []
    found = vectors()
    for vector in found:
        ours = check(vector["ocmf"], vector["public_key"])
        expected = vector["expected"]["signature"]
        print(f"{vector['id'][:44]:44}  expected {expected:14} ours {ours.verdict:13} {ours.reason}")
        verdict, reason = {**DIFFERENT, **NOT_OCMF}.get(vector["id"]) or (Verdict(expected), "")
        if ours.verdict is not verdict or reason not in ours.reason:
            wrong.append(f"{vector['id']}: {ours.verdict} ({ours.reason})")
        if ours.record is not None:
            assert ours.record.payload == vector["payload"], "the payload is not what was signed"
    assert len(found) == 32
    assert wrong == []


def test_an_unknown_version_is_named() -> None:
    assert "version 0.0 of OCMF is not known" in checked("27").reason


def test_a_tampered_record_still_shows_what_it_claims() -> None:
    record = checked("02").record
    assert record is not None
    assert [one.register_wh for one in record.readings] == [Decimal("259.6"), Decimal("259.7")]


# The sources give as energy what the register stood at; what flowed is the difference of two registers.
TRANSACTIONS: dict[tuple[str, ...], tuple[str, str, str, bool]] = {
    ("01",): ("259.6", "259.7", "0.1", True),
    ("03", "04"): ("7753", "7753", "0", True),
    ("07", "08"): ("1833", "1833", "0", True),
    ("09", "10"): ("0", "0", "0", True),
    ("14",): ("0", "1000", "1000", True),
    ("16", "17"): ("3988", "3988", "0", True),
    ("23",): ("0", "1304", "1304", True),
    ("30",): ("80770", "80970", "200", False),
    ("31",): ("757.27", "3129.61", "2372.34", True),
}


@pytest.mark.parametrize("numbers", TRANSACTIONS, ids=lambda numbers: "+".join(numbers))
def test_energy_is_the_difference_of_two_registers(numbers: tuple[str, ...]) -> None:
    begin, end, energy, time_billable = TRANSACTIONS[numbers]
    joined = join(checked(number) for number in numbers)
    assert (joined.begin_wh, joined.end_wh, joined.energy_wh) == (Decimal(begin), Decimal(end), Decimal(energy))
    assert (joined.verdict, joined.billable, joined.time_billable) == (Verdict.VALID, True, time_billable)


def test_the_register_after_the_cables_loss_is_billed() -> None:
    joined = join([checked("14")])
    assert (joined.obis, joined.is_compensated) == ("98.8.0", True)


def test_two_keys_in_one_transaction_are_refused() -> None:
    joined = join([checked("18"), checked("19")])
    assert (joined.verdict, joined.billable, joined.energy_wh) == (Verdict.INVALID, False, None)
    assert "the records carry different public keys" in joined.reason


def test_a_begin_alone_is_not_billed() -> None:
    joined = join([checked("03")])
    assert (joined.verdict, joined.billable, joined.reason) == (Verdict.VALID, False, "no reading of the end")


def test_a_clock_that_is_not_trusted_bills_no_time() -> None:
    joined = join([checked("30")])
    assert joined.reason == "the meter flags its time as not usable (EF t)"
