"""API keys

Revision: 0020, after 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "access_api_keys",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("key_id", "name", "secret_sha256", "roles")),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("scopes", "owner_id", "site_ids")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("made_at", "made_by")),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("expires_at", "revoked_at", "last_used_on")),
        sa.PrimaryKeyConstraint("key_id"),
    )


def downgrade() -> None:
    op.drop_table("access_api_keys")
