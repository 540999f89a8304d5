"""Tariffs of others as rows of the registry's `tariffs.yaml`: OCPP 2.1 or OCPI objects in, text out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import yaml

from pipelines.billing.refusal import TariffRefused
from pipelines.billing.tariffs.model import parse_tariff
from pipelines.billing.tariffs.ocpp21 import from_ocpp21
from warehouse import exact_json
from warehouse.errors import InputError


class TariffsRefused(InputError):
    """Tariffs that cannot be taken in. `reasons`: place and reason, one each."""

    def __init__(self, reasons: Sequence[str]) -> None:
        listing = "\n".join(f"  {reason}" for reason in reasons)
        super().__init__(f"Nothing was written. Mend {len(reasons)} problem(s) in the file:\n{listing}")
        self.reasons = tuple(reasons)


def registry_yaml(text: str, *, version: int = 1, valid_from: datetime | None = None) -> str:
    """Rows for `tariffs.yaml`, which `kwhouse registry apply` takes.

    `text`: JSON, one object or a list: OCPP 2.1 TariffType, a request that has it as `tariff`, or OCPI tariffs.
    `valid_from` counts where a tariff does not say when it begins. Raises `TariffsRefused`.
    """
    try:
        given = exact_json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TariffsRefused([f"not JSON: {error}"]) from None
    found = given if isinstance(given, list) else [given]
    rows: list[dict[str, Any]] = []
    reasons: list[str] = [] if found else ["no tariff in it"]
    for number, item in enumerate(found):
        place = f"[{number}]." if isinstance(given, list) else ""
        tariff = _ocpi(item)
        if isinstance(tariff, list):
            reasons += [f"{place}{why}" for why in tariff]
            continue
        try:
            rows.append(_row(tariff, version, valid_from))
        except TariffRefused as why:
            reasons.append(f"{place}{why}")
    if reasons:
        raise TariffsRefused(reasons)
    listing: str = yaml.dump(rows, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return listing


def _ocpi(item: object) -> dict[str, Any] | list[TariffRefused]:
    if isinstance(item, dict) and isinstance(item.get("tariff"), dict):
        item = item["tariff"]
    if not isinstance(item, dict):
        return [TariffRefused("tariff", "must be an object")]
    if "elements" not in item:
        return from_ocpp21(item)
    try:
        parse_tariff(item)
    except TariffRefused as why:
        return [why]
    return item


def _row(tariff: Mapping[str, Any], version: int, valid_from: datetime | None) -> dict[str, Any]:
    limits = [tariff.get("min_price"), tariff.get("max_price")]
    newer = tariff.get("tax_included") is not None or any(limit and "before_taxes" in limit for limit in limits)
    texts = [f"{text['language']}: {text['text']}" for text in tariff.get("tariff_alt_text") or ()]
    begin = _instant("start_date_time", tariff.get("start_date_time")) or valid_from
    if begin is None:
        raise TariffRefused("validFrom", "is missing: give --valid-from")
    if not isinstance(tariff.get("id"), str):
        raise TariffRefused("id", "is missing")
    row = {
        "tariff_id": tariff["id"],
        "version": version,
        "currency": tariff["currency"],
        "ocpi_version": "2.3.0" if newer else "2.2.1",
        "valid_from": begin,
        "valid_to": _instant("end_date_time", tariff.get("end_date_time")),
        "tariff_type": tariff.get("type"),
        **{name: tariff.get(name) for name in ("tax_included", "min_price", "max_price", "elements")},
        "note": " / ".join(texts) or None,
    }
    return {name: value for name, value in row.items() if value is not None}


def _instant(field: str, text: object) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        at = None
    if at is None:
        raise TariffRefused(field, f"must be a time as 2026-03-31T12:00:00Z, not {text!r}")
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


class _Dumper(yaml.SafeDumper):
    """Exact numbers, and no anchors."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _decimal(dumper: yaml.SafeDumper, value: Decimal) -> yaml.Node:
    # Plain digits: what is read back is the same number.
    whole = value == value.to_integral_value()
    text = format(value.to_integral_value() if whole else value, "f")
    return dumper.represent_scalar("tag:yaml.org,2002:int" if whole else "tag:yaml.org,2002:float", text)


_Dumper.add_representer(Decimal, _decimal)
