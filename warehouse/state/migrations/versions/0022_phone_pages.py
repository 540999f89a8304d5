"""Drivers' accounts, visits and letters, and the charges begun on a phone

Revision: 0022, after 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

_INDEXES = ("state", "payment_id", "driver_id")


def _texts(nullable: bool, *names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def upgrade() -> None:
    op.create_table(
        "access_driver_accounts",
        *_texts(False, "driver_id", "email", "password_hash", "made_at", "set_at"),
        sa.PrimaryKeyConstraint("driver_id"),
        sa.UniqueConstraint("email"),
    )
    op.create_table(
        "access_driver_letters",
        *_texts(False, "letter_hash", "email", "ends_at"),
        sa.PrimaryKeyConstraint("letter_hash"),
    )
    op.create_table(
        "access_driver_visits",
        *_texts(False, "visit_hash", "driver_id", "begun_at", "ends_at"),
        sa.PrimaryKeyConstraint("visit_hash"),
    )
    op.create_table(
        "access_starts",
        *_texts(False, "start_id", "page_token", "station_id"),
        sa.Column("evse_id", sa.Integer(), nullable=False),
        *_texts(False, "operator_id", "id_token"),
        *_texts(True, "driver_id", "contract_id", "payment_id"),
        *_texts(False, "state"),
        *_texts(True, "why_failed"),
        *_texts(False, "made_at", "ready_at"),
        *_texts(True, "command_at", "command_id", "stop_command_id", "transaction_id", "began_at", "over_at"),
        *_texts(True, "session_id"),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("start_id"),
        sa.UniqueConstraint("page_token"),
    )
    for name in _INDEXES:
        op.create_index(f"access_starts_{name.removesuffix('_id')}", "access_starts", [name])


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(f"access_starts_{name.removesuffix('_id')}", "access_starts")
    for name in ("starts", "driver_visits", "driver_letters", "driver_accounts"):
        op.drop_table(f"access_{name}")
