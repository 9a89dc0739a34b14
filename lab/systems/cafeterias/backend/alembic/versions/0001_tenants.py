"""Tenants and their users."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE tenants (
            id serial PRIMARY KEY,
            slug text NOT NULL UNIQUE,
            name text NOT NULL,
            active boolean NOT NULL DEFAULT true
        )""")
    op.execute("""
        CREATE TABLE users (
            id serial PRIMARY KEY,
            tenant_id integer NOT NULL REFERENCES tenants,
            email text NOT NULL UNIQUE,
            password_hash text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        )""")


def downgrade() -> None:
    op.execute("DROP TABLE users")
    op.execute("DROP TABLE tenants")
