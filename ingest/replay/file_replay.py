"""`kwhouse replay FILE`: a session file that somebody brings, told as OCPP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ingest.progress import Progress
from ingest.replay.runner import ReplayReport, replay
from ingest.replay.session_file import read_session_file
from ingest.replay.workload import STATION_KINDS, plan, registered_ratings
from warehouse.errors import InputError
from warehouse.settings import Settings


def replay_file(
    settings: Settings,
    path: Path,
    *,
    ocpp_version: str = "1.6",
    url: str | None = None,
    anew: bool = False,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> ReplayReport:
    """Tell the usable sessions of `path` to the collector of the settings, or to the central system at `url`.

    Bad rows are told to `say`, with line and reason, and left out. Connectors charge at the rated power that the
    registry gives them. Raises `InputError` where nothing is usable, and what `replay` raises.
    """
    if ocpp_version not in STATION_KINDS:
        raise InputError(f"OCPP {ocpp_version} is not spoken here. Choose one of {', '.join(STATION_KINDS)}.")
    sessions, problems = read_session_file(path, ocpp_version)
    for problem in problems:
        say(str(problem))
    if not sessions:
        raise InputError(f"{path} holds no usable session. Mend the {len(problems)} row(s) told above.")
    workload = plan(
        sessions,
        ocpp_versions={session.station_id: ocpp_version for session in sessions},
        rated_power_w=registered_ratings(settings),
    )
    address = url or f"ws://{settings.collect_host}:{settings.collect_port}/ocpp"
    return replay(settings, workload, address, progress, anew)
