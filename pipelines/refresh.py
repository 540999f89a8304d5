"""`refresh` and `check`: run Dagster's jobs in this process. `dev`: Dagster's pages and daemon."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.stages import StageResult
from warehouse.errors import SettingsError
from warehouse.settings import Settings
from warehouse.store import open_lake
from warehouse.store.watermarks import settle

HOST = "127.0.0.1"
# Dagster 1.13 recommends `dg dev` at each start of `dagster dev`; that needs another package and project layout.
QUIET = "ignore:Function `dev_command` is superseded"


@dataclass(frozen=True, slots=True)
class RefreshReport:
    """What a refresh did: each step with its rows, files taken in by table, and files set aside with the reason."""

    run_id: str
    seconds: float
    snapshot: int
    steps: tuple[StageResult, ...]
    files: dict[str, int]
    set_aside: dict[str, str]

    @property
    def changed(self) -> bool:
        """True when any table was written."""
        return any(step.rows for step in self.steps)

    def __str__(self) -> str:
        made = sum(bool(step.rows) for step in self.steps)
        if made:
            stages = "1 stage" if made == 1 else f"{made} stages"
            text = f"{stages} made anew in {self.seconds:.1f} s; snapshot {self.snapshot}."
        else:
            text = f"Nothing new; snapshot {self.snapshot} ({self.seconds:.1f} s)."
        if self.set_aside:
            files = "1 file" if len(self.set_aside) == 1 else f"{len(self.set_aside)} files"
            text += f" {files} set aside: {', '.join(sorted(self.set_aside))}."
        return text


def refresh(
    settings: Settings, *, full: bool = False, on_progress: Callable[[StageResult], None] | None = None
) -> RefreshReport:
    """Run the job `refresh` (`full`: `rebuild`) in this process; its run shows in Dagster's pages.

    `on_progress` is called after each step. One refresh at a time: a second one waits, then finds nothing new.
    Raises what a stage raised; stages before it have published, and the next refresh goes on from there.
    """
    started = time.perf_counter()
    from pipelines.defs.jobs import run_in_process
    from pipelines.defs.workspace import Workspace, one_at_a_time
    from pipelines.instance import open_instance

    with (
        one_at_a_time(settings),
        open_lake(settings) as lake,
        open_instance(settings) as instance,
    ):
        space = Workspace(lake, full=full, heard=on_progress)
        try:
            run = run_in_process("rebuild" if full else "refresh", space, instance)
        finally:
            settle(lake)
        registered = space.registered
        return RefreshReport(
            run_id=run.run_id,
            seconds=time.perf_counter() - started,
            snapshot=lake.snapshot(),
            steps=tuple(space.results),
            files=dict(registered.files) if registered else {},
            set_aside=dict(registered.set_aside) if registered else {},
        )


def check(settings: Settings) -> tuple[str, ...]:
    """Run the job `checks` in this process; returns the names of the checks that failed, as `table: check`."""
    from pipelines.defs.jobs import run_in_process
    from pipelines.defs.workspace import Workspace
    from pipelines.instance import open_instance

    with open_lake(settings) as lake, open_instance(settings) as instance:
        run = run_in_process("checks", Workspace(lake), instance)
        return tuple(
            f"{'.'.join(result.asset_key.path)}: {result.check_name}"
            for result in run.get_asset_check_evaluations()
            if not result.passed
        )


def dev_command(settings: Settings) -> tuple[list[str], dict[str, str]]:
    """Command line and environment of Dagster's pages and daemon, for who supervises them."""
    from pipelines.instance import prepare_home

    prepare_home(settings)
    command = [
        *(sys.executable, "-m", "dagster", "dev", "--module-name", "pipelines.definitions"),
        *("--host", HOST, "--port", str(settings.dagster_port)),
        # At level info the daemon and the pages tell every sensor's tick.
        *("--log-level", "warning"),
        # The default format colours its lines even where nobody sees colours.
        *(() if sys.stderr.isatty() else ("--log-format", "json")),
    ]
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(settings.dagster_home),
        "KWHOUSE_HOME": str(settings.home),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "PYTHONWARNINGS": ",".join(filter(None, (os.environ.get("PYTHONWARNINGS"), QUIET))),
    }
    return command, environment


def dev(settings: Settings) -> int:
    """Run Dagster's pages and daemon on loopback until they end; returns their exit status.

    Raises `SettingsError` where another program has the port.
    """
    _require_free_port(settings.dagster_port)
    command, environment = dev_command(settings)
    return subprocess.run(command, env=environment, check=False).returncode


def _require_free_port(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the server will: connections of a former run that are just closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise SettingsError(
                f"Dagster's pages cannot listen on {HOST}:{port}: {error.strerror}. "
                "Stop the program that has the port (perhaps another `kwhouse dev`), or set KWHOUSE_DAGSTER_PORT."
            ) from error
