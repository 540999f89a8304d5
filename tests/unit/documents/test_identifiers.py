"""Numbers of parties and accounts, against published ones."""

from __future__ import annotations

import pytest

from pipelines.billing.documents.identifiers import bic_fault, gstin_fault, iban_fault, vat_id_fault

pytestmark = pytest.mark.fast

# Published examples, which python-stdnum takes too.
GSTINS = ["27AAPFU0939F1ZV", "29AAGCB7383J1Z4", "24AAACC1206D1ZM"]


@pytest.mark.parametrize("gstin", GSTINS)
def test_a_gstin_is_told_by_its_check_character(gstin: str) -> None:
    assert gstin_fault(gstin) is None
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert [last for last in alphabet if gstin_fault(gstin[:14] + last) is None] == [gstin[14]]


@pytest.mark.parametrize("gstin", ["", "27AAPFU0939F1ZV ", "27aapfu0939f1zv", "27AAPFU0939F1V", "AAAAPFU0939F1ZV"])
def test_what_is_no_gstin_is_refused(gstin: str) -> None:
    assert gstin_fault(gstin) == "must be 2 digits of the state, the PAN, a character, Z and a check character"


def test_ladakh_and_other_territory_have_numbers_too() -> None:
    assert gstin_fault("38AABCM1234K1ZJ") is None


def test_two_characters_exchanged_are_found() -> None:
    assert gstin_fault("27AAPFU0993F1ZV") == "its check character is wrong: a character was mistyped"


@pytest.mark.parametrize(
    ("country_code", "vat_id"),
    [("DE", "DE136695976"), ("FR", "FR40303265045"), ("GR", "EL094259216"), ("GB", "GB980780684"), ("IN", GSTINS[0])],
)
def test_vat_ids_of_their_countries(country_code: str, vat_id: str) -> None:
    assert vat_id_fault(country_code, vat_id) is None


@pytest.mark.parametrize(
    ("country_code", "vat_id", "reason"),
    [
        ("DE", "136695976", "must begin with DE"),
        ("DE", "DE136695978", "checksum"),
        ("GR", "GR094259216", "must begin with EL"),
        ("FR", "FR4030326504", "length"),
        ("IN", "DE136695976", "PAN"),
    ],
)
def test_a_wrong_vat_id_is_refused(country_code: str, vat_id: str, reason: str) -> None:
    assert reason in (vat_id_fault(country_code, vat_id) or "")


def test_a_country_whose_form_is_not_known_takes_any_number() -> None:
    assert vat_id_fault("AQ", "17") is None


def test_ibans_and_bics() -> None:
    assert iban_fault("DE89370400440532013000") is None
    assert "check digit" in (iban_fault("DE88370400440532013000") or "")
    assert bic_fault("COBADEFFXXX") is None
    assert "length" in (bic_fault("COBADE") or "")
