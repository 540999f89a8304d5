"""Which limits to send so that a site's power limit holds at every moment, whatever stations answer.

What an EVSE may take is bound by what its station last accepted; while an answer is out, by the greater of both. A
lower limit is sent at once, a higher one only when the bounds of all EVSEs leave room for it. An EVSE with
no session keeps a default limit (OCPP TxDefaultProfile) under which a session can begin without anybody being asked;
a session that goes on gets a limit of its own (TxProfile). A station that accepts no limit counts with its rated
power: the others get less.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from ingest.power.shares import Wish, shares

Purpose = Literal["TxDefaultProfile", "TxProfile"]
PURPOSES: Final[tuple[Purpose, ...]] = ("TxDefaultProfile", "TxProfile")

# The greater of the two nominal voltages in use (IEC 60038: 230 V; 240 V in India and North America): with it a
# limit in ampere is never more power than meant.
_VOLT: Final = 240
_LEAST_A: Final = 6  # IEC 61851-1: less than 6 A cannot be told to a vehicle
_LEAST_DC_W: Final = 5_000  # chargers of direct current stop below a few kilowatts
PHASES: Final[Mapping[str, int]] = {"AC_1_PHASE": 1, "AC_2_PHASE": 2, "AC_2_PHASE_SPLIT": 2, "AC_3_PHASE": 3}


class EvseKey(NamedTuple):
    """An EVSE (2.x), or a connector of OCPP 1.6."""

    station_id: str
    evse_id: int


@dataclass(frozen=True, slots=True)
class Evse:
    """What the registry says of an EVSE, and which transaction goes on there since when (µs since 1970)."""

    key: EvseKey
    rated_power_w: int
    power_type: str
    is_online: bool
    transaction_id: str | None = None
    started_at: int = 0

    @property
    def phases(self) -> int | None:
        """Phases of alternating current; None: direct current."""
        return PHASES.get(self.power_type)

    @property
    def least_w(self) -> int:
        """The least with which a vehicle charges."""
        least = _LEAST_DC_W if self.phases is None else _LEAST_A * _VOLT * self.phases
        return min(least, self.rated_power_w)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one limit at a station. `limit_w` None: it has accepted none.

    `asked_w` is out for an answer. `unsure_w` was sent and never answered: it may hold. `retry_at`: it was refused or
    not answered; not again before then (µs since 1970). `transaction_id`: of a TxProfile.
    """

    limit_w: int | None = None
    asked_w: int | None = None
    unsure_w: int | None = None
    transaction_id: str | None = None
    retry_at: int = 0

    def sent(self, limit_w: int, transaction_id: str | None) -> Standing:
        """A limit was sent; one of another transaction than before begins anew."""
        before = self if self.transaction_id == transaction_id else Standing(transaction_id=transaction_id)
        return replace(before, asked_w=limit_w)

    def accepted(self) -> Standing:
        """The station has accepted what was asked."""
        return Standing(self.asked_w, transaction_id=self.transaction_id)

    def refused(self, retry_at: int) -> Standing:
        """It has not: what held before still does."""
        return replace(self, asked_w=None, retry_at=retry_at)

    def lost(self, retry_at: int) -> Standing:
        """Nobody knows whether it has."""
        return replace(self, asked_w=None, unsure_w=max(self.unsure_w or 0, self.asked_w or 0), retry_at=retry_at)

    def most_w(self, otherwise: int) -> int:
        """The greatest of what may hold; `otherwise` holds while nothing was accepted."""
        held = otherwise if self.limit_w is None else self.limit_w
        return max(held, self.asked_w or 0, self.unsure_w or 0)

    def is_settled(self, limit_w: int, now: int) -> bool:
        """Whether there is nothing to send: it holds, an answer is awaited, or it is too early to try again."""
        if self.asked_w is not None or self.retry_at > now:
            return True
        return self.limit_w == limit_w and self.unsure_w is None


Standings = Mapping[tuple[EvseKey, Purpose], Standing]


@dataclass(frozen=True, slots=True)
class Order:
    """A limit to send now."""

    key: EvseKey
    purpose: Purpose
    limit_w: int
    transaction_id: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send; what EVSEs may take together; and the EVSEs that no limit binds."""

    orders: tuple[Order, ...]
    bound_w: int
    unbound: tuple[EvseKey, ...]


def plan(limit_w: int, evses: Sequence[Evse], standings: Standings, now: int) -> Plan:
    """The limits to send now. Call it again when an answer came, a session began or ended, or after some seconds."""
    bounds = {evse.key: bound(evse, standings) for evse in evses}
    wanted = _wanted(limit_w, evses, standings, bounds, now)
    room = limit_w - sum(bounds.values())
    orders = []
    # Lower ones first: what they free is only there once they are accepted.
    for evse, order in sorted(wanted, key=lambda pair: pair[1].limit_w - bounds[pair[0].key]):
        rise = _bound_after(evse, order, standings) - bounds[evse.key]
        if rise <= max(room, 0):
            room -= rise
            orders.append(order)
    unbound = tuple(evse.key for evse in evses if _default(evse, standings).limit_w is None)
    return Plan(tuple(orders), sum(bounds.values()), unbound)


def amperes(limit_w: int, phases: int) -> str:
    """A limit per phase in A with one decimal (OCPP 1.6 section 7.14), rounded down."""
    tenths = limit_w * 10 // (_VOLT * phases)
    return f"{tenths // 10}.{tenths % 10}"


def _wanted(
    limit_w: int, evses: Sequence[Evse], standings: Standings, bounds: Mapping[EvseKey, int], now: int
) -> list[tuple[Evse, Order]]:
    """The limits that should hold and do not yet."""
    ours = [evse for evse in evses if evse.is_online and _own(evse, standings).retry_at <= now]
    left = limit_w - (sum(bounds.values()) - sum(bounds[evse.key] for evse in ours))
    # A session may begin unasked with its least, where that is there for all EVSEs at once.
    all_fit = sum(evse.least_w for evse in ours) <= left
    defaults = {evse.key: evse.least_w if all_fit else 0 for evse in ours}
    charging = sorted((evse for evse in ours if evse.transaction_id is not None), key=lambda evse: evse.started_at)
    left -= sum(defaults[evse.key] for evse in ours if evse.transaction_id is None)
    parts = shares(left, [Wish(evse.least_w, evse.rated_power_w) for evse in charging])
    orders = [
        (evse, Order(evse.key, "TxProfile", part, evse.transaction_id))
        for evse, part in zip(charging, parts, strict=True)
        if not _own(evse, standings).is_settled(part, now)
    ]
    return orders + [
        (evse, Order(evse.key, "TxDefaultProfile", defaults[evse.key], None))
        for evse in ours
        if not _default(evse, standings).is_settled(defaults[evse.key], now)
    ]


def _default(evse: Evse, standings: Standings) -> Standing:
    return standings.get((evse.key, "TxDefaultProfile"), Standing())


def _own(evse: Evse, standings: Standings) -> Standing:
    """The standing of the limit that counts: the transaction's, or the default."""
    if evse.transaction_id is None:
        return _default(evse, standings)
    found = standings.get((evse.key, "TxProfile"), Standing())
    return found if found.transaction_id == evse.transaction_id else Standing(transaction_id=evse.transaction_id)


def bound(evse: Evse, standings: Standings) -> int:
    """The most that an EVSE may take as far as is known, also if a session ended there and another began unheard."""
    default = _default(evse, standings).most_w(evse.rated_power_w)
    return default if evse.transaction_id is None else max(default, _own(evse, standings).most_w(default))


def _bound_after(evse: Evse, order: Order, standings: Standings) -> int:
    before = standings.get((order.key, order.purpose), Standing())
    after = before.sent(order.limit_w, order.transaction_id)
    return bound(evse, {**standings, (order.key, order.purpose): after})


def unbound(evse: Evse, standings: Standings, now: int) -> str:
    """Why no limit binds an EVSE, as a remark; "" where one does."""
    standing = _default(evse, standings)
    if standing.limit_w is not None:
        return ""
    return "its station has refused a limit" if standing.retry_at > now else "no limit accepted yet"
