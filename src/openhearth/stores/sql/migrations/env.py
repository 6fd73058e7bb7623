"""What alembic runs around the migrations: on the connection it is handed, in the transaction already open."""

from alembic import context

from openhearth.stores.sql.all_tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
context.run_migrations()
