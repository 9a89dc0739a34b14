CREATE TABLE tenants (
    id         text PRIMARY KEY CHECK (id ~ '^[a-z0-9-]{1,40}$'),
    name       text NOT NULL,
    active     boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);
