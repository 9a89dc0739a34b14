CREATE TABLE draws (
    id          bigint PRIMARY KEY,
    name        text NOT NULL,
    price_cents bigint NOT NULL CHECK (price_cents > 0),
    draws_at    timestamptz NOT NULL
);
CREATE TABLE tickets (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id      text NOT NULL REFERENCES users (id),
    draw_id      bigint NOT NULL REFERENCES draws (id),
    numbers      text NOT NULL,
    amount_cents bigint NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tickets_of_user ON tickets (user_id, id DESC);
