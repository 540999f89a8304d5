"""`access.api_keys`: how programs that ask the HTTP API prove who they are."""

from __future__ import annotations

from warehouse.contract.model import Column, Home, Table, optional, required

API_KEYS = Table(
    "access",
    "api_keys",
    "one key of a program that asks the HTTP API, and what it may do",
    ("key_id",),
    (
        required("key_id", "VARCHAR", "public part of the key: kwh_<key_id>_<secret>"),
        required("name", "VARCHAR", "what it is for, as whoever made it says"),
        Column("secret_sha256", "VARCHAR", "SHA-256 of its secret, in hex", nullable=False, personal=True, secret=True),
        required("roles", "JSON", "list of its roles"),
        optional("scopes", "JSON", "list of the permissions that it is narrowed to; NULL: all that its roles have"),
        optional("owner_id", "VARCHAR", "owner of sites whom it stands for: it sees the sites of their agreements"),
        optional("site_ids", "JSON", "list of the only sites that it sees; NULL, and no owner: all"),
        required("made_at", "TIMESTAMPTZ", "when it was made"),
        Column("made_by", "VARCHAR", "who made it", nullable=False, personal=True),
        optional("expires_at", "TIMESTAMPTZ", "from then on it opens nothing; NULL: it does not end by itself"),
        optional("revoked_at", "TIMESTAMPTZ", "when it was revoked; NULL: it was not"),
        optional("last_used_on", "DATE", "newest day (UTC) on which it was used; NULL: never"),
    ),
    home=Home.STATE,
)

TABLES = (API_KEYS,)
