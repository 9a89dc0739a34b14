"""Orders, what was paid for them, and what that made a day."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE orders (
            id bigserial PRIMARY KEY,
            tenant_id integer NOT NULL REFERENCES tenants,
            user_id integer REFERENCES users,
            description text NOT NULL,
            amount_cents bigint NOT NULL CHECK (amount_cents > 0),
            status text NOT NULL DEFAULT 'pending',
            created_at timestamptz NOT NULL DEFAULT now()
        )""")
    op.execute("""
        CREATE TABLE payments (
            order_id bigint PRIMARY KEY REFERENCES orders,
            provider_id text NOT NULL,
            amount_cents bigint NOT NULL,
            paid_at timestamptz NOT NULL DEFAULT now()
        )""")
    op.execute("""
        CREATE TABLE receipts (
            order_id bigint PRIMARY KEY REFERENCES orders,
            text text NOT NULL
        )""")
    op.execute("""
        CREATE TABLE revenue (
            tenant_id integer NOT NULL REFERENCES tenants,
            day date NOT NULL,
            orders bigint NOT NULL,
            amount_cents bigint NOT NULL,
            PRIMARY KEY (tenant_id, day)
        )""")


def downgrade() -> None:
    for table in ("revenue", "receipts", "payments", "orders"):
        op.execute(f"DROP TABLE {table}")
