"""Card payments of sessions without a contract say whose they are; documents of one contract are found by it

Revision: 0014, after 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    for name in ("operator_id", "payer_email"):
        op.add_column("billing_provider_payments", sa.Column(name, sa.Text(), nullable=True))
    op.create_index("billing_documents_contract", "billing_documents", ["operator_id", "contract_id"])


def downgrade() -> None:
    op.drop_index("billing_documents_contract", table_name="billing_documents")
    for name in ("payer_email", "operator_id"):
        op.drop_column("billing_provider_payments", name)
