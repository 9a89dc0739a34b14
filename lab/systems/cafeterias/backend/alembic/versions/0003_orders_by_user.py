"""Orders are looked up by tenant and by user, newest first."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE INDEX orders_by_tenant ON orders (tenant_id, created_at DESC)")
    op.execute("CREATE INDEX orders_by_user ON orders (user_id, created_at DESC)")


def downgrade() -> None:
    op.execute("DROP INDEX orders_by_user")
    op.execute("DROP INDEX orders_by_tenant")
