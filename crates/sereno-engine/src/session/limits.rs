//! Resource limits (`ulimit`) as a step left them.

/// A limit as `/proc/PID/limits` names it, its letter for `ulimit`, and how many of its units make one of `ulimit`'s.
const LIMITS: [(&str, char, u64); 16] = [
    ("Max cpu time", 't', 1),
    ("Max file size", 'f', 1024),
    ("Max data size", 'd', 1024),
    ("Max stack size", 's', 1024),
    ("Max core file size", 'c', 1024),
    ("Max resident set", 'm', 1024),
    ("Max processes", 'u', 1),
    ("Max open files", 'n', 1),
    ("Max locked memory", 'l', 1024),
    ("Max address space", 'v', 1024),
    ("Max file locks", 'x', 1),
    ("Max pending signals", 'i', 1),
    ("Max msgqueue size", 'q', 1),
    ("Max nice priority", 'e', 1),
    ("Max realtime priority", 'r', 1),
    ("Max realtime timeout", 'R', 1),
];

/// The commands that turn the limits `now` into `wanted`; none when they are the same.
pub(super) fn commands(now: &str, wanted: &str) -> String {
    use std::fmt::Write as _;
    let mut commands = String::new();
    for (name, letter, unit) in LIMITS {
        let (Some(now), Some(wanted)) = (find(now, name), find(wanted, name)) else {
            continue;
        };
        for (kind, now, wanted) in [('S', now.0, wanted.0), ('H', now.1, wanted.1)] {
            if now != wanted {
                let value = wanted.parse::<u64>().map_or_else(|_| wanted.to_owned(), |n| (n / unit).to_string());
                // Writing to a String cannot fail.
                let _ = writeln!(commands, "ulimit -{kind} -{letter} {value}");
            }
        }
    }
    commands
}

/// The soft and the hard limit.
fn find<'t>(table: &'t str, name: &str) -> Option<(&'t str, &'t str)> {
    let rest = table.lines().find_map(|line| line.strip_prefix(name))?;
    let mut words = rest.split_whitespace();
    Some((words.next()?, words.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_set() {
        let before = "Limit  Soft  Hard  Units\nMax open files            1024                 4096                 files\nMax core file size        unlimited            unlimited            bytes\n";
        let after = "Max open files            256                 4096                 files\nMax core file size        2048            unlimited            bytes\n";
        assert_eq!(commands(before, before), "");
        assert_eq!(commands(before, after), "ulimit -S -c 2\nulimit -S -n 256\n");
    }
}
