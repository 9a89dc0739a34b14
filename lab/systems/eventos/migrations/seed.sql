-- Two hundred users, whose passwords are evento1, evento2… What an operator changed stays as it is.
INSERT INTO users (id, email, password_hash)
SELECT 'usuario-' || lpad(n::text, 3, '0'), 'persona' || n || '@eventos.example',
       encode(sha256(convert_to('evento' || n, 'UTF8')), 'hex')
FROM generate_series(1, 200) n
ON CONFLICT DO NOTHING;

INSERT INTO events (name, venue, starts_at, price_cents, capacity, booked) VALUES
    ('Feria del Libro', 'La Rural', '2027-04-22 18:00+00', 1500, 100000, 0),
    ('Festival de Jazz', 'Usina del Arte', '2027-02-13 23:00+00', 12000, 100000, 0),
    ('Maratón de la Ciudad', 'Parque Tres de Febrero', '2027-03-07 10:00+00', 8000, 100000, 0),
    ('Noche de los Museos', 'Museo Sívori', '2027-11-06 22:00+00', 500, 100000, 0),
    ('Función agotada', 'Teatro San Martín', '2027-01-15 23:30+00', 9000, 300, 300)
ON CONFLICT (name) DO NOTHING;
