//! Who a person is: what the operating system proves, never a flag.

use crate::plan::KnownPerson;
use crate::run::Person;
use std::fs;

/// The user that this process belongs to. A login that went through `sudo` keeps its login uid, so that two people who
/// both become root are still two people.
pub fn os_user() -> String {
    // Whoever makes a user namespace chooses the numbers in it: there a uid proves nothing.
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    if map.split_whitespace().ne(["0", "0", "4294967295"]) {
        return format!("uid-{}@namespace", rustix::process::getuid().as_raw());
    }
    let login = fs::read_to_string("/proc/self/loginuid").ok().and_then(|text| text.trim().parse::<u32>().ok());
    let uid = match login {
        Some(uid) if uid != u32::MAX => uid,
        _ => rustix::process::getuid().as_raw(),
    };
    name_of(uid)
}

fn name_of(uid: u32) -> String {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    passwd
        .lines()
        .find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
        })
        .unwrap_or_else(|| format!("uid-{uid}"))
}

/// This process's person, under the name that the team gave to the OS user, if it did.
pub fn person(people: &[KnownPerson]) -> Person {
    let user = os_user();
    let known = people.iter().find(|person| person.os_user == user);
    let name = known.map_or_else(|| user.clone(), |person| person.name.clone());
    Person { name, how: format!("os-user:{user}") }
}
