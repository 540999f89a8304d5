"""Least and greatest price of a tariff, whether taxes are included, its type

Revision: 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

COLUMNS = ("min_price", "max_price", "tax_included", "tariff_type")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("registry_tariffs", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    for name in reversed(COLUMNS):
        op.drop_column("registry_tariffs", name)
