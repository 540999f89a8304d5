"""Power limits, reservations, and tasks that one process does at a time

Revision: 0023, after 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "remote_power_limits",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("evse_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.Column("limit_w", sa.BigInteger(), nullable=True),
        sa.Column("asked_w", sa.BigInteger(), nullable=True),
        sa.Column("unsure_w", sa.BigInteger(), nullable=True),
        sa.Column("retry_at", sa.Text(), nullable=True),
        sa.Column("command_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("station_id", "evse_id", "purpose"),
    )
    op.create_table(
        "remote_leases",
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("held_until", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("task"),
    )
    op.create_table(
        "remote_reservations",
        sa.Column("reservation_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("evse_id", sa.Integer(), nullable=True),
        sa.Column("id_token", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("cancel_command_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("reservation_id"),
    )


def downgrade() -> None:
    op.drop_table("remote_reservations")
    op.drop_table("remote_leases")
    op.drop_table("remote_power_limits")
