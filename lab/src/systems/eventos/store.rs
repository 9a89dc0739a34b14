//! Users, events and bookings in PostgreSQL.

use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgPool, PgRow};
use sqlx::{AssertSqlSafe, Row};

use super::settings::Settings;
use crate::service::database::{self, ANSWER, StoreError, bounded, sort};

pub(super) struct Store {
    pub(super) pool: PgPool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Event {
    id: i64,
    name: String,
    venue: String,
    starts_at: String,
    price_cents: i64,
    free: i32,
}

#[derive(Debug, Serialize)]
pub(super) struct Booking {
    id: i64,
    event_id: i64,
    user_id: String,
    seats: i32,
    amount_cents: i64,
    status: String,
    created_at: String,
}

pub(super) enum Answer {
    Booked(Booking),
    NoSuchEvent,
    SoldOut,
}

const BOOKING: &str = "id, event_id, user_id, seats, amount_cents, status, \
    to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS created_at";

impl Store {
    pub(super) fn new(settings: &Settings) -> Result<Self, sqlx::Error> {
        let pool = database::pool_of(&settings.database_url, "eventos", settings.pool_size, settings.pool_idle)?;
        Ok(Self { pool })
    }

    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        database::ping(&self.pool).await
    }

    /// The user of an e-mail address, if the password is theirs.
    pub(super) async fn log_in(&self, email: &str, password: &str) -> Result<Option<String>, StoreError> {
        let query = sqlx::query_scalar(
            "SELECT id FROM users WHERE email = $1 AND password_hash = encode(sha256(convert_to($2, 'UTF8')), 'hex')",
        );
        bounded(ANSWER, query.bind(email).bind(password).fetch_optional(&self.pool)).await
    }

    pub(super) async fn knows(&self, user_id: &str) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM users WHERE id = $1)").bind(user_id);
        bounded(ANSWER, query.fetch_one(&self.pool)).await
    }

    /// Every user with the number of their bookings.
    pub(super) async fn users(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let query = sqlx::query_as(
            "SELECT u.id, (SELECT count(*) FROM bookings b WHERE b.user_id = u.id) FROM users u ORDER BY u.id",
        );
        bounded(ANSWER, query.fetch_all(&self.pool)).await
    }

    pub(super) async fn events(&self) -> Result<Vec<Event>, StoreError> {
        let query = sqlx::query(
            "SELECT id, name, venue, to_char(starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
             AS starts_at, price_cents, capacity - booked AS free FROM events ORDER BY id",
        );
        let rows = bounded(ANSWER, query.fetch_all(&self.pool)).await?;
        rows.iter().map(event).collect::<Result<_, _>>().map_err(|error| sort(&error))
    }

    /// The free seats of each event, counted one by one.
    pub(super) async fn free_seats(&self) -> Result<Vec<(i64, i64)>, StoreError> {
        let query = sqlx::query_as(
            "SELECT e.id, count(*) FROM events e CROSS JOIN LATERAL generate_series(1, e.capacity) seat \
             WHERE seat > e.booked GROUP BY e.id ORDER BY e.id",
        );
        bounded(ANSWER, query.fetch_all(&self.pool)).await
    }

    pub(super) async fn bookings(&self, user_id: &str) -> Result<Vec<Booking>, StoreError> {
        let sql = format!("SELECT {BOOKING} FROM bookings WHERE user_id = $1 ORDER BY id DESC LIMIT 50");
        let query = sqlx::query(AssertSqlSafe(sql)).bind(user_id);
        let rows = bounded(ANSWER, query.fetch_all(&self.pool)).await?;
        rows.iter().map(booking).collect::<Result<_, _>>().map_err(|error| sort(&error))
    }

    pub(super) async fn booking(&self, user_id: &str, id: i64) -> Result<Option<Booking>, StoreError> {
        let sql = format!("SELECT {BOOKING} FROM bookings WHERE id = $1 AND user_id = $2");
        let query = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(user_id);
        let row = bounded(ANSWER, query.fetch_optional(&self.pool)).await?;
        row.as_ref().map(booking).transpose().map_err(|error| sort(&error))
    }

    pub(super) async fn book(&self, user_id: &str, event_id: i64, seats: i32) -> Result<Answer, StoreError> {
        let work = async {
            let mut transaction = self.pool.begin().await?;
            let taken = "UPDATE events SET booked = booked + $2 WHERE id = $1 AND booked + $2 <= capacity \
                         RETURNING price_cents";
            let price: Option<i64> =
                sqlx::query_scalar(taken).bind(event_id).bind(seats).fetch_optional(&mut *transaction).await?;
            let Some(price) = price else {
                let known = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM events WHERE id = $1)").bind(event_id);
                let known: bool = known.fetch_one(&mut *transaction).await?;
                return Ok(if known { Answer::SoldOut } else { Answer::NoSuchEvent });
            };
            let sql = format!(
                "INSERT INTO bookings (event_id, user_id, seats, amount_cents) VALUES ($1, $2, $3, $4) RETURNING {BOOKING}"
            );
            let query = sqlx::query(AssertSqlSafe(sql)).bind(event_id).bind(user_id).bind(seats);
            let row = query.bind(price * i64::from(seats)).fetch_one(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(Answer::Booked(booking(&row)?))
        };
        bounded(ANSWER, work).await
    }

    /// Gives the seats back; none if the user has no such booking that holds.
    pub(super) async fn cancel(&self, user_id: &str, id: i64) -> Result<Option<Booking>, StoreError> {
        let work = async {
            let mut transaction = self.pool.begin().await?;
            let sql = format!(
                "UPDATE bookings SET status = 'cancelled' WHERE id = $1 AND user_id = $2 AND status = 'confirmed' \
                 RETURNING {BOOKING}"
            );
            let row = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(user_id).fetch_optional(&mut *transaction).await?;
            let Some(row) = row else {
                return Ok(None);
            };
            let found = booking(&row)?;
            let back = sqlx::query("UPDATE events SET booked = booked - $2 WHERE id = $1");
            back.bind(found.event_id).bind(found.seats).execute(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(Some(found))
        };
        bounded(ANSWER, work).await
    }
}

fn event(row: &PgRow) -> Result<Event, sqlx::Error> {
    Ok(Event {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        venue: row.try_get("venue")?,
        starts_at: row.try_get("starts_at")?,
        price_cents: row.try_get("price_cents")?,
        free: row.try_get("free")?,
    })
}

fn booking(row: &PgRow) -> Result<Booking, sqlx::Error> {
    Ok(Booking {
        id: row.try_get("id")?,
        event_id: row.try_get("event_id")?,
        user_id: row.try_get("user_id")?,
        seats: row.try_get("seats")?,
        amount_cents: row.try_get("amount_cents")?,
        status: row.try_get("status")?,
        created_at: row.try_get("created_at")?,
    })
}
