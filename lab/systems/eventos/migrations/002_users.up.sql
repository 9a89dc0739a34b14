CREATE TABLE users (
    id            text PRIMARY KEY CHECK (id ~ '^[a-z0-9-]{1,40}$'),
    email         text NOT NULL UNIQUE,
    password_hash text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);
