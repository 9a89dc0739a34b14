CREATE TABLE bookings (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id     bigint NOT NULL REFERENCES events (id),
    user_id      text NOT NULL REFERENCES users (id),
    seats        integer NOT NULL CHECK (seats BETWEEN 1 AND 10),
    amount_cents bigint NOT NULL,
    status       text NOT NULL DEFAULT 'confirmed' CHECK (status IN ('confirmed', 'cancelled', 'archived')),
    created_at   timestamptz NOT NULL DEFAULT now()
);
