-- Stripe may send an event more than once; its id books it once.
CREATE TABLE webhook_events (
    id           text PRIMARY KEY,
    event_type   text NOT NULL,
    status       text NOT NULL DEFAULT 'received' CHECK (status IN ('received', 'processed', 'failed')),
    payload      jsonb NOT NULL,
    attempts     integer NOT NULL DEFAULT 0,
    error        text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    processed_at timestamptz
);
CREATE INDEX webhook_events_by_status ON webhook_events (status, created_at DESC);
