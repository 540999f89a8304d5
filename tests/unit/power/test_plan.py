"""The order in which limits are sent, and that a site's limit holds whatever stations answer."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.power.plan import Evse, EvseKey, Order, Plan, Purpose, Standing, amperes, plan

A, B, C = (EvseKey("CP-1", 1), EvseKey("CP-1", 2), EvseKey("CP-2", 1))
LEAST, RATED = 1_440, 7_400


def evse(key: EvseKey, transaction_id: str | None = None, started_at: int = 0) -> Evse:
    return Evse(key, RATED, "AC_1_PHASE", is_online=True, transaction_id=transaction_id, started_at=started_at)


def default(limit_w: int) -> Standing:
    return Standing(limit_w)


def test_at_first_every_evse_gets_a_default_under_which_a_session_may_begin() -> None:
    found = plan(10_000, [evse(A), evse(B)], {}, 0)
    assert found.orders == (
        Order(A, "TxDefaultProfile", LEAST, None),
        Order(B, "TxDefaultProfile", LEAST, None),
    )
    assert (found.bound_w, found.unbound) == (2 * RATED, (A, B))
    # Where the least of all is too much, sessions wait for their share.
    assert [order.limit_w for order in plan(2_000, [evse(A), evse(B)], {}, 0).orders] == [0, 0]


def test_one_session_gets_all_but_what_may_begin_elsewhere() -> None:
    standings = {(key, "TxDefaultProfile"): default(LEAST) for key in (A, B)}
    assert plan(8_000, [evse(A, "7"), evse(B)], standings, 0).orders == (Order(A, "TxProfile", 8_000 - LEAST, "7"),)


def test_a_second_session_gets_its_share_once_the_first_one_has_accepted_less() -> None:
    standings = {(key, "TxDefaultProfile"): default(LEAST) for key in (A, B)}
    standings[A, "TxProfile"] = Standing(8_000 - LEAST, transaction_id="7")
    both = [evse(A, "7", 1), evse(B, "8", 2)]
    assert plan(8_000, both, standings, 0).orders == (Order(A, "TxProfile", 4_000, "7"),)
    standings[A, "TxProfile"] = Standing(8_000 - LEAST, 4_000, transaction_id="7")
    assert plan(8_000, both, standings, 0).orders == ()
    standings[A, "TxProfile"] = Standing(4_000, transaction_id="7")
    assert plan(8_000, both, standings, 0).orders == (Order(B, "TxProfile", 4_000, "8"),)


def test_a_station_that_takes_no_limit_counts_with_its_rated_power() -> None:
    standings = {(A, "TxDefaultProfile"): Standing(retry_at=100), (B, "TxDefaultProfile"): default(LEAST)}
    found = plan(10_000, [evse(A), evse(B, "8")], standings, 0)
    assert found.orders == (Order(B, "TxProfile", 10_000 - RATED, "8"),)
    assert found.unbound == (A,)
    # Later it is asked again.
    assert Order(A, "TxDefaultProfile", LEAST, None) in plan(10_000, [evse(A), evse(B, "8")], standings, 100).orders


def test_the_limit_of_an_ended_transaction_binds_nobody() -> None:
    standings = {(A, "TxDefaultProfile"): default(LEAST), (A, "TxProfile"): Standing(5_000, transaction_id="7")}
    assert plan(10_000, [evse(A)], standings, 0) == Plan((), LEAST, ())
    assert plan(10_000, [evse(A, "8")], standings, 0).orders == (Order(A, "TxProfile", RATED, "8"),)


def test_amperes_never_tell_more_power_than_meant() -> None:
    assert (amperes(7_200, 3), amperes(11_000, 3), amperes(0, 1), amperes(23, 1)) == ("10.0", "15.2", "0.0", "0.0")


@dataclass
class World:
    """Stations as they are, and what the planner knows of them."""

    evses: list[Evse]
    standings: dict[tuple[EvseKey, Purpose], Standing] = field(default_factory=dict)
    actual: dict[tuple[EvseKey, Purpose], tuple[int, str | None]] = field(default_factory=dict)
    out: list[Order] = field(default_factory=list)

    def send(self, orders: tuple[Order, ...]) -> None:
        for order in orders:
            key = (order.key, order.purpose)
            self.standings[key] = self.standings.get(key, Standing()).sent(order.limit_w, order.transaction_id)
            self.out.append(order)

    def answer(self, order: Order, kind: str, now: int) -> None:
        key = (order.key, order.purpose)
        self.out.remove(order)
        if kind in ("accepted", "lost_answer"):
            self.actual[key] = (order.limit_w, order.transaction_id)
        standing = self.standings[key]
        if standing.transaction_id != order.transaction_id:
            return
        if kind == "accepted":
            self.standings[key] = standing.accepted()
        else:
            self.standings[key] = standing.refused(now + 2) if kind == "refused" else standing.lost(now + 1)

    def takes(self) -> int:
        """What all EVSEs may draw by the limits that are really in force."""
        total = 0
        for one in self.evses:
            held = self.actual.get((one.key, "TxDefaultProfile"), (one.rated_power_w, None))[0]
            own = self.actual.get((one.key, "TxProfile"))
            total += own[0] if own is not None and own[1] is not None and own[1] == one.transaction_id else held
        return total


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_stations_may_take_never_passes_the_limit_once_it_has_held(data: st.DataObject) -> None:
    keys = [EvseKey(f"CP-{number}", 1) for number in range(data.draw(st.integers(2, 4)))]
    limit_w = data.draw(st.integers(LEAST, RATED * len(keys)))
    world = World([evse(key) for key in keys])
    transactions = 0
    held = False
    for now in range(data.draw(st.integers(5, 25))):
        found = plan(limit_w, world.evses, world.standings, now)
        world.send(found.orders)
        for order in list(world.out):
            kind = data.draw(st.sampled_from(["accepted"] * 6 + ["refused", "lost", "lost_answer", "wait", "wait"]))
            if kind != "wait":
                world.answer(order, kind, now)
        number = data.draw(st.integers(0, len(keys) - 1))
        before = world.evses[number]
        if data.draw(st.booleans()):
            transactions += 1
            transaction = None if before.transaction_id is not None else str(transactions)
            online = data.draw(st.sampled_from([True] * 5 + [False]))
            world.evses[number] = dataclasses.replace(
                before, transaction_id=transaction, started_at=now, is_online=online
            )
        held = held or found.bound_w <= limit_w
        assert not held or world.takes() <= limit_w
        assert world.takes() <= max(limit_w, found.bound_w)
