DROP INDEX bookings_of_user;
