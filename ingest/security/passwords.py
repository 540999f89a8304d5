"""Stations' passwords: kept as argon2id hashes (RFC 9106), compared once per password and process.

OCPP's HTTP Basic auth has the station's identity as the user name (1.6 security whitepaper A00.FR.203; 2.0.1 part 2
A00.FR.203 and following). A hash takes some 50 ms on purpose: of a fleet that reconnects after a power cut each
password is hashed once, later it is compared by a keyed digest that only this process knows.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import secrets
from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

# OWASP's parameters for argon2id with little memory: 19 MiB, two passes, one lane.
_MEMORY_KIB: Final = 19 * 1024
_PASSES: Final = 2
_HASHES_AT_ONCE: Final = 2
SHORTEST, LONGEST = 16, 40  # 2.0.1 part 2, BasicAuthPassword: 16 to 40 characters


def hashed(password: str) -> str:
    """`password` as a PHC string: `$argon2id$v=19$m=…`."""
    kdf = Argon2id(salt=secrets.token_bytes(16), length=32, iterations=_PASSES, lanes=1, memory_cost=_MEMORY_KIB)
    return kdf.derive_phc_encoded(password.encode())


def is_of(password: str, phc: str) -> bool:
    """Whether `phc` is a hash of `password`."""
    try:
        Argon2id.verify_phc_encoded(password.encode(), phc)
    except InvalidKey:
        return False
    return True


def made_up() -> str:
    """A password that nobody has to remember: 40 hexadecimal digits, which every OCPP version takes."""
    return secrets.token_hex(20)


def basic_auth(header: str | None) -> tuple[str, str] | None:
    """User and password of an Authorization header; None where it holds none that can be read."""
    if header is None:
        return None
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if colon else None


class Passwords:
    """Compares passwords with hashes, remembering what was right."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._right: dict[str, tuple[str, bytes]] = {}  # by station: the hash, and the digest of what fits it
        self._turns = asyncio.Semaphore(_HASHES_AT_ONCE)

    async def fits(self, station_id: str, password: str, hashes: tuple[str, ...]) -> bool:
        """Whether `password` fits one of `hashes` of the station."""
        digest = hmac.digest(self._key, password.encode(), "sha256")
        known = self._right.get(station_id)
        if known is not None and known[0] in hashes and hmac.compare_digest(known[1], digest):
            return True
        for phc in hashes:
            async with self._turns:
                right = await asyncio.to_thread(is_of, password, phc)
            if right:
                self._right[station_id] = (phc, digest)
                return True
        return False
