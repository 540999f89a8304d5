"""Every kind of wrong registry input, with the file, line, field and reason that people are told."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from warehouse.errors import RegistryError
from warehouse.registry import apply

pytestmark = pytest.mark.fast

SITE = "- {{site_id: north, operator_id: op, name: N, time_zone: {zone}, country_code: {country}, currency: {money}}}"
CONNECTORS = "station_id,evse_id,connector_id,in_service_from,in_service_to,rated_power_w,power_type\n"
KEYS = "station_id,evse_id,public_key,valid_from\n"
POINT = "11" * 64  # whether it lies on a curve, only the curve's name in a record tells
TARIFF = "- tariff_id: day\n  version: 1\n  currency: NOK\n  ocpi_version: 2.2.1\n  valid_from: 2019-01-01T00:00:00Z\n"
PROFILE = "- {vendor: Volt, model: V1, firmware: '*', %s}"
ASSIGNED = "- {assignment_id: a, tariff_id: day, valid_from: 2019-01-01T00:00:00Z, %s}"


def problems(engine: sa.Engine, folder: Path) -> list[str]:
    with pytest.raises(RegistryError) as refused:
        apply(engine, folder)
    return [str(problem) for problem in refused.value.problems]


def tax(country_code: str, tax_code: str, percent: str) -> str:
    return (
        f"- {{country_code: {country_code}, tax_code: {tax_code}, name: VAT, rate_percent: {percent}, "
        "valid_from: 2020-01-01T00:00:00Z}\n"
    )


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        # what cannot be read
        ("sites.yaml", "- site_id: [north", "sites.yaml:2: is not YAML: "),
        ("sites.yaml", "", "sites.yaml: is empty; to empty the table, write []"),
        ("sites.yaml", "site_id: north", "sites.yaml:1: must be a list of mappings: begin each row with `- `"),
        ("sites.yaml", "- north", "sites.yaml:1: must be a mapping, such as `- name: value`"),
        ("sites.yaml", "- site_id: x\n  site_id: y", "sites.yaml:2: site_id: stands twice in one row"),
        ("sites.yaml", "- &a {site_id: *a}", "sites.yaml:1: site_id: must be one value, not a list or a mapping"),
        ("sites.yaml", b"- name: \xff", "sites.yaml:1: is not UTF-8 text"),
        ("stations.csv", "", "stations.csv: is empty; to empty the table, keep the header line station_id,site_id,"),
        ("stations.csv", "station_id,site_id\nN-01\n", "stations.csv:2: has 1 fields, the header 2"),
        ("stations.csv", 'station_id,site_id\n"N"x,north\n', "stations.csv:2: is not CSV as in RFC 4180"),
        ("stations.csv", "station_id,station_id,site_id\n", "stations.csv:1: station_id: stands twice in the header"),
        ("stations.csv", "station_id\n", "stations.csv:1: site_id: is missing in the header: site where it stands"),
        ("stations.csv", "station_id,site_id,color\n", "stations.csv:1: color: is no column of stations"),
        ("site.yaml", "[]", "site.yaml: no registry table is called site; they are operators, sites,"),
        ("pseudonyms.yaml", "[]", "pseudonyms.yaml: no registry table is called pseudonyms"),
        ("stations.yaml", "[]", "stations.yaml: stations.csv declares the same table; keep one of them"),
        # single values
        ("stations.csv", "station_id,site_id\n,north\n", "stations.csv:2: station_id: is missing: OCPP identity"),
        ("stations.csv", "station_id,site_id\n N-01,north\n", "stations.csv:2: station_id: ' N-01' begins or ends"),
        ("stations.csv", "station_id,site_id\nN\x07,north\n", "stations.csv:2: station_id: holds the character U+0007"),
        (
            "sites.yaml",
            SITE.format(zone="Oslo", country="NO", money="NOK"),
            "time_zone: 'Oslo' is not an IANA time zone",
        ),
        ("sites.yaml", SITE.format(zone="UTC", country="Norway", money="NOK"), "country_code: 'Norway' must be two"),
        ("sites.yaml", SITE.format(zone="UTC", country="NO", money="kr"), "currency: 'kr' must be three capital"),
        ("station_profiles.yaml", PROFILE % "energy_factor: 0", "energy_factor: 0.000000 is out of range"),
        ("station_profiles.yaml", PROFILE % "energy_factor: -1000", "energy_factor: -1000.000000 is out of range"),
        ("station_profiles.yaml", PROFILE % "token_pattern: '(a'", "token_pattern: '(a' is no regular expression"),
        (
            "station_profiles.yaml",
            PROFILE % "token_pattern: '(a)(?=b)'",
            "is no regular expression (RE2): invalid perl",
        ),
        ("station_profiles.yaml", PROFILE % "token_pattern: 'a'", "token_pattern: 'a' has 0 groups: put the token"),
        ("station_profiles.yaml", PROFILE % "token_pattern: '(a)(b)'", "token_pattern: '(a)(b)' has 2 groups"),
        ("station_profiles.yaml", PROFILE % "register_behaviour: mixed", "'mixed' is not one of lifetime, per_tr"),
        (
            "sites.yaml",
            "- {site_id: s, latitude: 91}",
            "sites.yaml:1: latitude: 91.0 is out of range: it must be from -90",
        ),
        ("sites.yaml", "- {site_id: s, latitude: nan}", "sites.yaml:1: latitude: 'nan' is not a number"),
        ("connectors.csv", CONNECTORS + "N-01,0,1,2020-01-01T00:00:00Z,,7,DC\n", "evse_id: 0 is out of range"),
        ("connectors.csv", CONNECTORS + "N-01,1,1,2020-01-01T00:00:00Z,,7.5,DC\n", "'7.5' is not a whole number"),
        ("connectors.csv", CONNECTORS + f"N-01,1,1,2020-01-01T00:00:00Z,,{2**63},DC\n", "does not fit BIGINT"),
        ("connectors.csv", CONNECTORS + "N-01,1,1,2020-01-01T00:00:00,,7,DC\n", "has no time zone: end it with Z"),
        ("connectors.csv", CONNECTORS + "N-01,1,1,yesterday,,7,DC\n", "'yesterday' is not an instant"),
        ("connectors.csv", CONNECTORS + "N-01,1,1,0001-01-01T00:00:00+09:00,,7,DC\n", "is out of range"),
        ("connectors.csv", CONNECTORS + "N-01,1,1,2020-01-01T00:00:00Z,,7,AC\n", "'AC' is not one of AC_1_PHASE,"),
        (
            "drivers.yaml",
            "- {driver_id: d, email: nobody}",
            "drivers.yaml:1: email: 'nobody' must be an e-mail address",
        ),
        (
            "tax_rates.yaml",
            "- {rate_percent: 7.00001}",
            "tax_rates.yaml:1: rate_percent: 7.00001 does not fit: at most 3",
        ),
        ("tax_rates.yaml", "- {rate_percent: 5%}", "tax_rates.yaml:1: rate_percent: '5%' is not a decimal number"),
        (
            "meter_keys.csv",
            KEYS + "N-02,1,3059,2020-01-01T00:00:00Z\n",
            "public_key: is no public key of a meter: its DER",
        ),
        ("meter_keys.csv", KEYS + "N-02,1,no key!,2020-01-01T00:00:00Z\n", "it is neither hexadecimal nor base64"),
        # rows against each other
        (
            "meter_keys.csv",
            KEYS + f"N-03,1,{POINT},2020-01-01T00:00:00Z\n",
            "meter_keys.csv:2: station_id: stations has no station_id N-03",
        ),
        (
            "meter_keys.csv",
            KEYS + f"N-02,1,{POINT},2020-01-01T00:00:00Z\nN-02,1,{POINT},2021-01-01T00:00:00Z\n",
            "meter_keys.csv:3: valid_from: 2021-01-01T00:00:00Z overlaps with line 2, which has no end",
        ),
        (
            "stations.csv",
            "station_id,site_id\nN-01,north\nN-02,north\nN-01,north\n",
            "stations.csv:4: station_id: station_id N-01 already stands in line 2",
        ),
        (
            "stations.csv",
            "station_id,site_id\nN-01,north\nN-02,south\n",
            "stations.csv:3: site_id: sites has no site_id south",
        ),
        (
            "tokens.csv",
            "id_token,token_type,status,valid_from,valid_to\nX,RFID,active,2020-01-01T00:00:00Z,2020-01-01T00:00:00Z\n",
            "tokens.csv:2: valid_to: 2020-01-01T00:00:00Z is not after valid_from 2020-01-01T00:00:00Z",
        ),
        (
            "connectors.csv",
            CONNECTORS
            + "N-02,1,1,2020-01-01T00:00:00Z,,7,DC\nN-02,1,1,2019-01-01T00:00:00Z,2020-01-02T00:00:00Z,7,DC\n",
            "connectors.csv:2: in_service_from: 2020-01-01T00:00:00Z overlaps with line 3, which lasts until 2020-",
        ),
        (
            "connectors.csv",
            CONNECTORS + "N-02,1,1,2020-01-01T00:00:00Z,,7,DC\nN-02,1,1,2021-01-01T00:00:00Z,,7,DC\n",
            "connectors.csv:3: in_service_from: 2021-01-01T00:00:00Z overlaps with line 2, which has no end",
        ),
        ("tariff_assignments.yaml", ASSIGNED % "connector_id: 1", "connector_id: needs evse_id beside it"),
        ("tariff_assignments.yaml", ASSIGNED % "evse_id: 1", "evse_id: needs station_id beside it"),
        (
            "tariff_assignments.yaml",
            ASSIGNED % "evse_id: 7, station_id: N-01",
            "connectors has no station_id N-01, evse_id 7",
        ),
        # taxes
        (
            "tax_rates.yaml",
            tax("DE", "E", "0"),
            "tax_rates.yaml:1: exemption_reason: is missing: invoices name the law",
        ),
        ("tax_rates.yaml", tax("DE", "Z", "7"), "rate_percent: must be 0: no VAT is charged in category Z"),
        ("tax_rates.yaml", tax("DE", "S", "0"), "rate_percent: is 0, and S is taxed: a rate of 0 is category Z"),
        ("tax_rates.yaml", tax("IN", "S", "18"), "tax_code: India has no S: its taxes are CGST, SGST, UTGST, IGST"),
        ("tax_rates.yaml", tax("DE", "CGST", "9"), "tax_code: CGST is a tax of India (IN)"),
        (
            "tax_rates.yaml",
            tax("IN", "IGST", "18") + tax("IN", "SGST", "9") + tax("IN", "CGST", "6"),
            "tax_rates.yaml:3: rate_percent: 6 % is not half of IGST, 18 %, at the same time",
        ),
        (
            "contracts.yaml",
            "- {contract_id: c1, operator_id: op, currency: NOK, tax_category: AE, valid_from: 2019-01-01T00:00:00Z}",
            "contracts.yaml:1: tax_category: AE of contract c1 (its holder owes the VAT): its driver needs a vat_id",
        ),
        # tariffs
        ("tariffs.yaml", TARIFF + "  elements: []", "tariffs.yaml:6: elements: must be a list of at least one"),
        ("tariffs.yaml", TARIFF + "  elements: cheap", "tariffs.yaml:6: elements: is not JSON"),
        ("tariffs.yaml", TARIFF + "  elements: &e [*e]", "tariffs.yaml:6: elements: an alias (*) holds itself"),
        (
            "tariffs.yaml",
            TARIFF + "  elements:\n  - price_components:\n    - {type: ENERGY, price: x, step_size: 1}",
            "tariffs.yaml:8: elements: element 0, price component 0: price must be a number",
        ),
        (
            "tariffs.yaml",
            TARIFF + "  elements:\n  - price_components:\n    - {type: WATER, price: 1, step_size: 1}",
            "type must be one of ENERGY, FLAT",
        ),
        (
            "tariffs.yaml",
            TARIFF + "  elements:\n  - price_components:\n    - {type: TIME, price: 1}",
            "step_size must be a whole number",
        ),
        (
            "tariffs.yaml",
            TARIFF + "  elements:\n  - price_components:\n    - {type: TIME, price: 1e99, step_size: 1}",
            "the number 1e99 is out of range",
        ),
        ("tariffs.yaml", TARIFF + "  elements:\n  - restrictions: {colour: red}", "OCPI knows no restriction colour"),
    ],
)
def test_told_with_file_line_field_and_reason(
    engine: sa.Engine, folder: Path, file: str, text: str | bytes, told: str
) -> None:
    if not (folder / file).exists():
        (folder / file).write_text("")
    (folder / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    found = problems(engine, folder)
    assert any(told in problem for problem in found), found


def test_all_problems_are_told_at_once_and_none_for_a_row_that_is_only_half_read(
    engine: sa.Engine, folder: Path
) -> None:
    (folder / "sites.yaml").write_text("- {operator_id: op, time_zone: UTC, country_code: no, currency: NOK}\n")
    (folder / "tokens.csv").write_text("id_token,token_type,status\nX,RFID,active\n")
    assert problems(engine, folder) == [
        "sites.yaml:1: site_id: is missing: own key of the site",
        "sites.yaml:1: name: is missing: name that people use",
        "sites.yaml:1: country_code: 'no' must be two capital letters as in ISO 3166-1, such as DE",
        "tokens.csv:1: valid_from: is missing in the header: in force from this instant on",
    ]


def test_what_others_point_to_cannot_be_removed(engine: sa.Engine, folder: Path, tmp_path: Path) -> None:
    apply(engine, folder)
    part = tmp_path / "part"
    part.mkdir()
    (part / "sites.yaml").write_text("[]")
    assert (
        problems(engine, part)[0] == "sites.yaml: site_id: north is missing: stations still holds rows that point to it"
    )


def test_an_empty_folder_is_told(engine: sa.Engine, tmp_path: Path) -> None:
    assert "no registry file such as operators.yaml lies there" in problems(engine, tmp_path / "nowhere")[0]


def test_a_file_in_place_of_a_folder_is_told(engine: sa.Engine, folder: Path) -> None:
    assert problems(engine, folder / "sites.yaml") == [f"{folder / 'sites.yaml'}: is a file; give its folder"]


@pytest.mark.parametrize(
    ("series", "shared"), [("", None), ("OP", "OP"), ("OPC", "OPC"), ("OPO", "OPO"), ("OPOC", "OPOC"), ("OPX", None)]
)
def test_a_number_series_is_one_operators(engine: sa.Engine, folder: Path, series: str, shared: str | None) -> None:
    other = f"- {{operator_id: x, name: X, country_code: NO, party_id: XXX, invoice_series: '{series}'}}\n"
    file = folder / "operators.yaml"
    file.write_text(file.read_text() + other)
    if shared is None:
        apply(engine, folder)
        return
    (told,) = problems(engine, folder)
    assert told.startswith("operators.yaml:2: invoice_series: documents of x would be numbered with")
    assert f"those of op share the series '{shared}'" in told


def test_reverse_charge_is_across_a_border_or_by_a_declared_law(engine: sa.Engine, folder: Path) -> None:
    contract = "- {contract_id: c1, operator_id: op, driver_id: d, currency: NOK, tax_category: AE, valid_from: %s}\n"
    (folder / "contracts.yaml").write_text(contract % "2019-01-01T00:00:00Z")
    holder = folder / "drivers.yaml"
    holder.write_text("- {driver_id: d, country_code: SE, vat_id: SE556188840401}\n")
    apply(engine, folder)
    holder.write_text("- {driver_id: d, country_code: NO, vat_id: NO123456785MVA}\n")
    with pytest.raises(RegistryError, match="its driver is in NO as the operator is; where that country's law"):
        apply(engine, folder)
    (folder / "tax_rates.yaml").write_text(tax("NO", "AE", "0"))
    apply(engine, folder)
    (folder / "operators.yaml").write_text(
        "- {operator_id: op, name: Campus, country_code: NO, party_id: KWH, tax_category: E}\n"
    )
    with pytest.raises(RegistryError, match="its operator charges no VAT at all"):
        apply(engine, folder)
