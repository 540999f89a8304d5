"""What invoices need of sellers and buyers; plans, subscriptions, site owners

Revision: 0008, after 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

ADDED = {
    "registry_operators": (
        ("street", sa.Text()),
        ("post_code", sa.Text()),
        ("city", sa.Text()),
        ("state_code", sa.Text()),
        ("time_zone", sa.Text()),
        ("legal_id", sa.Text()),
        ("email", sa.Text()),
        ("iban", sa.Text()),
        ("bic", sa.Text()),
        ("creditor_id", sa.Text()),
        ("upi_vpa", sa.Text()),
        ("invoice_series", sa.Text()),
        ("payment_days", sa.Integer()),
        ("language", sa.Text()),
        ("sac_code", sa.Text()),
    ),
    "registry_sites": (("state_code", sa.Text()),),
    "registry_drivers": (
        ("street", sa.Text()),
        ("post_code", sa.Text()),
        ("city", sa.Text()),
        ("state_code", sa.Text()),
        ("country_code", sa.Text()),
        ("company", sa.Text()),
        ("vat_id", sa.Text()),
        ("iban", sa.Text()),
        ("account_holder", sa.Text()),
        ("mandate_id", sa.Text()),
        ("mandate_signed_on", sa.Text()),
    ),
    "registry_contracts": (
        ("billing", sa.Text()),
        ("payment_method", sa.Text()),
    ),
    "registry_tokens": (("cost_centre", sa.Text()),),
}


def upgrade() -> None:
    for table, columns in ADDED.items():
        for name, type_ in columns:
            op.add_column(table, sa.Column(name, type_, nullable=True))
    op.create_table(
        "registry_plans",
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("monthly_fee", sa.Text(), nullable=False),
        sa.Column("included_kwh", sa.Text(), nullable=False),
        sa.Column("vat_percent", sa.Text(), nullable=True),
        sa.Column("tariff_id", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("plan_id", "version"),
    )
    op.create_table(
        "registry_subscriptions",
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("contract_id", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("subscription_id"),
    )
    op.create_table(
        "registry_site_owners",
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("post_code", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("state_code", sa.Text(), nullable=True),
        sa.Column("country_code", sa.Text(), nullable=True),
        sa.Column("vat_id", sa.Text(), nullable=True),
        sa.Column("iban", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("owner_id"),
    )
    op.create_table(
        "registry_owner_contracts",
        sa.Column("owner_contract_id", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("revenue_share_percent", sa.Text(), nullable=False),
        sa.Column("rent_per_month", sa.Text(), nullable=False),
        sa.Column("vat_percent", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("owner_contract_id"),
    )


def downgrade() -> None:
    for name in ("registry_owner_contracts", "registry_site_owners", "registry_subscriptions", "registry_plans"):
        op.drop_table(name)
    for table, columns in ADDED.items():
        for name, _ in columns:
            op.drop_column(table, name)
