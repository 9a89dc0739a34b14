-- The provider may announce a payment more than once; its event id books it once.
CREATE TABLE payments (
    event_id     text PRIMARY KEY,
    order_id     bigint NOT NULL REFERENCES orders (id),
    amount_cents bigint NOT NULL,
    received_at  timestamptz NOT NULL DEFAULT now()
);
