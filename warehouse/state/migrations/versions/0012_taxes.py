"""Categories of VAT of operators, contracts and issued lines; why no VAT is charged; rounding of amounts due

Revision: 0012, after 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

ADDED = {
    "registry_operators": ("tax_number", "tax_category"),
    "registry_contracts": ("tax_category",),
    "registry_tax_rates": ("exemption_reason",),
    "billing_document_lines": ("tax_category",),
}


def upgrade() -> None:
    for table, columns in ADDED.items():
        for name in columns:
            op.add_column(table, sa.Column(name, sa.Text(), nullable=True))
    # No amount due was rounded before.
    op.add_column("billing_documents", sa.Column("rounding_amount", sa.Text(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("billing_documents", "rounding_amount")
    for table, columns in ADDED.items():
        for name in columns:
            op.drop_column(table, name)
