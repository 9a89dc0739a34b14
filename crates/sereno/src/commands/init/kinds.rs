//! Databases, caches and queues by what names them: an image, a command, a port, an address.

use serde::Serialize;

/// What keeps data for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    PostgreSql,
    MySql,
    MongoDb,
    Redis,
    RabbitMq,
    Memcached,
    Elasticsearch,
}

/// A kind's name, the names of its images and programs, its usual port, the schemes of its addresses.
type Known = (Kind, &'static str, &'static [&'static str], &'static [u16], &'static [&'static str]);

const KINDS: &[Known] = &[
    (
        Kind::PostgreSql,
        "PostgreSQL",
        &["postgres", "postgresql", "postgis", "pgvector", "timescaledb"],
        &[5432],
        &["postgres", "postgresql", "postgis"],
    ),
    (
        Kind::MySql,
        "MySQL",
        &["mysql", "mysqld", "mariadb", "mariadbd", "percona"],
        &[3306],
        &["mysql", "mariadb", "mysql2"],
    ),
    (Kind::MongoDb, "MongoDB", &["mongo", "mongod", "mongodb"], &[27017], &["mongodb", "mongodb+srv"]),
    (
        Kind::Redis,
        "Redis",
        &["redis", "redis-server", "redis-stack", "valkey", "valkey-server", "keydb", "dragonfly"],
        &[6379],
        &["redis", "rediss", "valkey"],
    ),
    (Kind::RabbitMq, "RabbitMQ", &["rabbitmq", "rabbitmq-server"], &[5672], &["amqp", "amqps"]),
    (Kind::Memcached, "Memcached", &["memcached"], &[11211], &["memcached"]),
    (Kind::Elasticsearch, "Elasticsearch", &["elasticsearch", "opensearch"], &[9200], &[]),
];

impl Kind {
    pub(super) fn name(self) -> &'static str {
        KINDS.iter().find(|known| known.0 == self).map_or("?", |known| known.1)
    }

    /// By an image (`registry/team/postgres:16`) or a program (`/usr/bin/redis-server`).
    pub(super) fn of_program(text: &str) -> Option<Self> {
        let last = text.rsplit('/').next().unwrap_or(text);
        let name = last.split([':', '@']).next().unwrap_or(last);
        KINDS.iter().find(|known| known.2.contains(&name)).map(|known| known.0)
    }

    pub(super) fn of_port(port: u16) -> Option<Self> {
        KINDS.iter().find(|known| known.3.contains(&port)).map(|known| known.0)
    }

    /// By a variable that says in its name of what it tells the place: `REDIS_HOST`, `POSTGRES_URL`.
    pub(super) fn of_variable(name: &str) -> Option<Self> {
        let (what, part) = name.rsplit_once('_')?;
        let words = || what.split('_');
        let is = |kind: Self, names: &[&str]| words().any(|word| names.contains(&word)).then_some(kind);
        if !matches!(part, "HOST" | "HOSTNAME" | "URL" | "URI" | "ADDR" | "ADDRESS" | "DSN" | "SERVER" | "SERVERS") {
            return None;
        }
        is(Self::PostgreSql, &["POSTGRES", "POSTGRESQL", "PG"])
            .or_else(|| is(Self::MySql, &["MYSQL", "MARIADB"]))
            .or_else(|| is(Self::MongoDb, &["MONGO", "MONGODB"]))
            .or_else(|| is(Self::Redis, &["REDIS", "VALKEY"]))
            .or_else(|| is(Self::RabbitMq, &["RABBITMQ", "AMQP"]))
            .or_else(|| is(Self::Memcached, &["MEMCACHED", "MEMCACHE"]))
            .or_else(|| is(Self::Elasticsearch, &["ELASTICSEARCH", "ELASTIC", "OPENSEARCH"]))
    }

    /// By the scheme of an address; `postgresql+asyncpg` is one too.
    pub(super) fn of_scheme(scheme: &str) -> Option<Self> {
        let scheme = scheme.to_ascii_lowercase();
        let plain =
            if scheme == "mongodb+srv" { scheme.as_str() } else { scheme.split('+').next().unwrap_or_default() };
        KINDS.iter().find(|known| known.4.contains(&plain)).map(|known| known.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_data_is_known_by_its_image_its_port_and_its_address() {
        assert_eq!(Kind::of_program("ghcr.io/x/postgres:16-alpine"), Some(Kind::PostgreSql));
        assert_eq!(Kind::of_program("redis@sha256:00"), Some(Kind::Redis));
        assert_eq!(Kind::of_program("postgres-exporter"), None);
        assert_eq!(Kind::of_port(6379), Some(Kind::Redis));
        assert_eq!(Kind::of_scheme("postgresql+asyncpg"), Some(Kind::PostgreSql));
        assert_eq!(Kind::of_scheme("mongodb+srv"), Some(Kind::MongoDb));
        assert_eq!(Kind::of_scheme("https"), None);
        assert_eq!(Kind::of_variable("QUEUE_REDIS_HOST"), Some(Kind::Redis));
        assert_eq!(Kind::of_variable("PGHOST"), None);
        assert_eq!(Kind::of_variable("REDIS_PASSWORD"), None);
        assert_eq!(Kind::of_variable("PREDISPOSED_URL"), None);
    }
}
