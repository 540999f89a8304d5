"""The command line: wires the rooms together. Each command reads the settings once and hands them on.

Results go to stdout (as JSON with --json), progress and warnings to stderr. Exit status: 0 done, 1 refused or failed
(the message names the mend), 2 wrong usage, 75 try again later.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.access.commands import driver_app, token_app
from ingest.api.driver.commands import add_commands as add_code_commands
from ingest.power.commands import power_app
from ingest.remote.commands import add_session_commands, add_station_commands
from ingest.remote.reservation_commands import add_reservation_commands
from ingest.security.commands import add_commands as add_security_commands
from pipelines.billing.commands.card import card_app
from pipelines.billing.commands.cdr import cdr_app
from pipelines.billing.commands.close import close_app
from pipelines.billing.commands.invoice import invoice_app
from pipelines.billing.commands.owner import owner_app
from pipelines.billing.commands.payment import payment_app
from pipelines.billing.commands.tariff import tariff_app
from warehouse.command_line import By, Json, author, day_of, print_result
from warehouse.errors import KwhouseError
from warehouse.people.commands import key_app
from warehouse.people.guard import asking, guarded, require_whole, shown_lake
from warehouse.registry.commands import changes as registry_changes

if TYPE_CHECKING:
    import polars as pl
    from _typeshed import DataclassInstance

    from pipelines.refresh import RefreshReport
    from pipelines.stages import StageResult
    from warehouse.decisions import Decision
    from warehouse.registry import ApplyReport
    from warehouse.registry.changes import Author
    from warehouse.settings import Settings

app = typer.Typer(
    name="kwhouse",
    help="Analytics and billing warehouse for public EV charging.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
registry_app = typer.Typer(
    help="Declare operators, sites, stations, tokens, contracts and tariffs in files.", no_args_is_help=True
)
registry_app.command("changes")(registry_changes)
app.add_typer(registry_app, name="registry")
session_app = typer.Typer(
    help="Sessions: start and stop them, their story, decisions on whether they are billed.", no_args_is_help=True
)
add_session_commands(session_app)
app.add_typer(session_app, name="session")
station_app = typer.Typer(
    help="What stations are and what they are asked to do, how they prove it, what their sessions have taught.",
    no_args_is_help=True,
)
add_security_commands(station_app)
add_station_commands(station_app)
add_code_commands(station_app)
add_reservation_commands(station_app)
app.add_typer(station_app, name="station")
import_app = typer.Typer(
    help="Bring data in: frames of logs, sessions of another system, OCPI CDRs. Then run `kwhouse refresh`.",
    no_args_is_help=True,
)
app.add_typer(import_app, name="import")
app.add_typer(token_app, name="token")
app.add_typer(power_app, name="power")
app.add_typer(driver_app, name="driver")
app.add_typer(key_app, name="key")
app.add_typer(invoice_app, name="invoice")
app.add_typer(payment_app, name="payment")
app.add_typer(card_app, name="card")
app.add_typer(owner_app, name="owner")
app.add_typer(cdr_app, name="cdr")
app.add_typer(tariff_app, name="tariff")
app.add_typer(close_app)


class QueryFormat(StrEnum):
    """How rows are printed."""

    table = "table"
    csv = "csv"
    json = "json"


class FileFormat(StrEnum):
    """How an extract is written."""

    csv = "csv"
    xlsx = "xlsx"
    parquet = "parquet"
    json = "json"
    xml = "xml"


class OcppVersion(StrEnum):
    """What a replayed station speaks."""

    v16 = "1.6"
    v201 = "2.0.1"


class AnyOcppVersion(StrEnum):
    """What frames can be of."""

    v16 = "1.6"
    v201 = "2.0.1"
    v21 = "2.1"


@app.command()
def demo(
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Open the dashboard at the end.")] = True,
) -> None:
    """Replay real sessions over OCPP, refresh the warehouse, check it, and open the dashboard."""
    from ingest.replay.demo import run_demo

    settings = _settings()
    check = run_demo(
        settings, apply_registry=_apply_registry, refresh=_refresh_aloud, read_sessions=_session_energies, say=_say
    )
    if not check.ok:
        raise typer.Exit(1)
    if serve:
        from dashboards.run import main as dashboard_main

        raise typer.Exit(dashboard_main(settings))


@app.command()
def rate(
    file: Annotated[Path | None, typer.Argument(help="JSON lines; standard input without it.")] = None,
) -> None:
    """Price CDRs: JSON lines {"id", "cdr", "tariff", "time_zone"} in, {"id", "cdr" or "error"} out, in order.

    Exit status 0 when every line was answered, be it with an error.
    """
    from pipelines.billing.rating.lines import rate_lines

    with sys.stdin if file is None else file.open(encoding="utf-8") as lines:
        for answer in rate_lines(lines):
            sys.stdout.write(f"{answer}\n")


@app.command()
def up() -> None:
    """Run collector, HTTP API, Dagster and dashboard together; Ctrl-C stops them together."""
    from warehouse.people.lending import OF_DASHBOARD, lent_key
    from warehouse.state import opened
    from warehouse.supervisor import Program, run_together

    settings = _settings()
    _say(
        f"Stations:  ws://{settings.collect_host}:{settings.collect_port}/ocpp/<station_id>\n"
        f"API:       http://{settings.api_host}:{settings.api_port}\n"
        f"Dagster:   http://127.0.0.1:{settings.dagster_port}\n"
        f"Dashboard: http://{settings.dashboard_host}:{settings.dashboard_port}\n"
        "Ctrl-C stops all four."
    )
    commands = {"collector": "collect", "api": "api", "dagster": "dev", "dashboard": "dashboard"}
    with opened(settings) as engine, lent_key(engine, "dashboard", OF_DASHBOARD, author(None, "up")) as key:
        programs = [
            Program(
                name,
                [sys.executable, "-m", "kwhouse", command],
                {"KWHOUSE_API_KEY": key} if name == "dashboard" else {},
            )
            for name, command in commands.items()
        ]
        raise typer.Exit(run_together(programs))


@app.command()
def collect() -> None:
    """Run the OCPP endpoint ws://HOST:9000/ocpp/<station_id>; /health and /metrics on port 9001."""
    from ingest.collector import main as collector_main

    raise typer.Exit(collector_main(_settings()))


@app.command()
def proxy(
    upstream: Annotated[
        str,
        typer.Option(
            metavar="URL", help="Address of the central system, ws:// or wss://; the station's id is appended."
        ),
    ],
) -> None:
    """Sit between stations and another central system: pass everything on, record both directions.

    Stations connect to ws://HOST:9000/ocpp/<station_id> as with `collect`, and it lands as there; the central system
    decides who may connect. /health and /metrics on port 9001.
    """
    from ingest.proxy.main import main as proxy_main

    raise typer.Exit(proxy_main(_settings(), upstream))


@app.command()
def simulate(
    stations: Annotated[int, typer.Option(min=1, max=9_999, help="Number of stations.")] = 10,
    sessions_per_hour: Annotated[float, typer.Option(min=0, help="Arrivals at the whole fleet.")] = 20.0,
    hours: Annotated[float | None, typer.Option(min=0, help="Time to live; without it until Ctrl-C.")] = None,
    speed: Annotated[
        float,
        typer.Option(
            min=1,
            help="How much faster than the wall clock (with --hours, which then end at the present). Above 1 the "
            "collector must allow it: KWHOUSE_ALLOW_REPLAY=true.",
        ),
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same fleet.")] = 1,
    url: Annotated[str | None, typer.Option(help="Central system; default: the collector of the settings.")] = None,
    write_registry: Annotated[
        Path | None,
        typer.Option(
            help="Only write the registry files of this --stations to this folder; connectors are in service since "
            "30 days before today."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a fleet that speaks OCPP. Declare it first: --write-registry DIR, then `kwhouse registry apply DIR`."""
    from ingest.fleet.simulated_registry import write_registry as write_files
    from ingest.fleet.simulator import Fleet
    from ingest.fleet.simulator import simulate as run_fleet

    fleet = Fleet(stations=stations, sessions_per_hour=sessions_per_hour, seed=seed)
    if write_registry is not None:
        write_files(write_registry, fleet)
        _say(f"Written to {write_registry}; now: kwhouse registry apply {write_registry}")
        return
    if speed != 1.0 and hours is None:
        raise typer.BadParameter("another speed than 1 needs --hours", param_hint="--speed")
    url = url or _collector_url(_settings())
    _say(f"{stations} station(s) charge at {url}" + ("; Ctrl-C ends it." if hours is None else f" for {hours:g} h."))
    _report(run_fleet(fleet, url, hours=hours, speed=speed, say=_say), as_json)


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="Sessions as CSV or Parquet.", exists=True, dir_okay=False)],
    ocpp: Annotated[OcppVersion, typer.Option(help="What the stations speak.")] = OcppVersion.v16,
    url: Annotated[str | None, typer.Option(help="Central system; default: the collector of the settings.")] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Tell everything again, not only what is left.")] = False,
    as_json: Json = False,
) -> None:
    """Speak a file of past sessions as OCPP.

    Columns: site_id, station_id, connector_id, started_at, ended_at, energy_kwh; where known id_token, session_id,
    time_zone (naive times are in that zone). The collector must allow it: KWHOUSE_ALLOW_REPLAY=true.
    """
    from ingest.progress import shown_progress
    from ingest.replay.file_replay import replay_file
    from ingest.replay.runner import WORDS

    settings = _settings()
    with shown_progress(WORDS) as progress:
        report = replay_file(settings, file, ocpp_version=ocpp.value, url=url, anew=anew, progress=progress, say=_say)
    _report(report, as_json)


@app.command()
def refresh(
    full: Annotated[bool, typer.Option("--full", help="Compute every table anew from raw.")] = False,
    as_json: Json = False,
) -> None:
    """Run the Dagster job for what is new, in this process."""
    _report(_refresh_aloud(_settings(), full=full), as_json)


@app.command()
def dev() -> None:
    """Run Dagster's own pages and daemon: assets, checks, schedules, the landing sensor."""
    from pipelines.refresh import dev as run_dev

    raise typer.Exit(run_dev(_settings()))


@app.command()
def dashboard() -> None:
    """Run the Streamlit app."""
    from dashboards.run import main as dashboard_main

    raise typer.Exit(dashboard_main(_settings()))


@app.command()
def api() -> None:
    """Run the HTTP API on 127.0.0.1:9080: /v1 for who has a key, pages of drivers' phones, payment page, webhooks."""
    from functools import partial

    from ingest.api.app import create_app
    from ingest.api.driver.accounts import Accounts
    from ingest.api.driver.routes import driver_router
    from ingest.api.models import PayPage
    from ingest.api.server import serve
    from ingest.api.v1 import Desk
    from ingest.remote.asking import refusal
    from pipelines.billing.cards import pages
    from pipelines.billing.cards.booking import tell
    from pipelines.billing.payments.service import payment_service
    from pipelines.billing.pricing.running import running_costs
    from pipelines.billing.starts.desk import Desk as Starts
    from pipelines.billing.starts.letters import mail_of
    from warehouse.people.keys import principal_of
    from warehouse.store.apart import LakeApart

    settings = _settings()
    service = payment_service(settings, tell)
    lake = LakeApart(settings)
    engine = service.engine
    starts = Starts(settings, service, lake, partial(refusal, engine))

    def pay(token: str) -> PayPage | None:
        page = pages.page(service, token)
        return None if page is None else PayPage.model_validate({**page, "goes_on_at": starts.page_of_payment(token)})

    phone = driver_router(starts, Accounts(engine), public_url=settings.public_url, mail=mail_of(settings, engine))
    desk = Desk(lake, engine, partial(principal_of, engine), running_costs)
    try:
        app = create_app(webhook=starts.webhook, pay=pay, desk=desk, routers=[phone], chore=starts.starts.go_on)
        raise typer.Exit(serve(settings, app))
    finally:
        lake.close()


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="One SELECT; quote it.")],
    fmt: Annotated[QueryFormat, typer.Option("--format", help="How to print the rows.")] = QueryFormat.table,
    personal: Annotated[
        bool, typer.Option("--personal", help="Show personal data: names, addresses, bank data, documents.")
    ] = False,
) -> None:
    """Ask the warehouse in SQL, read-only. Personal columns are empty without --personal."""
    from warehouse.query import hidden_columns, run_query

    with shown_lake(_settings()) as lake:
        run_query(lake, query, fmt.value, sys.stdout, personal=personal)
    if not personal and (hidden := hidden_columns(query)):
        typer.echo(f"Empty, as they are personal (--personal shows them): {', '.join(hidden)}", err=True)


@app.command()
def extract(
    name: Annotated[
        str,
        typer.Argument(
            help="sessions, cdrs, cdr_lines, invoices, invoice_lines, revenue_days, revenue_connectors, vat_summary, "
            "journal, datev, cdrs_ocpi, cdrs_ocpi_230, received_cdrs, owner_statements, owner_documents or payments."
        ),
    ],
    date_from: Annotated[date, typer.Option("--from", parser=day_of, metavar="YYYY-MM-DD", help="First local day.")],
    date_to: Annotated[
        date, typer.Option("--to", parser=day_of, metavar="YYYY-MM-DD", help="Local day after the last one.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")],
    fmt: Annotated[
        FileFormat | None, typer.Option("--format", help="Kind of file; default: as its name ends, else csv.")
    ] = None,
    site: Annotated[list[str] | None, typer.Option(help="Only this site; may be given several times.")] = None,
    operator: Annotated[str | None, typer.Option(help="Only this operator, for extracts of documents.")] = None,
    snapshot: Annotated[
        str | None, typer.Option(metavar="SNAPSHOT", help="As it was then, as an earlier extract's report names it.")
    ] = None,
    as_owner: Annotated[
        str | None,
        typer.Option(metavar="OWNER", help="For this owner of sites: nothing of others' sites, drivers or invoices."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a billing extract to a file."""
    from warehouse.extracts import write_extract
    from warehouse.people.sites import owner_of_sites
    from warehouse.state import opened

    settings, who = _settings(), asking()
    if as_owner is not None:
        require_whole(who)
        with opened(settings) as engine:
            who = owner_of_sites(engine, as_owner, datetime.now(UTC))
    with shown_lake(settings) as lake:
        report = write_extract(
            lake,
            name,
            date_from,
            date_to,
            fmt.value if fmt else None,
            output,
            site or None,
            operator=operator,
            snapshot=snapshot,
            who=who,
        )
    if report.note:
        _say(report.note)
    _report(report, as_json)


Files = Annotated[
    list[str], typer.Argument(help="Files, packed with gzip or zstd or not, or s3://bucket/path with * and ?.")
]
TimeZone = Annotated[
    str | None, typer.Option("--time-zone", metavar="ZONE", help="IANA zone of times without UTC offset.")
]


@import_app.command("frames")
def import_frames(
    files: Files,
    station: Annotated[str | None, typer.Option(help="Station of the lines that do not name theirs.")] = None,
    version: Annotated[AnyOcppVersion | None, typer.Option(help="OCPP version where it cannot be told.")] = None,
    time_zone: TimeZone = None,
    as_json: Json = False,
) -> None:
    """Import OCPP frames: JSON lines, or a log whose lines end with a frame.

    JSON lines: {"station_id","received_at","direction":"in|out","ocpp_version","frame"}, where `frame` is the array or
    its text. Logs of SteVe, ocpp (Python), ocpp-go, evcc, libocpp and MicroOcpp, and lines with arrows, are known.
    """
    from ingest.importing.frames import WORDS
    from ingest.importing.frames import import_frames as run_import
    from ingest.importing.intake import told
    from ingest.progress import shown_progress

    said = told(station, version.value if version else None, time_zone)
    with shown_progress(WORDS) as progress:
        report = run_import(_settings(), files, said, progress=progress)
    _report(report, as_json)
    raise typer.Exit(report.exit_status)


@import_app.command("sessions")
def import_sessions(
    files: Files,
    map_file: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="YAML file: our columns and what the files call them.")
    ] = None,
    time_zone: TimeZone = None,
    write_registry: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write registry files of the stations that are not declared, to complete."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Import sessions of another system from CSV or Parquet.

    Columns: site_id, station_id, connector_id, started_at, ended_at, energy_kwh; where known id_token, session_id,
    time_zone (naive times are in that zone), charging_seconds, max_power_w.
    """
    from ingest.importing.sessions import WORDS
    from ingest.importing.sessions import import_sessions as run_import
    from ingest.progress import shown_progress

    with shown_progress(WORDS) as progress:
        report = run_import(_settings(), files, map_file, time_zone, registry_folder=write_registry, progress=progress)
    _report(report, as_json)
    raise typer.Exit(report.exit_status)


@import_app.command("cdrs")
def import_cdrs(files: Files, as_json: Json = False) -> None:
    """Import OCPI 2.2.1 and 2.3.0 CDRs: an object, an array, a response envelope, or one object a line."""
    from ingest.importing.cdrs import WORDS
    from ingest.importing.cdrs import import_cdrs as run_import
    from ingest.progress import shown_progress

    with shown_progress(WORDS) as progress:
        report = run_import(_settings(), files, progress=progress)
    _report(report, as_json)
    raise typer.Exit(report.exit_status)


@registry_app.command("apply")
def registry_apply(
    folder: Annotated[Path, typer.Argument(help="Folder with one YAML or CSV file a table.")],
    allow_removal: Annotated[
        bool, typer.Option("--allow-removal", help="A file may remove all rows that its table has.")
    ] = False,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Make the registry what the files say; with any problem in them nothing is applied."""
    who = author(by, "registry apply")
    _report(_apply_registry(_settings(), folder, allow_removal=allow_removal, author=who), as_json)


@registry_app.command("export")
def registry_export(folder: Annotated[Path, typer.Argument(help="Folder to write to.")], as_json: Json = False) -> None:
    """Write the registry as files that `registry apply` takes."""
    from warehouse.registry import export

    _report(export(_settings(), folder), as_json)


SessionIds = Annotated[
    list[str], typer.Argument(metavar="ID…", help="Sessions; the beginning of an id is enough where only one has it.")
]
Reason = Annotated[str, typer.Option(help="Why; kept with the decision.")]
Decider = Annotated[str | None, typer.Option(metavar="NAME", help="Who decides; default: the name of this account.")]


@session_app.command("explain")
def session_explain(
    session_id: Annotated[str, typer.Argument(metavar="ID", help="The session, or the beginning of its id.")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="TIME|SNAPSHOT", help="As it was then: 2026-03-31T14:00Z, or 1234.")
    ] = None,
    history: Annotated[bool, typer.Option("--history", help="List its changes instead.")] = False,
    frames: Annotated[bool, typer.Option("--frames", help="Every frame, with its whole payload.")] = False,
    as_json: Json = False,
) -> None:
    """Tell what a session rests on, down to its frames, and what rests on it."""
    from warehouse import story
    from warehouse.plain import for_json

    with shown_lake(_settings()) as lake:
        if history:
            changes = story.history(lake, session_id)
            print_result(list(changes) if as_json else story.changes_in_words(changes), as_json)
            return
        told = story.explain(lake, session_id, as_of)
    print_result(for_json(dataclasses.asdict(told)) if as_json else story.in_words(told, all_frames=frames), as_json)


@session_app.command("cost")
def session_cost(
    session_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Only this session.")] = None,
    as_json: Json = False,
) -> None:
    """What sessions that go on cost so far, priced as they will be when they end."""
    from pipelines.billing.pricing.running import running_costs
    from warehouse.plain import for_json

    with shown_lake(_settings()) as lake:
        costs = running_costs(lake, session_id)
    words = "\n".join(str(cost) for cost in costs) or "No session goes on."
    print_result(for_json([dataclasses.asdict(cost) for cost in costs]) if as_json else words, as_json)


@session_app.command("release")
def session_release(ids: SessionIds, reason: Reason, by: Decider = None, as_json: Json = False) -> None:
    """Bill sessions as if their grade were ok, as long as their energy stays what it is now."""
    _decide(ids, "release", reason, by, as_json)


@session_app.command("hold")
def session_hold(ids: SessionIds, reason: Reason, by: Decider = None, as_json: Json = False) -> None:
    """Keep sessions from being billed, whatever their grade."""
    _decide(ids, "hold", reason, by, as_json)


@session_app.command("withdraw")
def session_withdraw(ids: SessionIds, reason: Reason, by: Decider = None, as_json: Json = False) -> None:
    """Take decisions back: the sessions' grades decide again."""
    _decide(ids, "withdraw", reason, by, as_json)


@session_app.command("decisions")
def session_decisions(
    session_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Only those on this session.")] = None,
    as_json: Json = False,
) -> None:
    """List decisions, the newest first, and which of them are in force."""
    from warehouse import decisions

    with shown_lake(_settings()) as lake:
        rows = decisions.listing(lake, session_id)
    _print_rows(rows, as_json)


@station_app.command("profiles")
def station_profiles(as_json: Json = False) -> None:
    """Show what was learned of each model and firmware beside what the operator has decided."""
    from warehouse.readers.stations import profiles, side_by_side
    from warehouse.store import open_lake

    with open_lake(_settings(), read_only=True) as lake:
        rows = profiles(lake)
    _print_rows(rows if as_json else side_by_side(rows), as_json)


@station_app.command("list")
def station_list(as_json: Json = False) -> None:
    """List stations: connected or when last heard, what they say they are, differences from the registry."""
    from warehouse.readers.stations import differences, online, standing, told

    with shown_lake(_settings()) as lake:
        rows = standing(told(lake), differences(lake), online(lake, datetime.now(UTC)))
    short = ("station_id", "site", "online_since", "heard_at", "vendor", "model", "firmware", "differences")
    _print_rows(rows if as_json else rows.select(short), as_json)


@station_app.command("differences")
def station_differences(
    station_id: Annotated[str | None, typer.Argument(metavar="[STATION]", help="Only this one.")] = None,
    as_json: Json = False,
) -> None:
    """Show where what stations say of themselves and the registry disagree. Run `kwhouse refresh` for the newest."""
    from warehouse.readers.stations import differences, sentences

    with shown_lake(_settings()) as lake:
        rows = differences(lake, station_id)
    if as_json:
        _print_rows(rows, as_json)
    else:
        sys.stdout.write("".join(f"{line}\n" for line in sentences(rows)) or "No difference.\n")


@app.command()
def publish(
    file: Annotated[Path, typer.Argument(help="DuckDB file to write, replaced in one step.")],
    as_json: Json = False,
) -> None:
    """Write sessions, marts, billing and forecasts as one plain DuckDB file, for BI tools and notebooks."""
    from warehouse.publish import publish as run_publish
    from warehouse.store import open_lake

    with open_lake(_settings(), read_only=True) as lake:
        _report(run_publish(lake, file), as_json)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Tell what is set up, what is missing, and the mend."""
    from warehouse.doctor import examine

    report = examine(_settings())
    _report(report, as_json)
    raise typer.Exit(report.exit_status)


@app.command()
def docs(
    folder: Annotated[Path, typer.Argument(help="Folder of the reference pages.")] = Path("docs/reference"),
) -> None:
    """Write the reference pages of tables, settings, extracts and the HTTP API anew."""
    from ingest.api import reference
    from warehouse.contract.reference import write_pages

    of_api = folder / "api.md"
    for path in (*write_pages(folder), of_api):
        _say(str(path))
    of_api.write_text(reference.page(), encoding="utf-8")


def _decide(ids: list[str], decision: Decision, reason: str, by: str | None, as_json: bool) -> None:
    from warehouse.decisions import decide
    from warehouse.store import open_lake

    with open_lake(_settings(), read_only=True) as lake:
        _report(decide(lake, ids, decision, reason, by), as_json)


def _apply_registry(
    settings: Settings, folder: Path, *, allow_removal: bool = False, author: Author | None = None
) -> ApplyReport:
    from pipelines.billing.tariffs.model import why_refused
    from warehouse.registry import apply

    return apply(settings, folder, why_refused, allow_removal=allow_removal, author=author)


def _refresh_aloud(settings: Settings, *, full: bool = False) -> RefreshReport:
    from pipelines.refresh import refresh as run_refresh

    def say_step(step: StageResult) -> None:
        if step.window is not None:
            rows = ", ".join(f"{count:,} {table}" for table, count in step.rows.items())
            _say(f"     {step.stage:<20} {step.seconds:6.2f} s  {rows}")

    report = run_refresh(settings, full=full, on_progress=say_step)
    for name, reason in report.set_aside.items():
        _say(f"Set aside: {settings.set_aside / name}: {reason}")
    return report


def _session_energies(settings: Settings) -> pl.DataFrame:
    from warehouse.readers.sessions import energies
    from warehouse.store import open_lake

    with open_lake(settings, read_only=True) as lake:
        return energies(lake)


def _collector_url(settings: Settings) -> str:
    return f"ws://{settings.collect_host}:{settings.collect_port}/ocpp"


def _settings() -> Settings:
    from warehouse.settings import load_settings

    return load_settings()


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _report(result: DataclassInstance, as_json: bool) -> None:
    """Print a result: as JSON, or in its own words."""
    if as_json:
        # Exact decimals, instants and paths are text in JSON.
        value = dataclasses.asdict(result)
        sys.stdout.write(json.dumps(value, default=str, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(f"{result}\n")


def _print_rows(rows: pl.DataFrame, as_json: bool) -> None:
    from warehouse.query import write_rows

    write_rows(rows.columns, rows.rows(), "json" if as_json else "table", sys.stdout)


def main() -> None:
    """Entry point of the `kwhouse` command."""
    try:
        guarded(typer.main.get_command(app))()
    except KwhouseError as error:
        _say(f"kwhouse: {error}")
        sys.exit(75 if error.retryable else 1)
    except BrokenPipeError:
        # Whoever read our output has seen enough; closing stdout again must not complain.
        sys.stderr.close()
        sys.exit(141)


if __name__ == "__main__":
    main()
