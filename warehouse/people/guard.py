"""What each command takes, for accounts that several people use: with `KWHOUSE_COMMAND_KEY`, the key's roles decide.

Without it the account that runs a command is an admin. It keeps from mistakes, and names who did what; it is no wall
against an account that may read the data folder itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from warehouse.errors import SettingsError
from warehouse.people.roles import NotAllowed, Permission, Principal

if TYPE_CHECKING:
    from warehouse.settings import Settings
    from warehouse.store import Lake

_TAKES: Final[dict[Permission, tuple[str, ...]]] = {
    Permission.READ_REPORTS: ("extract", "session cost", "session decisions", "session explain", "sql"),
    Permission.READ_BILLING: (
        *("card show", "card work", "cdr list", "invoice list", "invoice write", "owner list", "owner payouts"),
        *("owner show", "owner write", "payment balance", "payment check", "payment collection-file", "payment work"),
        *("publish", "tariff check", "tariff explain", "tariff import"),
    ),
    Permission.WRITE_BILLING: (
        *("card collect", "card forget", "card reconcile", "card refund", "card release", "card store", "close"),
        *("invoice buyer", "invoice issue", "invoice send", "invoice void", "owner issue", "owner payout"),
        *(
            "owner returned",
            "owner send",
            "owner void",
            "payment assign",
            "payment cancel-collection",
            "payment close-entry",
        ),
        *("payment collect", "payment dispute", "payment dunning", "payment dunning-policy"),
        *("payment import-statement", "payment page", "payment record", "payment refund", "payment settle"),
        *("payment write-off", "session hold", "session release", "session withdraw"),
    ),
    Permission.READ_PERSONAL: ("registry changes", "session active", "station commands", "station reservations"),
    Permission.READ_STATIONS: ("power sites", "station differences", "station list", "station profiles"),
    Permission.OPERATE_STATIONS: (
        *("power clear", "power limit", "session start", "session stop", "station accept"),
        *("station cancel-reservation", "station clear-cache", "station code", "station local-list"),
        *("station password", "station profile", "station report", "station reserve", "station rotate"),
        "station waiting",
    ),
    Permission.WRITE_ACCESS: (
        *("driver add", "driver list", "token add", "token block", "token check", "token list", "token unblock"),
    ),
    Permission.WRITE_REGISTRY: ("registry apply", "registry export"),
    Permission.MANAGE_KEYS: ("key add", "key list", "key revoke"),
    Permission.RUN_WAREHOUSE: (
        *("api", "collect", "dashboard", "demo", "dev", "import cdrs", "import frames", "import sessions", "proxy"),
        *("refresh", "replay", "simulate", "up"),
    ),
}
TAKES: Final = {command: permission for permission, commands in _TAKES.items() for command in commands}
# They tell nothing of what the warehouse holds.
FOR_EVERYBODY: Final = frozenset({"docs", "doctor", "rate"})
# They show rows of the key's sites; all others are for keys that see every site.
CUT: Final = frozenset(
    {"extract", "session cost", "session decisions", "session explain", "sql", "station differences", "station list"}
)

_ASKING: ContextVar[Principal | None] = ContextVar("asking", default=None)


class CommandKeyRefused(SettingsError):
    """`KWHOUSE_COMMAND_KEY` is no key, or has expired or been revoked."""

    def __init__(self) -> None:
        super().__init__(
            "KWHOUSE_COMMAND_KEY holds no key that is good. `kwhouse key list`, run without it, shows all."
        )


def asking() -> Principal | None:
    """Whose key the command that runs was given; None: none is asked for."""
    return _ASKING.get()


@contextmanager
def shown_lake(settings: Settings) -> Iterator[Lake]:
    """The lake for a command that reads, as whoever asks sees it."""
    from warehouse.store import open_lake
    from warehouse.store.sight import WHOLE, Sight

    who = asking()
    with open_lake(settings, read_only=True, sight=WHOLE if who is None else Sight.of(who)) as lake:
        yield lake


def require_whole(who: Principal | None) -> None:
    """Raises `NotAllowed` for who asks for another's share of what they do not see all of themselves."""
    if who is not None:
        who.require(Permission.READ_BILLING)
        if who.sites is not None:
            raise NotAllowed(f"{who.name} sees the rows of some sites only: leave --as-owner away.")


def require(who: Principal, command: str) -> None:
    """Raises `NotAllowed` where `who` may not run `command`, a line such as `session start`."""
    who.require(TAKES[command])
    if who.sites is not None and command not in CUT:
        raise NotAllowed(f"{who.name} sees the rows of some sites only, and `kwhouse {command}` is about all of them.")


def guarded(root: Any) -> Any:
    """The command `root`, with everything below it asking first; records bear whose key it is (`--by`)."""
    for path, command in leaves(root):
        if path not in FOR_EVERYBODY:
            command.callback = _asking_first(path, command.callback)
    return root


def leaves(root: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Each command below `root` that does something, with what is typed for it."""
    for name, command in getattr(root, "commands", {}).items():
        yield from leaves(command, (*path, name))
    if not hasattr(root, "commands"):
        yield " ".join(path), root


def _asking_first(path: str, run: Callable[..., Any]) -> Callable[..., Any]:
    def asked(**given: Any) -> Any:
        from warehouse.settings import load_settings

        who = _whose(load_settings())
        if who is None:
            return run(**given)
        require(who, path)
        if "by" in given:
            given["by"] = f"{given['by']} ({who.name})" if given["by"] else who.name
        token = _ASKING.set(who)
        try:
            return run(**given)
        finally:
            _ASKING.reset(token)

    return asked


def _whose(settings: Settings) -> Principal | None:
    if settings.command_key is None:
        return None
    from warehouse.people.keys import principal_of
    from warehouse.state import opened

    with opened(settings) as engine:
        who = principal_of(engine, settings.command_key.get_secret_value())
    if who is None:
        raise CommandKeyRefused
    return who
