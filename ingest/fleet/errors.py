"""What can go wrong while speaking as a station.

KwhouseError
 └── FleetError           a station could not do its work
      ├── StationRefused      the central system does not want this station (mend the registry or a setting)
      ├── NobodyListens       no central system answers at the address (start it)
      ├── AnswerUnusable      an answer lacks what the station needs to go on
      └── ConnectionLost      the central system went away (a retry helps)
"""

from __future__ import annotations

from warehouse.errors import KwhouseError


class FleetError(KwhouseError):
    """A station could not do its work."""


class StationRefused(FleetError):
    """The handshake or the boot was refused; `reason` is in whole sentences, `status` the handshake's HTTP status."""

    def __init__(self, station_id: str, reason: str, status: int | None = None) -> None:
        super().__init__(f"{station_id} was refused: {reason}")
        self.station_id, self.reason, self.status = station_id, reason, status


class NobodyListens(FleetError):
    """No central system answered the first stations."""

    def __init__(self, url: str) -> None:
        super().__init__(f"Nobody listens at {url}: start `kwhouse collect`, or set KWHOUSE_COLLECT_PORT / --url.")
        self.url = url


class AnswerUnusable(FleetError):
    """An answer lacks what the station needs to go on."""

    def __init__(self, station_id: str, action: str, answer: str) -> None:
        super().__init__(
            f"{station_id} cannot go on after the answer to {action}: {answer[:300]}. "
            "The central system has to answer as OCPP says; its log tells why it did not."
        )
        self.station_id, self.action, self.answer = station_id, action, answer


class ConnectionLost(FleetError):
    """The central system went away and did not come back in time."""

    retryable = True

    def __init__(self, station_id: str, url: str, reason: str) -> None:
        super().__init__(
            f"{station_id} lost its connection to {url}: {reason}. Start the collector (`kwhouse collect`) "
            "and run the same command again: it goes on where it stopped."
        )
        self.station_id, self.url, self.reason = station_id, url, reason
