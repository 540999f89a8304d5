"""What can go wrong while speaking as a station.

KwhouseError
 └── FleetError           a station could not do its work
      ├── StationRefused      the central system does not want this station (mend the registry or a setting)
      ├── AnswerUnusable      an answer lacks what the station needs to go on
      └── ConnectionLost      the central system went away (a retry helps)
"""

from __future__ import annotations

from warehouse.errors import KwhouseError


class FleetError(KwhouseError):
    """A station could not do its work."""


class StationRefused(FleetError):
    """The handshake or the boot was refused."""

    def __init__(self, station_id: str, reason: str) -> None:
        super().__init__(
            f"{station_id} was refused: {reason}. Is the station in the registry (`kwhouse registry apply DIR`) "
            "and, for a replay, KWHOUSE_ALLOW_REPLAY=true set where the collector runs?"
        )
        self.station_id, self.reason = station_id, reason


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
