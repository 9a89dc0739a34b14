//! What a project's `.env` files tell: which addresses and ports there are. A value is never told. Pure.

use super::folder::Folder;
use super::kinds::Kind;
use sereno_model::redact::dotenv;
use std::collections::BTreeMap;

/// Files of variables that a system is run with, in the order in which a later one wins.
const FILES: [&str; 5] = [".env", ".env.production", ".env.prod", ".env.local", ".env.production.local"];

/// The variables of a project.
#[derive(Debug, Default)]
pub(super) struct Variables {
    /// The files that there are.
    pub(super) files: Vec<String>,
    all: BTreeMap<String, String>,
}

/// A variable that holds the address of something that keeps data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) variable: String,
    pub(super) kind: Kind,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    /// User and password, to ask it; never told.
    pub(super) login: Option<(String, String)>,
    /// The number of the database, for Redis.
    pub(super) database: i64,
}

impl Variables {
    pub(super) fn of(folder: &Folder) -> Self {
        let mut variables = Self::default();
        for file in FILES.iter().filter(|file| folder.has(file)) {
            variables.files.push((*file).to_owned());
            if let Some(text) = folder.text(file) {
                variables.all.extend(dotenv::parse(&text));
            }
        }
        variables
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all.get(name).map(String::as_str)
    }

    /// The addresses of databases, caches and brokers.
    pub(super) fn addresses(&self) -> Vec<Address> {
        let whole = self.all.iter().filter_map(|(name, value)| address(name, value));
        whole.chain(self.all.iter().filter_map(|(name, host)| self.in_parts(name, host))).collect()
    }

    /// An address of which each part is a variable: `REDIS_HOST`, `REDIS_PORT`, `REDIS_PASSWORD`, `REDIS_DB`.
    fn in_parts(&self, name: &str, host: &str) -> Option<Address> {
        let what = name.strip_suffix("_HOST")?;
        let kind = Kind::of_variable(name)?;
        let part = |part: &str| self.get(&format!("{what}_{part}")).map(str::trim).filter(|value| !value.is_empty());
        let user = part("USERNAME").or(part("USER")).unwrap_or_default();
        Some(Address {
            variable: name.to_owned(),
            kind,
            host: host.trim().to_owned(),
            port: part("PORT").and_then(|port| port.parse().ok()),
            login: part("PASSWORD").map(|password| (user.to_owned(), password.to_owned())),
            database: part("DB").and_then(|number| number.parse().ok()).unwrap_or_default(),
        })
    }

    /// Ports on which the system's own programs listen: `PORT`, `API_PORT`, but not those of what keeps data.
    pub(super) fn ports(&self) -> Vec<u16> {
        const OTHERS: [&str; 13] = [
            "DB", "DATABASE", "POSTGRES", "PG", "MYSQL", "MONGO", "REDIS", "RABBIT", "AMQP", "SMTP", "MAIL",
            "MEMCACHE", "SSH",
        ];
        let is_port = |name: &str| name == "PORT" || name.ends_with("_PORT");
        let own = |name: &str| !OTHERS.iter().any(|other| name.contains(other));
        let ports = self.all.iter().filter(|(name, _)| is_port(name) && own(name));
        ports.filter_map(|(_, value)| value.trim().parse().ok()).collect()
    }
}

/// `scheme://user:password@host:port/path`: only what tells where it is.
fn address(name: &str, value: &str) -> Option<Address> {
    let (scheme, rest) = value.trim().split_once("://")?;
    let kind = Kind::of_scheme(scheme)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (login, place) = match authority.rsplit_once('@') {
        Some((login, place)) => (login.split_once(':').map(|(user, password)| (plain(user), plain(password))), place),
        None => (None, authority),
    };
    let path = rest[authority.len()..].trim_start_matches('/');
    let database = path.split(['?', '#']).next().and_then(|number| number.parse().ok()).unwrap_or_default();
    // Of several hosts, the first.
    let place = place.split(',').next().unwrap_or_default();
    let (host, port) = match place.strip_prefix('[').and_then(|open| open.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => place.rsplit_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let port = port.and_then(|port| port.parse().ok());
    Some(Address { variable: name.to_owned(), kind, host: host.to_owned(), port, login, database })
}

/// A part of an address with its `%40` as what they stand for.
fn plain(part: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = code.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'%') {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Variables {
        let root = tempfile::tempdir().expect("a folder");
        std::fs::write(root.path().join(".env"), bytes).expect("a file");
        Variables::of(&Folder::look(root.path()))
    }

    #[test]
    fn addresses_are_told_by_variable_and_never_by_value() {
        let text = "DATABASE_URL=\"postgresql+asyncpg://app:p@ss:word@10.0.0.5:5433/app?x=1\"\nREDIS_URL=redis://cache\nSITE=https://example.com\nPORT=3000\nREDIS_PORT=6380\nADMIN_PORT=9000\nBAD_PORT=99999\n";
        let variables = of(text.as_bytes());
        let told: Vec<_> = variables.addresses().into_iter().map(|a| (a.variable, a.kind, a.host, a.port)).collect();
        let expected = [
            ("DATABASE_URL".to_owned(), Kind::PostgreSql, "10.0.0.5".to_owned(), Some(5433)),
            ("REDIS_URL".to_owned(), Kind::Redis, "cache".to_owned(), None),
        ];
        assert_eq!(told, expected);
        assert_eq!(variables.ports(), [9000, 3000]);
    }

    #[test]
    fn a_login_is_read_for_asking_only() {
        let variables = of(b"REDIS_URL=redis://:p%40ss%3a1@127.0.0.1:6380/2?x=1\n");
        let address = variables.addresses().remove(0);
        assert_eq!((address.login, address.database), (Some((String::new(), "p@ss:1".to_owned())), 2));
    }

    #[test]
    fn an_address_in_parts_is_one_address() {
        let variables =
            of(b"REDIS_HOST=localhost\nREDIS_PORT=6380\nREDIS_PASSWORD=s3cret\nREDIS_DB=2\nSMTP_HOST=mail\n");
        let address = variables.addresses().remove(0);
        assert_eq!((address.variable.as_str(), address.kind, address.port), ("REDIS_HOST", Kind::Redis, Some(6380)));
        assert_eq!((address.login, address.database), (Some((String::new(), "s3cret".to_owned())), 2));
        assert_eq!(variables.addresses().len(), 1);
    }

    #[test]
    fn what_is_no_text_hides_nothing_that_is() {
        let variables = of(b"A=\x01\x02\x1b[2J\nB=\xff\xfe\n\x00\nREDIS_URL=redis://127.0.0.1:6379\n=\n\xc3\n");
        assert_eq!(variables.addresses().len(), 1);
    }
}
