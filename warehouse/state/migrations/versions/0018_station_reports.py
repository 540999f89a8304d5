"""What stations are to be, and which of them are connected

Revision: 0018, after 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    for name in ("serial_number", "firmware"):
        op.add_column("registry_stations", sa.Column(name, sa.Text(), nullable=True))
    # Collectors see by `registry_changes` that a password was set.
    op.drop_column("access_station_credentials", "times_set")
    op.create_table(
        "access_collectors",
        sa.Column("collector_id", sa.Text(), nullable=False),
        sa.Column("heard_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("collector_id"),
    )
    op.create_table(
        "access_online_stations",
        sa.Column("station_id", sa.Text(), nullable=False),
        sa.Column("collector_id", sa.Text(), nullable=False),
        sa.Column("ocpp_version", sa.Text(), nullable=False),
        sa.Column("connected_at", sa.Text(), nullable=False),
        sa.Column("remote_address", sa.Text(), nullable=True),
        sa.Column("certificate_ends_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("station_id", "collector_id"),
    )


def downgrade() -> None:
    op.drop_table("access_online_stations")
    op.drop_table("access_collectors")
    op.add_column(
        "access_station_credentials", sa.Column("times_set", sa.Integer(), nullable=False, server_default="1")
    )
    for name in ("firmware", "serial_number"):
        op.drop_column("registry_stations", name)
