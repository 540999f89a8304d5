"""Whether a handshake fulfils the security profile of its station.

| profile | transport | station proves itself by |
| --- | --- | --- |
| 0 | any | its name alone: only for networks that nobody else reaches |
| 1 | any | HTTP Basic auth |
| 2 | TLS | HTTP Basic auth |
| 3 | TLS | a client certificate whose common name is its identity |

OCPP 1.6 security whitepaper section 2, 2.0.1 part 2 section A. A station without a profile of its own has the least one
that the settings ask for. A certificate in place of a password is taken for profiles 1 and 2 as well: it proves more.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final, NamedTuple

from ingest.access.known import Credential
from ingest.handshake import Refusal
from ingest.security.passwords import Passwords, basic_auth

NEEDS_TLS: Final = 2
NEEDS_CERTIFICATE: Final = 3


class Shown(NamedTuple):
    """What a peer shows at the handshake. `common_name`: of its verified client certificate, None: it showed none."""

    authorization: str | None
    is_tls: bool
    common_name: str | None


class Proof(NamedTuple):
    """The station is let in. `password_hash`: the hash that its password fits; None: it gave none. `is_proved`: it has
    shown that it is who it says; a station of profile 0 has shown nothing."""

    password_hash: str | None = None
    is_proved: bool = True


async def judge(
    station_id: str, shown: Shown, credential: Credential | None, least: int, passwords: Passwords
) -> Proof | Refusal:
    """Whether the station is who it says, or why it is not let in."""
    profile = max(least, credential.profile if credential is not None else 0)
    if profile >= NEEDS_TLS and not shown.is_tls:
        return Refusal(HTTPStatus.FORBIDDEN, f"Station {station_id} must connect by TLS (wss://).\n")
    if shown.common_name is not None:
        if shown.common_name == station_id:
            return Proof()
        text = f"The certificate is of {shown.common_name}, the address of station {station_id}.\n"
        return Refusal(HTTPStatus.FORBIDDEN, text)
    if profile >= NEEDS_CERTIFICATE:
        return Refusal(HTTPStatus.FORBIDDEN, f"Station {station_id} must show its client certificate.\n")
    if profile == 0:
        return Proof(is_proved=False)
    hashes = credential.hashes if credential is not None else ()
    given = basic_auth(shown.authorization)
    if given is None or not hashes or given[0] != station_id:
        return _unauthorized()
    fitting = await passwords.fitting(station_id, given[1], hashes)
    return _unauthorized() if fitting is None else Proof(fitting)


def _unauthorized() -> Refusal:
    # What exactly was wrong is not told: it would help who guesses.
    return Refusal(HTTPStatus.UNAUTHORIZED, "The station's name and password (HTTP Basic auth) are not right.\n")
