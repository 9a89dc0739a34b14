CREATE TABLE users (
    id         text PRIMARY KEY,
    name       text NOT NULL,
    email      text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE wallets (
    user_id       text PRIMARY KEY REFERENCES users (id),
    balance_cents bigint NOT NULL DEFAULT 0 CHECK (balance_cents >= 0),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
-- The reference says what a movement is for, and books it once.
CREATE TABLE wallet_movements (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id      text NOT NULL REFERENCES users (id),
    amount_cents bigint NOT NULL,
    reference    text NOT NULL UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX wallet_movements_of_user ON wallet_movements (user_id, id DESC);
