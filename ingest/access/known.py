"""What the collector knows of the registry. Instants are microseconds since 1970, UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from decimal import Decimal
from typing import NamedTuple


class Subject(NamedTuple):
    """What a rule of access is about: `kind` is token, group, contract or driver. A token's key is casefolded."""

    kind: str
    key: str


class Token(NamedTuple):
    """What the registry says of an idToken. A million of these are kept, so it is a tuple."""

    blocked: bool = False
    valid_from: int | None = None
    valid_to: int | None = None
    group: str | None = None
    contract_id: str | None = None
    kind: str | None = None  # OCPP 2.x IdTokenEnumType that it must be presented as; None: any
    certificate: str | None = None  # `certificate_key` of the contract certificate it is pinned to; None: any


class Contract(NamedTuple):
    """What of a contract decides: when it holds, whose it is, and what is owed on it.

    `owed` is what documents leave open less what was paid in advance, in the contract's currency; negative: there is
    credit. None: nothing is known of its account.
    """

    valid_from: int | None = None
    valid_to: int | None = None
    driver_id: str | None = None
    prepaid: bool = False
    owed: Decimal | None = None


class AccessRule(NamedTuple):
    """One allowance of a subject; None: not limited in this.

    `begins` and `ends` are local times of the site; an end at 00:00 is the end of the day, and a window whose end is
    not after its begin goes over midnight. `weekdays`: 0 is Monday, of the day of the instant itself.
    """

    rule_id: str
    blocked: bool = False
    valid_from: int | None = None
    valid_to: int | None = None
    sites: frozenset[str] | None = None
    weekdays: frozenset[int] | None = None
    begins: time | None = None
    ends: time | None = None
    most_sessions: int | None = None
    credit_limit: Decimal | None = None


class Place(NamedTuple):
    """Where a station stands."""

    site_id: str
    time_zone: str


class Credential(NamedTuple):
    """How a station proves itself: its security profile, and argon2id hashes of its passwords, the newest first."""

    profile: int
    hashes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """Everything the collector needs of the registry. Keys of `tokens` are casefolded: OCPP tokens ignore case."""

    stations: Mapping[str, Place] = field(default_factory=dict)
    tokens: Mapping[str, Token] = field(default_factory=dict)
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    rules: Mapping[Subject, tuple[AccessRule, ...]] = field(default_factory=dict)
    credentials: Mapping[str, Credential] = field(default_factory=dict)

    def subjects(self, key: str, token: Token) -> tuple[Subject, ...]:
        """Whom a session with this token counts for; `key` is the casefolded idToken."""
        found = [Subject("token", key)]
        if token.group is not None:
            found.append(Subject("group", token.group))
        if token.contract_id is not None:
            found.append(Subject("contract", token.contract_id))
            contract = self.contracts.get(token.contract_id)
            if contract is not None and contract.driver_id is not None:
                found.append(Subject("driver", contract.driver_id))
        return tuple(found)


def certificate_key(algorithm: str, issuer_name_hash: str, issuer_key_hash: str, serial_number: str) -> str:
    """A contract certificate as OCPP 2.x names it (OCSPRequestDataType), in one text: hexadecimal in lower case."""
    parts = (issuer_name_hash, issuer_key_hash, serial_number.lstrip("0") or "0")
    return ":".join((algorithm.upper(), *(part.strip().lower() for part in parts)))
