"""What OCPI CDRs say of a place and its connectors

Revision: 0013, after 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

ADDED = (
    ("registry_sites", "city"),
    ("registry_sites", "post_code"),
    ("registry_connectors", "connector_format"),
)


def upgrade() -> None:
    for table, name in ADDED:
        op.add_column(table, sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    for table, name in ADDED:
        op.drop_column(table, name)
