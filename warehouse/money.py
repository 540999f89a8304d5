"""Money rules that every room shares: currencies with their minor units, and exact rounding in DuckDB.

Amounts are DECIMAL in tables. DuckDB divides decimals as floating point numbers, so what must stay exact is computed
in HUGEINT: a numerator and a divisor, rounded once by the macro `half_up`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

# ISO 4217:2015, list one (maintained by SIX, amendment 176): digits after the decimal point. Funds, metals and test
# codes have no minor unit and no tariff, so they are left out.
_BY_MINOR_UNIT: dict[int, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP "
        "CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR "
        "IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN "
        "NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP "
        "STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
}
MINOR_UNITS: dict[str, int] = {code: digits for digits, codes in _BY_MINOR_UNIT.items() for code in codes.split()}


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary macro `half_up(numerator, divisor)` and the temporary table `currencies` on `con`.

    `half_up` rounds a quotient of integers to an integer, halves away from zero (a credit mirrors its invoice);
    `currencies` has `currency` and `minor_unit` (digits).
    """
    con.execute(
        "CREATE OR REPLACE TEMP MACRO half_up(n, d) AS sign(n) * ((2 * abs(n) + d) // (2 * d))",
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE currencies AS SELECT unnest($codes) AS currency, unnest($digits) AS minor_unit",
        {"codes": list(MINOR_UNITS), "digits": list(MINOR_UNITS.values())},
    )
