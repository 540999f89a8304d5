"""Stations' passwords: kept as argon2id hashes (RFC 9106), compared once per password and process.

OCPP's HTTP Basic auth has the station's identity as the user name (1.6 security whitepaper A00.FR.203; 2.0.1 part 2
A00.FR.203 and following). A hash takes some 50 ms on purpose: of a fleet that reconnects after a power cut each
password is hashed once, later it is compared by a keyed digest that only this process knows.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hmac
import secrets
from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

# OWASP's parameters for argon2id with little memory: 19 MiB, two passes, one lane.
_MEMORY_KIB: Final = 19 * 1024
_PASSES: Final = 2
_HASHES_AT_ONCE: Final = 2
_SHORTEST_KEY, _LONGEST_KEY = 16, 20  # bytes
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


def basic_auth(header: str | None) -> tuple[str, tuple[str, ...]] | None:
    """User and password of an Authorization header; None where it holds none that can be read.

    The password is given in all ways in which it may have been kept: as text, and the 16 to 20 bytes of a 1.6 station
    as hexadecimal digits. Such a key is set in digits, and some stations give its bytes, others the digits (security
    whitepaper edition 3, AuthorizationKey).
    """
    if header is None:
        return None
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(value.strip(), validate=True).partition(b":")
        name = user.decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    if not colon:
        return None
    words = []
    with contextlib.suppress(UnicodeDecodeError):
        words.append(password.decode())
    if _SHORTEST_KEY <= len(password) <= _LONGEST_KEY:
        words.append(password.hex())
    return name, tuple(words)


class Passwords:
    """Compares passwords with hashes, remembering what was right."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._right: dict[str, tuple[str, bytes]] = {}  # by station: the hash, and the digest of what fits it
        self._turns = asyncio.Semaphore(_HASHES_AT_ONCE)

    async def fitting(self, station_id: str, words: tuple[str, ...], hashes: tuple[str, ...]) -> str | None:
        """That of `hashes` of the station which one of `words` fits; None: none does."""
        digests = [hmac.digest(self._key, word.encode(), "sha256") for word in words]
        known = self._right.get(station_id)
        if known is not None and known[0] in hashes and any(hmac.compare_digest(known[1], one) for one in digests):
            return known[0]
        for phc in hashes:
            for word, digest in zip(words, digests, strict=True):
                async with self._turns:
                    right = await asyncio.to_thread(is_of, word, phc)
                if right:
                    self._right[station_id] = (phc, digest)
                    return phc
        return None
