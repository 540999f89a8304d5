"""Rules that stages and readers share, as macros of every connection: one place where each is written down."""

from __future__ import annotations

from warehouse.contract.ddl import quoted
from warehouse.money import MINOR_UNITS

# Which decision on a session is in force (`release`, `hold`) or NULL where its grade decides. A hold stays. A release
# was given for an energy and a grade: when later data changed the energy or made the grade worse, that is a new doubt,
# and doubt never becomes money by itself. Energies up to 10^9 Wh compare exactly, more is never priced.
STANDING_DECISION = """
CREATE OR REPLACE MACRO {catalog}.main.standing_decision(
    decision, decided_grade, decided_energy_wh, grade, energy_wh
) AS
CASE
    WHEN decision = 'hold' THEN 'hold'
    WHEN decision = 'release' AND energy_wh = decided_energy_wh
        AND list_position(['ok', 'suspect', 'unbillable'], grade)
            <= list_position(['ok', 'suspect', 'unbillable'], decided_grade) THEN 'release'
END
"""

_BY_DIGITS = {
    digits: ", ".join(quoted(code) for code, minor_unit in MINOR_UNITS.items() if minor_unit == digits)
    for digits in (0, 3)
}
# ISO 4217: digits of a currency after the decimal point. All others of the list have two.
MINOR_UNIT = f"""
CREATE OR REPLACE MACRO {{catalog}}.main.minor_unit(currency) AS
CASE WHEN currency IN ({_BY_DIGITS[0]}) THEN 0 WHEN currency IN ({_BY_DIGITS[3]}) THEN 3 ELSE 2 END
"""
# VAT on the sum of lines at one rate, half-up to the minor unit, halves away from zero: a credit note mirrors its
# invoice. In integers, because DuckDB divides decimals as floating point: ten-thousandths of the currency ×
# ten-thousandths of a per cent are 10⁻¹⁰ of the currency.
VAT_OF = """
CREATE OR REPLACE MACRO {catalog}.main.vat_of(net, vat_percent, currency) AS
CAST(
    CAST(
        sign(net) * (
            (
                2 * CAST(abs(CAST(net AS DECIMAL(38, 4))) * 10000 AS HUGEINT)
                * CAST(CAST(vat_percent AS DECIMAL(38, 4)) * 10000 AS HUGEINT)
                + CAST(10 ** (10 - minor_unit(currency)) AS HUGEINT)
            ) // (2 * CAST(10 ** (10 - minor_unit(currency)) AS HUGEINT))
        ) * CAST(10 ** (4 - minor_unit(currency)) AS HUGEINT)
        AS DECIMAL(38, 0)
    ) * 0.0001
    AS DECIMAL(18, 4)
)
"""

# Which rows a reader may give that looks past the views, into the lake's snapshots.
SEES_SITE = "CREATE OR REPLACE MACRO {catalog}.main.sees_site(site) AS {condition}"


def macros(catalog: str, sees_site: str | None = None) -> list[str]:
    """Statements that make the macros in `catalog`. `sees_site`: the condition on `site`; None: any."""
    named = [macro.format(catalog=catalog) for macro in (STANDING_DECISION, MINOR_UNIT, VAT_OF)]
    return [*named, SEES_SITE.format(catalog=catalog, condition=sees_site or "true")]
