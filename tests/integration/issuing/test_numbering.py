"""Numbers run without gaps: with two runs at once, and when a run is killed in the middle of a transaction."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.billing_world import OPEN
from tests.integration.issuing.issuing_world import IssuingWorld, issuing_world

CONTRACTS = 24

# Issues everything; killed inside the transaction of the given document (number taken, document kept, not committed)
# or, with 0, not at all.
PROGRAM = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from pipelines.billing.issuing import register
from pipelines.billing.issuing.drafts import Wanted
from pipelines.billing.issuing.issue import issue
from warehouse.settings import Settings
from warehouse.state import open_state
from warehouse.store import open_lake

home, moment = Path(sys.argv[1]), int(sys.argv[2])
keep, kept = register._keep, 0

def keep_or_die(*arguments):
    global kept
    issued = keep(*arguments)
    kept += 1
    if kept == moment:
        os.kill(os.getpid(), signal.SIGKILL)
    return issued

register._keep = keep_or_die
settings = Settings(home=home)
engine = open_state(settings)
with open_lake(settings) as lake:
    print("ready", flush=True)
    sys.stdin.readline()
    report = issue(lake, engine, Wanted(), clock=lambda: datetime(2019, 6, 3, 9, tzinfo=UTC), by="program")
    print(len(report.issued), len(report.refused))
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[IssuingWorld]:
    with issuing_world(tmp_path) as world:
        contracts = [f"K{n:02}" for n in range(CONTRACTS)]
        world.people(*contracts).basic()
        for number, contract in enumerate(contracts):
            world.set("contracts", [contract], operator_id="O", currency="EUR", valid_from=OPEN)
            token = f"token of {contract}"
            world.set("tokens", [token], token_type="RFID", contract_id=contract, status="active", valid_from=OPEN)
            world.session(f"s{number}", id_token=token)
        world.run()
        yield world


def program(home: Path, moment: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(home), str(moment)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def started(*running: subprocess.Popen[str]) -> list[str]:
    """Let all programs go at once when all are ready; what each printed at its end."""
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate(timeout=120)[0] for process in running]


def numbers_have_no_gaps_and_each_draft_one_invoice(world: IssuingWorld) -> None:
    serials = [row[0] for row in world.rows("SELECT serial FROM billing.documents ORDER BY serial")]
    assert serials == list(range(1, CONTRACTS + 1))
    assert world.rows("SELECT next_serial FROM billing.number_series") == [(CONTRACTS + 1,)]
    assert world.rows("SELECT count(DISTINCT draft_id), count(*) FROM billing.documents") == [(CONTRACTS, CONTRACTS)]
    assert world.rows("SELECT count(*), count(DISTINCT session_id) FROM billing.invoice_lines") == [
        (CONTRACTS, CONTRACTS)
    ]
    assert world.rows("SELECT count(*) FROM billing.issued_cdrs") == [(CONTRACTS,)]


def test_killed_inside_transactions_it_leaves_no_gap(world: IssuingWorld, tmp_path: Path) -> None:
    for moment in (1, 5, 9):
        killed = program(tmp_path, moment)
        started(killed)
        assert killed.returncode == -signal.SIGKILL
    last = program(tmp_path)
    assert started(last) == [f"{CONTRACTS - 12} 0\n"]  # 0 + 4 + 8 were committed before
    numbers_have_no_gaps_and_each_draft_one_invoice(world)


def test_two_runs_at_once_share_the_series(world: IssuingWorld, tmp_path: Path) -> None:
    printed = started(program(tmp_path), program(tmp_path))
    issued = [int(text.split()[0]) for text in printed]
    assert sum(issued) == CONTRACTS
    numbers_have_no_gaps_and_each_draft_one_invoice(world)
