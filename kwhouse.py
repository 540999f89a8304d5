"""The command line: wires the rooms together. Each command reads the settings once and hands them on.

Exit status: 0 done, 1 refused or failed (the message names the mend), 2 wrong usage, 75 try again later.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from warehouse.errors import KwhouseError

if TYPE_CHECKING:
    from warehouse.settings import Settings

app = typer.Typer(
    name="kwhouse",
    help="Analytics and billing warehouse for public EV charging.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
registry_app = typer.Typer(
    help="Declare operators, sites, stations, tokens, contracts and tariffs.", no_args_is_help=True
)
app.add_typer(registry_app, name="registry")

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.command()
def demo(
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Open the dashboard at the end.")] = True,
    limit: Annotated[int | None, typer.Option(help="Replay only the first so many sessions of each site.")] = None,
) -> None:
    """Replay real sessions over OCPP, refresh the warehouse and open the dashboard."""
    from dashboards.run import main as dashboard_main
    from ingest.replay.demo import run_demo
    from pipelines.refresh import refresh as run_refresh
    from warehouse.registry import apply

    settings = _settings()
    passed = run_demo(settings, limit=limit, apply_registry=apply, refresh=run_refresh)
    if not passed:
        raise typer.Exit(1)
    if serve:
        raise typer.Exit(dashboard_main(settings))


@app.command()
def up() -> None:
    """Run collector, Dagster and dashboard together; Ctrl-C stops them together."""
    from warehouse.supervisor import Program, run_together

    settings = _settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    _say(
        f"Stations:  ws://{settings.collect_host}:{settings.collect_port}/ocpp/<station_id>\n"
        f"Dagster:   http://127.0.0.1:{settings.dagster_port}\n"
        f"Dashboard: http://{settings.dashboard_host}:{settings.dashboard_port}\n"
        "Ctrl-C stops all three."
    )
    commands = {"collector": "collect", "dagster": "dev", "dashboard": "dashboard"}
    programs = [Program(name, [sys.executable, "-m", "kwhouse", command]) for name, command in commands.items()]
    raise typer.Exit(run_together(programs))


@app.command()
def collect() -> None:
    """Run the OCPP endpoint, ws://HOST:9000/ocpp/<station_id>, with /health and /metrics on the next port."""
    from ingest.collector import main as collector_main

    raise typer.Exit(collector_main(_settings()))


@app.command()
def refresh(
    full: Annotated[bool, typer.Option("--full", help="Compute every table anew from raw.")] = False,
    as_json: Json = False,
) -> None:
    """Run the Dagster job for what is new, in this process."""
    from pipelines.refresh import refresh as run_refresh

    report = run_refresh(_settings(), full=full, on_progress=None if as_json else _say)
    _report(report, as_json)


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


@registry_app.command("apply")
def registry_apply(
    folder: Annotated[Path, typer.Argument(help="Folder with one YAML or CSV file a table.")],
    as_json: Json = False,
) -> None:
    """Make the registry what the files say; with any problem in them nothing is applied."""
    from warehouse.registry import apply

    _report(apply(_settings(), folder), as_json)


@registry_app.command("export")
def registry_export(folder: Annotated[Path, typer.Argument(help="Folder to write to.")], as_json: Json = False) -> None:
    """Write the registry as files that `registry apply` takes."""
    from warehouse.registry import export

    _report(export(_settings(), folder), as_json)


def _settings() -> Settings:
    from warehouse.settings import load_settings

    return load_settings()


def _say(line: str) -> None:
    """Progress goes to stderr: stdout is for results."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _report(result: Any, as_json: bool) -> None:
    """Print a result: as JSON, or as its own words."""
    if as_json:
        value = dataclasses.asdict(result) if dataclasses.is_dataclass(result) else result
        sys.stdout.write(json.dumps(value, default=_plain, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(f"{result}\n")


def _plain(value: object) -> object:
    """JSON for what json does not know: exact decimals and instants as text."""
    if isinstance(value, Decimal | Path):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def main() -> None:
    """Entry point of the `kwhouse` command."""
    try:
        app()
    except KwhouseError as error:
        _say(f"kwhouse: {error}")
        sys.exit(75 if error.retryable else 1)
    except BrokenPipeError:
        sys.exit(141)


if __name__ == "__main__":
    main()
