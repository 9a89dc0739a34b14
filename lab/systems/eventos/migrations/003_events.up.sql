CREATE TABLE events (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    venue       text NOT NULL,
    starts_at   timestamptz NOT NULL,
    price_cents bigint NOT NULL CHECK (price_cents > 0),
    capacity    integer NOT NULL,
    booked      integer NOT NULL DEFAULT 0 CHECK (booked BETWEEN 0 AND capacity)
);
