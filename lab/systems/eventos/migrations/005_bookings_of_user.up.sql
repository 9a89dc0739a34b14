CREATE INDEX bookings_of_user ON bookings (user_id, id DESC);
