-- The users and draws of the examples. What an operator changed about them stays as it is.
INSERT INTO users (id, name, email)
SELECT 'usuario-' || lpad(n::text, 3, '0'), 'Usuario ' || n, 'usuario' || n || '@lotolink.example'
FROM generate_series(1, 50) AS n
ON CONFLICT DO NOTHING;
INSERT INTO wallets (user_id, balance_cents) SELECT id, 1000000 FROM users ON CONFLICT DO NOTHING;
INSERT INTO draws (id, name, price_cents, draws_at) VALUES
    (1, 'Loto del miércoles', 250, date_trunc('day', now()) + interval '3 days 21 hours'),
    (2, 'Loto del sábado', 300, date_trunc('day', now()) + interval '6 days 21 hours'),
    (3, 'Sorteo de fin de mes', 500, date_trunc('month', now()) + interval '1 month')
ON CONFLICT (id) DO NOTHING;
