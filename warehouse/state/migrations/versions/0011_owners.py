"""Statements of site owners, and the files that pay them

Revision: 0011, after 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

NOT_RETURNED = sa.text("state <> 'returned'")
STANDING = sa.text("kind = 'statement' AND status = 'issued'")


def upgrade() -> None:
    op.add_column("registry_site_owners", sa.Column("invoicing", sa.Text(), nullable=True))
    op.add_column("registry_site_owners", sa.Column("vat_exemption", sa.Text(), nullable=True))
    op.create_table(
        "billing_owner_documents",
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("operator_id", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("issue_date", sa.Text(), nullable=False),
        sa.Column("due_date", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.Text(), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("corrects", sa.Text(), nullable=True),
        sa.Column("total_excl_vat", sa.Text(), nullable=False),
        sa.Column("total_vat", sa.Text(), nullable=False),
        sa.Column("total_incl_vat", sa.Text(), nullable=False),
        sa.Column("lines_hash", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("document_id"),
        sa.UniqueConstraint("series", "serial"),
    )
    op.create_index(
        "billing_owner_documents_once",
        "billing_owner_documents",
        ["operator_id", "owner_id", "month", "currency"],
        unique=True,
        sqlite_where=STANDING,
        postgresql_where=STANDING,
    )
    op.create_table(
        "billing_owner_payouts",
        sa.Column("payout_id", sa.Text(), nullable=False),
        sa.Column("operator_id", sa.Text(), nullable=False),
        sa.Column("execution_date", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("transfers", sa.Integer(), nullable=False),
        sa.Column("total_amount", sa.Text(), nullable=False),
        sa.Column("file_xml", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("payout_id"),
    )
    op.create_table(
        "billing_owner_payout_items",
        sa.Column("payout_id", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.Text(), nullable=False),
        sa.Column("end_to_end_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("returned_on", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("payout_id", "document_id"),
    )
    op.create_index(
        "billing_owner_payout_items_once",
        "billing_owner_payout_items",
        ["document_id"],
        unique=True,
        sqlite_where=NOT_RETURNED,
        postgresql_where=NOT_RETURNED,
    )


def downgrade() -> None:
    for name in ("billing_owner_payout_items", "billing_owner_payouts", "billing_owner_documents"):
        op.drop_table(name)
    op.drop_column("registry_site_owners", "vat_exemption")
    op.drop_column("registry_site_owners", "invoicing")
