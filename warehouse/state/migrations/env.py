"""Alembic's entry: runs the migrations on the connection handed in by `open_state`."""

from alembic import context

from warehouse.state.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    render_as_batch=True,  # SQLite cannot alter columns in place
)
with context.begin_transaction():
    context.run_migrations()
