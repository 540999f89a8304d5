"""Operators' station profiles, and decisions on sessions

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "registry_station_profiles",
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("firmware", sa.Text(), nullable=False),
        sa.Column("register_behaviour", sa.Text(), nullable=True),
        sa.Column("energy_factor", sa.Text(), nullable=True),
        sa.Column("clock_offset_seconds", sa.BigInteger(), nullable=True),
        sa.Column("token_pattern", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("vendor", "model", "firmware"),
    )
    op.create_table(
        "registry_session_decisions",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("energy_wh", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("session_id", "decided_at"),
    )


def downgrade() -> None:
    op.drop_table("registry_session_decisions")
    op.drop_table("registry_station_profiles")
