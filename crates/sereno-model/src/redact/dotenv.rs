//! Reads `.env` files: `NAME=value` lines with quotes, `export` and comments, as docker compose, dotenv and bash agree
//! on them. References to other variables stay as they are written.

/// The entries of a `.env` text, in order. What is not an entry is passed over: such files are written by hand, and one
/// bad line must not hide the secrets of the others.
pub fn parse(text: &str) -> Vec<(String, String)> {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let (entry, after) = take_entry(rest);
        entries.extend(entry);
        rest = after;
    }
    entries
}

/// One line, or several when a quoted value goes over them.
fn take_entry(text: &str) -> (Option<(String, String)>, &str) {
    let (line, next) = split_line(text);
    let start = line.trim_start();
    let start = start.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).unwrap_or(start);
    let Some((name, _)) = start.split_once('=').filter(|(name, _)| is_name(name.trim())) else {
        return (None, next);
    };
    // The value is read from the whole text, because quotes may go over the end of the line.
    let offset = line.len() - start.len() + name.len() + 1;
    let value = text.get(offset..).unwrap_or_default().trim_start_matches([' ', '\t']);
    let name = name.trim().to_owned();
    let quoted = match value.chars().next() {
        Some('"') => take_double_quoted(&value[1..]),
        Some('\'') => value[1..].split_once('\'').map(|(inside, after)| (inside.to_owned(), after)),
        _ => None,
    };
    match quoted {
        Some((inside, after)) => (Some((name, inside)), split_line(after).1),
        None => (Some((name, plain_value(split_line(value).0))), next),
    }
}

fn split_line(text: &str) -> (&str, &str) {
    let (line, next) = text.split_once('\n').unwrap_or((text, ""));
    (line.strip_suffix('\r').unwrap_or(line), next)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

/// The inside of double quotes and what follows them; `None` when they are not closed.
fn take_double_quoted(text: &str) -> Option<(String, &str)> {
    let mut inside = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((inside, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => inside.push('\n'),
                'r' => inside.push('\r'),
                't' => inside.push('\t'),
                c @ ('"' | '\\' | '$' | '`') => inside.push(c),
                c => inside.extend(['\\', c]),
            },
            c => inside.push(c),
        }
    }
    None
}

/// A value without quotes ends at a comment, which needs white space before it.
fn plain_value(line: &str) -> String {
    let end = line
        .char_indices()
        .find(|(at, c)| *c == '#' && (*at == 0 || line[..*at].ends_with([' ', '\t'])))
        .map_or(line.len(), |(at, _)| at);
    line[..end].trim().to_owned()
}
