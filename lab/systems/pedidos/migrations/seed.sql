-- The tenants of the examples. What an operator changed about them stays as it is.
INSERT INTO tenants (id, name, active) VALUES
    ('abc123', 'Café del Puerto', true),
    ('ferre-norte', 'Ferretería Norte', true),
    ('libreria-luna', 'Librería Luna', true),
    ('tienda-sur', 'Tienda Sur', true),
    ('zapatos-viejos', 'Zapatos Viejos', false)
ON CONFLICT (id) DO NOTHING;
