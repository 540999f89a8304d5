"""One charging session as a station is to tell it, with the made-up power curve between its begin and its end.

Times inside a station are whole microseconds since 1970 (UTC) and energies whole micro-watt-hours: integers, so that a
register keeps the six decimals of the file and no rounding is ever carried along.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

QUARTER_US = 900_000_000
"""Clock-aligned readings come at each quarter hour of UTC (OCPP ClockAlignedDataInterval 900 s)."""

_SECOND_US = 1_000_000
_DAY_S = 86_400
_UNIX_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Session:
    """One plug-in at one connector. `energy_wh` has at most six decimals; `id_token` None: nobody identified."""

    site_id: str
    station_id: str
    evse_id: int
    connector_id: int
    started_at: datetime
    ended_at: datetime
    energy_wh: Decimal
    id_token: str | None
    external_session_id: str

    def __post_init__(self) -> None:
        if self.ended_at <= self.started_at:
            raise ValueError(f"session {self.external_session_id} ends at {self.ended_at}, not after its begin")
        if self.energy_wh < 0:
            raise ValueError(f"session {self.external_session_id} has negative energy {self.energy_wh} Wh")

    @property
    def order(self) -> tuple[datetime, datetime, str]:
        """Order in which a station's register counts its sessions."""
        return self.started_at, self.ended_at, self.external_session_id


def epoch_us(when: datetime) -> int:
    """Microseconds since 1970, exact."""
    return (when - _EPOCH) // _MICROSECOND


def from_epoch_us(when: int) -> datetime:
    """The instant as an aware datetime in UTC."""
    return _EPOCH + when * _MICROSECOND


def micro_wh(energy_wh: Decimal) -> int:
    """Watt-hours as whole micro-watt-hours; more than six decimals are an error of the caller."""
    scaled = energy_wh.scaleb(6)
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"{energy_wh} Wh has more than six decimals")
    return whole


def wh_text(register: int) -> str:
    """A register of micro-watt-hours as decimal text in Wh, decimals only where there are any."""
    whole, part = divmod(register, 1_000_000)
    return f"{whole}.{part:06d}" if part else str(whole)


def stamp(when: int) -> str:
    """An instant as OCPP writes it: `2019-05-01T08:15:00Z`, decimals of the second only where there are any."""
    seconds, micro = divmod(when, _SECOND_US)
    day, second = divmod(seconds, _DAY_S)
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    fraction = f".{micro:06d}" if micro else ""
    return f"{_day_text(day)}T{hour:02d}:{minute:02d}:{second:02d}{fraction}Z"


@lru_cache(maxsize=4096)
def _day_text(day: int) -> str:
    return date.fromordinal(_UNIX_DAY + day).isoformat()


@dataclass(frozen=True, slots=True)
class Curve:
    """How the energy of a session flows. Made up: session files hold no readings.

    The vehicle draws the connector's rated power from its arrival until it has its energy, then rests until it leaves.
    Energy that does not fit so is spread evenly over the whole session, above the rating: odd sessions keep their kWh.
    """

    begin: int
    full: int
    """When the energy is delivered; `end` where the vehicle charges until it leaves."""
    end: int
    energy: int
    power_w: int
    """Power until `full`; 0 after it."""

    @classmethod
    def of(cls, session: Session, rated_power_w: int) -> Curve:
        begin, end, energy = epoch_us(session.started_at), epoch_us(session.ended_at), micro_wh(session.energy_wh)
        # µWh / W = µh = 3600 µs; then up to a whole second, as stations write their times
        needed = -(-energy * 3600 // rated_power_w)
        full = -(-(begin + needed) // _SECOND_US) * _SECOND_US if energy else begin
        if full < end:
            return cls(begin, full, end, energy, rated_power_w if energy else 0)
        return cls(begin, end, end, energy, energy * 3600 // (end - begin))

    def delivered(self, when: int) -> int:
        """Energy delivered until `when`, in µWh: exactly 0 at the begin and all of it from `full` on."""
        if when >= self.full:
            return self.energy
        return self.energy * (when - self.begin) // (self.full - self.begin)

    def cut(self, when: int) -> Curve:
        """The same, ended at `when`."""
        return Curve(self.begin, min(self.full, when), when, self.delivered(when), self.power_w)

    def charging_marks(self) -> range:
        """Quarter hours strictly after the begin and before `full`."""
        return range(_next_quarter(self.begin), self.full, QUARTER_US)

    def resting_marks(self) -> range:
        """Quarter hours from `full` on, strictly after the begin and before the end."""
        marks = self.charging_marks()
        return range(marks.start + len(marks) * QUARTER_US, self.end, QUARTER_US)


def _next_quarter(when: int) -> int:
    return when // QUARTER_US * QUARTER_US + QUARTER_US


def with_registers(sessions: Iterable[Session], register: int) -> Iterator[tuple[Session, int]]:
    """Each session of one connector beside the lifetime register (µWh) at its begin, in the order given.

    Sessions that overlap still get ranges that follow each other: each transaction keeps exactly its own energy.
    """
    for session in sessions:
        yield session, register
        register += micro_wh(session.energy_wh)
