"""Commands to stations

Revision: 0017, after 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "remote_commands",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in (
                "command_id",
                "station_id",
                "kind",
                "arguments",
                "asked_at",
                "expires_at",
                "asked_by",
                "source",
                "state",
            )
        ),
        *(
            sa.Column(name, sa.Text(), nullable=True)
            for name in ("collector_id", "message_id", "sent_at", "ended_at", "answer", "reason")
        ),
        sa.PrimaryKeyConstraint("command_id"),
    )
    op.create_index("remote_commands_state", "remote_commands", ["state", "station_id"])


def downgrade() -> None:
    op.drop_index("remote_commands_state", "remote_commands")
    op.drop_table("remote_commands")
