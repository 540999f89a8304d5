"""Whether tariffs give the VAT that the law puts on charging where they hold (`registry.tax_rates`), and whose it is.

A price that gives no VAT bears the law's; one that gives another is charged as it says, and told here. Nothing is
changed: reduced rates and regions with rates of their own are for the tariff to say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipelines.billing.checking.finding import Finding
from pipelines.billing.checking.spans import EVER, NEVER, Span, shared, span_of, told_span, without
from pipelines.billing.checking.words import joined, plain
from pipelines.billing.tariffs.model import Tariff, TariffRefused, parse_tariff, tariff_object

Row = Mapping[str, Any]
Rows = Sequence[Row]


@dataclass(frozen=True, slots=True)
class _Law:
    """The rates that hold for the sales of one seller's kind in one country, each with its time."""

    country_code: str
    seller_is_exempt: bool
    rates: tuple[tuple[Span, Decimal], ...]

    def __str__(self) -> str:
        return f"{self.country_code}, the operator being exempt" if self.seller_is_exempt else self.country_code

    def against(self, rate: Decimal, time: Span) -> str:
        """What contradicts a tariff, in words."""
        if self.seller_is_exempt:
            return f"its operator in {self.country_code} charges none (tax_category)"
        return f"tax_rates says {plain(rate)} % for {self.country_code} {told_span(time)}"


def check_taxes(registry: Mapping[str, Rows]) -> Iterator[Finding]:
    """Findings on `tariffs` and `sites`, by `tariff_assignments`, `plans`, `stations`, `operators` and `tax_rates`."""
    tariffs, rates = registry.get("tariffs", ()), registry.get("tax_rates", ())
    operators = {row["operator_id"]: row for row in registry.get("operators", ())}
    exempt = {name for name, row in operators.items() if row.get("tax_category") in ("E", "O")}
    sites = {row["site_id"]: row for row in registry.get("sites", ()) if row.get("country_code")}
    reached = _reached(registry, sites)
    for row in tariffs:
        try:
            tariff = parse_tariff(tariff_object(row))
        except TariffRefused:
            continue
        places = {
            (sites[site]["country_code"], sites[site].get("operator_id") in exempt)
            for site in reached[row["tariff_id"]]
        }
        laws = [_Law(country, free, _rates(country, free, rates)) for country, free in sorted(places)]
        yield from _of_version(row, tariff, laws)
    for site in sites.values():
        yield from _in_another_state(site, operators.get(site.get("operator_id"), {}))


def _in_another_state(site: Row, operator: Row) -> Iterator[Finding]:
    """GST is owed where the supplier is registered for the place that it supplies from."""
    here, registered = site.get("state_code"), operator.get("state_code")
    if site["country_code"] == "IN" and here and registered and here != registered:
        words = (
            f"It is in state {here}, its operator {operator['operator_id']} registered in {registered}: supplies from "
            "there need a registration there (CGST Act, section 22)."
        )
        mend = "Declare an operator with the GSTIN of that state, and give it the site."
        yield Finding("warning", "other_state", f"site {site['site_id']}", words, mend)


def _reached(registry: Mapping[str, Rows], sites: Collection[str]) -> dict[str, set[str]]:
    """The sites at which each tariff may hold. Plans reach everywhere."""
    stations = {row["station_id"]: row["site_id"] for row in registry.get("stations", ())}
    found: dict[str, set[str]] = defaultdict(set)
    for rule in registry.get("tariff_assignments", ()):
        site = rule.get("site_id") or stations.get(rule.get("station_id"))
        found[rule["tariff_id"]] |= {site} & set(sites) if site else set(sites)
    for plan in registry.get("plans", ()):
        if plan.get("tariff_id") is not None:
            found[plan["tariff_id"]] |= set(sites)
    return found


def _rates(country_code: str, seller_is_exempt: bool, rates: Rows) -> tuple[tuple[Span, Decimal], ...]:
    if seller_is_exempt:
        return (((EVER, NEVER), Decimal(0)),)
    return tuple(
        (span_of(row), row["rate_percent"])
        for row in rates
        if row["country_code"] == country_code and row["tax_code"] in ("S", "IGST")
    )


def _of_version(row: Row, tariff: Tariff, laws: Sequence[_Law]) -> Iterator[Finding]:
    tariff_id, version = str(row["tariff_id"]), int(row["version"])
    place, span = f"tariff {tariff_id} version {version}", span_of(row)
    for percent, where in sorted(_given(tariff).items(), key=lambda item: (item[0] is None, item[0] or 0)):
        named = f"{'element' if len(where) == 1 else 'elements'} {joined(where)}"
        if percent is None:
            level, words, mend = _not_given(tariff, laws, span, named)
            yield Finding(level, "no_vat", place, words, mend, tariff_id, version)
            continue
        for law in laws:
            for time, rate in law.rates:
                both = shared(span, time)
                if both is not None and rate != percent:
                    words = f"VAT is {plain(percent)} % in {named}; {law.against(rate, both)}."
                    mend = "The tariff's is charged: correct it in a new version if that is not meant."
                    yield Finding("warning", "unlawful_vat", place, words, mend, tariff_id, version)


def _given(tariff: Tariff) -> dict[Decimal | None, list[str]]:
    """Where each VAT rate stands in the tariff: `0 (ENERGY and FLAT)`."""
    found: dict[Decimal | None, list[str]] = defaultdict(list)
    for number, element in enumerate(tariff.elements):
        by_rate: dict[Decimal | None, list[str]] = defaultdict(list)
        for component in element.components:
            percent = component.vat_percent
            if tariff.tax_included == "N/A":
                percent = Decimal(0)
            by_rate[percent].append(component.dimension)
        for percent, names in by_rate.items():
            found[percent].append(f"{number} ({joined(names)})")
    return found


def _not_given(tariff: Tariff, laws: Sequence[_Law], span: Span, named: str) -> tuple[str, str, str]:
    """Level, words and mend. It is a note where the law tells the VAT for all of `span`."""
    unknown = "net" if tariff.tax_included == "YES" else "gross"
    lacking = sorted({law.country_code for law in laws if list(without(span, [time for time, _ in law.rates]))})
    if lacking:
        return (
            "warning",
            f"No VAT is given in {named}, and tax_rates does not tell it for {joined(lacking)} all that time: what "
            f"is {unknown} is then not known.",
            "Give vat, 0 where none is due, or declare the rate.",
        )
    if not laws:
        words = f"No VAT is given in {named}: what is {unknown} is then not known."
        return "warning", words, "Give vat, 0 where none is due."
    told = joined([f"{plain(rate)} % for {law}" for law in laws for time, rate in law.rates if shared(span, time)])
    return "note", f"No VAT is given in {named}: that of tax_rates holds, {told}.", "Nothing, or give vat."
