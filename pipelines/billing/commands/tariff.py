"""`kwhouse tariff …`: check tariffs, explain prices, take tariffs in."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

tariff_app = typer.Typer(
    help="Check tariffs, explain how sessions got their price, take tariffs of others in.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        raise typer.BadParameter(f"{text!r} is no zone of the IANA database; write it as Europe/Berlin.") from None


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write it as 2026-03-31T00:00+02:00.") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


@tariff_app.command("check")
def check_tariffs(
    tariff_id: Annotated[list[str] | None, typer.Option("--tariff", help="Only findings on this tariff.")] = None,
    as_json: Json = False,
) -> None:
    """Look for elements that can never be chosen, times without a price, rules that contradict each other.

    Looks at the registry as it stands. Exit status 1 where there is an error.
    """
    from pipelines.billing.checking import check
    from warehouse.registry.stored import stored_tables
    from warehouse.settings import load_settings

    names = ("tariffs", "tariff_assignments", "plans", "sites", "stations", "connectors", "operators", "tax_rates")
    found = check(stored_tables(load_settings(), *names))
    if tariff_id:
        found = [finding for finding in found if finding.tariff_id in tariff_id]
    if as_json:
        _json([dataclasses.asdict(finding) for finding in found])
    else:
        typer.echo("\n".join(map(str, found)) if found else "Nothing is odd.")
    if any(finding.level == "error" for finding in found):
        raise typer.Exit(1)


@tariff_app.command("explain")
def explain_price(
    session_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The session, or the beginning of its id.")
    ] = None,
    cdr: Annotated[Path | None, typer.Option(help="OCPI CDR instead, as JSON.", exists=True, dir_okay=False)] = None,
    tariff: Annotated[
        Path | None, typer.Option(help="OCPI tariff of that CDR, as JSON.", exists=True, dir_okay=False)
    ] = None,
    time_zone: Annotated[
        ZoneInfo | None, typer.Option(parser=_zone, metavar="ZONE", help="IANA zone of that CDR's site.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell how a session got its price: rule, version, elements by period, steps, bounds, taxes."""
    from pipelines.billing.explaining import Explanation, explain_cdr, explain_session, in_words
    from warehouse.settings import load_settings
    from warehouse.store import open_lake

    told: Explanation
    if session_id is not None and cdr is None and tariff is None:
        with open_lake(load_settings(), read_only=True) as lake:
            told = explain_session(lake, session_id)
    elif session_id is None and cdr is not None and tariff is not None:
        told = explain_cdr(_object(cdr), _object(tariff), time_zone)
    else:
        raise typer.BadParameter("give a session's ID, or both --cdr and --tariff")
    if as_json:
        _json(dataclasses.asdict(told))
    else:
        typer.echo(in_words(told))


@tariff_app.command("import")
def import_tariffs(
    file: Annotated[
        Path,
        typer.Argument(help="OCPP 2.1 or OCPI tariffs, one object or a list, as JSON.", exists=True, dir_okay=False),
    ],
    version: Annotated[int, typer.Option(min=1, help="Their version in the registry.")] = 1,
    valid_from: Annotated[
        datetime | None, typer.Option(parser=_moment, metavar="TIME", help="In force from, where they do not say it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write tariffs as rows of the registry's tariffs.yaml to stdout; `kwhouse registry apply` takes them."""
    import yaml

    from pipelines.billing.tariffs.files import registry_yaml

    text = registry_yaml(file.read_text(encoding="utf-8"), version=version, valid_from=valid_from)
    if as_json:
        _json(yaml.safe_load(text))
    else:
        typer.echo(text, nl=False)


def _object(path: Path) -> dict[str, Any]:
    from warehouse import exact_json
    from warehouse.errors import InputError

    try:
        found = exact_json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}. Give one OCPI object.") from None
    if not isinstance(found, dict):
        raise InputError(f"{path} holds no object. Give one OCPI object.")
    return found


def _json(value: object) -> None:
    from warehouse.plain import for_json

    typer.echo(json.dumps(for_json(value), ensure_ascii=False, indent=2))
