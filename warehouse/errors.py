"""Every error kwhouse raises on purpose.

    KwhouseError
     ├── SettingsError        a setting is missing or contradicts another
     ├── StoreError           the lake or the state database
     │    ├── StoreMissing        nothing has been written yet
     │    ├── StoreOutdated       the lake lacks columns that this version knows
     │    ├── StoreBusy           another writer holds the lock (a retry helps)
     │    │    └── CollectorRuns       another collector writes this data folder's journal
     │    ├── StoreMoved          the data folder is not where its files were written
     │    ├── StoreUnreachable    the catalog's server does not answer (a retry may help)
     │    └── ContractBroken      a table does not look as the contract says
     ├── InputError           something a person or another system handed in
     │    ├── RegistryError       problems in registry files; holds them all
     │    ├── StationUnknown      the registry has no such station
     │    ├── SessionUnknown      no session has that id
     │    ├── SessionGone         no session has that id any more
     │    ├── SessionAmbiguous    several sessions' ids begin so
     │    ├── DecisionRefused     a decision that makes no sense on a session
     │    └── CannotStart         nobody can begin to charge there so, now
     └── QueryError           a reader, extract or SQL request cannot be answered

The message says what is wrong and the mend; the facts stand in attributes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


class KwhouseError(Exception):
    """Base of all errors raised on purpose. `retryable` says whether the same call may succeed later."""

    retryable = False


class SettingsError(KwhouseError):
    """A setting is missing or contradicts another."""


class StoreError(KwhouseError):
    """The lake or the state database cannot do what was asked."""


class StoreMissing(StoreError):
    """Nothing has been written yet in this data folder."""

    def __init__(self, what: str, mend: str = "Run `kwhouse refresh` (or `make demo` for real data) first.") -> None:
        super().__init__(f"{what} does not exist yet. {mend}")
        self.what = what


class StoreOutdated(StoreError):
    """The lake was made by an older version and has not been written since."""

    def __init__(self, where: str, table: str, columns: Sequence[str]) -> None:
        super().__init__(
            f"The warehouse in {where} was made by an older version: {table} lacks {', '.join(columns)}. "
            "Run `kwhouse refresh` once: it adds them."
        )
        self.table, self.columns = table, tuple(columns)


class StoreBusy(StoreError):
    """Another process holds the write lock."""

    retryable = True

    def __init__(self, lock: str, waited_seconds: float, holder: str = "") -> None:
        super().__init__(self.told(holder or "not known", lock, waited_seconds))
        self.lock, self.waited_seconds, self.holder = lock, waited_seconds, holder

    def told(self, holder: str, lock: str, waited_seconds: float) -> str:
        """The message: who holds the lock, and what to do about it."""
        waited = f", and was waited for {waited_seconds:.0f} s" if waited_seconds >= 1 else ""
        return (
            f"Another process (number {holder}) is at work under the lock {lock}{waited}. "
            "Wait for it to end and try again; `kwhouse doctor` names the process."
        )


class CollectorRuns(StoreBusy):
    """Another collector writes the journal of this data folder."""

    def told(self, holder: str, lock: str, waited_seconds: float) -> str:  # noqa: ARG002 (as above)
        return (
            f"A collector already runs in this data folder (process {holder}). Stop it, or choose another KWHOUSE_HOME."
        )


class StoreMoved(StoreError):
    """The data folder was moved or copied; the catalog holds the files' absolute paths."""

    def __init__(self, given: str, recorded: str) -> None:
        super().__init__(
            f"The lake's files are looked for in {given}, but its catalog was made for {recorded}. "
            "Move the data folder back (a link at the old place will do), or take an empty KWHOUSE_HOME."
        )
        self.given, self.recorded = given, recorded


class StoreUnreachable(StoreError):
    """The PostgreSQL server of the catalog does not let us in."""

    retryable = True

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The catalog's PostgreSQL server cannot be used ({reason}). Check KWHOUSE_CATALOG and the server."
        )
        self.reason = reason


class ContractBroken(StoreError):
    """A stored table differs from its declaration."""

    def __init__(self, table: str, differences: Sequence[str]) -> None:
        super().__init__(
            f"{table} differs from its declaration: {'; '.join(differences)}. "
            "Use the version of kwhouse that made this warehouse, or an empty KWHOUSE_HOME."
        )
        self.table, self.differences = table, tuple(differences)


class InputError(KwhouseError):
    """Something handed in from outside cannot be used."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input file: where it stands and why it is refused."""

    file: str
    line: int | None
    field: str | None
    reason: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.field}: {self.reason}" if self.field else f"{place}: {self.reason}"


class RegistryError(InputError):
    """Registry files hold problems; nothing was applied."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        listing = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"Nothing was applied. Mend {len(problems)} problem(s) and run the command again:\n{listing}")
        self.problems = tuple(problems)


class StationUnknown(InputError):
    """The registry does not know the station."""

    def __init__(self, station_id: str) -> None:
        super().__init__(f"The registry does not know station {station_id}. `kwhouse station accept` takes it in.")
        self.station_id = station_id


class SessionUnknown(InputError):
    """No session has that id, now."""

    def __init__(self, session_id: str) -> None:
        super().__init__(
            f"No session has the id {session_id!r}, nor does one begin so. The dashboard's Sessions page lists them, "
            "and core.sessions holds them for `kwhouse sql`."
        )
        self.session_id = session_id


class SessionGone(InputError):
    """There was a session with that id; later data took it back or split it."""

    def __init__(
        self,
        session_id: str,
        *,
        last_snapshot: int,
        gone_at: datetime,
        transaction_id: str | None,
        successors: Sequence[str],
    ) -> None:
        named = "its time" if transaction_id is None else f"its transaction {transaction_id}"
        heirs = f"Now {named} belongs to {', '.join(successors)}." if successors else f"Nothing holds {named} now."
        super().__init__(
            f"Session {session_id} is no longer there: it went on {gone_at:%Y-%m-%d %H:%M:%S} UTC. {heirs} "
            f"As it was: `kwhouse session explain {session_id} --as-of {last_snapshot}`."
        )
        self.session_id, self.last_snapshot, self.gone_at = session_id, last_snapshot, gone_at
        self.successors = tuple(successors)


class SessionAmbiguous(InputError):
    """What was given is the beginning of several sessions' ids."""

    def __init__(self, prefix: str, sessions: Sequence[str], *, more: bool = False) -> None:
        listing = "\n".join(f"  {session}" for session in sessions) + ("\n  …" if more else "")
        super().__init__(f"{prefix!r} is the beginning of several sessions' ids; write more of it:\n{listing}")
        self.prefix, self.sessions = prefix, tuple(sessions)


class DecisionRefused(InputError):
    """A decision cannot be taken on some of the sessions named; it was taken on none."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        listing = "\n".join(f"  {session} {why}" for session, why in reasons.items())
        super().__init__(f"Nothing was decided. Leave out or mend:\n{listing}")
        self.reasons = dict(reasons)


class CannotStart(InputError):
    """Nobody can begin to charge there so, now. `why` is a word for it: hold, offline, used, price; or a reason of the
    decision table of access (`ingest/access/rules.py`), e.g. no_credit."""

    def __init__(self, why: str, told: str) -> None:
        super().__init__(told)
        self.why = why


class QueryError(KwhouseError):
    """A reader, extract or SQL request cannot be answered."""
