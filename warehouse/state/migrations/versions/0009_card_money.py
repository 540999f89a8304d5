"""Stored methods, facts that the ledger could not take, accounts files that extracts were made with

Revision: 0009, after 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "billing_payment_methods",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("method_id", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "reference"),
    )
    op.create_table(
        "billing_unbooked_facts",
        sa.Column("fact_key", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("happened_at", sa.Text(), nullable=False),
        sa.Column("dispute_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("fact_key"),
    )
    op.create_table(
        "billing_account_files",
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("file_yaml", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("content_sha256"),
    )


def downgrade() -> None:
    for table in ("billing_account_files", "billing_unbooked_facts", "billing_payment_methods"):
        op.drop_table(table)
