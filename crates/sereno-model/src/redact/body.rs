//! How far a secret reaches, once its beginning was recognised.

/// What the secret part of a shape is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// Letters, digits, `_` and `-`.
    Token,
    /// A token that may hold `.`, `+`, `/`, `=`, `~`: base64, JWT, header values.
    Dotted,
    /// Like `Dotted`, and `:`: the path of a webhook, the token of a Telegram bot.
    Path,
    /// A word of a shell: up to white space or the end of the quotes that it begins with.
    Word,
    /// The rest of single quotes.
    Quoted,
    /// The password of an address: up to the last `@` before its path.
    UrlPassword,
    /// The inside of a PEM block.
    Pem,
}

/// Where the secret part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The bytes ended before anything said that the secret did.
    pub(super) open: bool,
}

/// How many bytes of an unfinished secret a stream keeps before it decides.
pub(super) const LONGEST_OPEN: usize = 4096;
/// How many bytes after `-----BEGIN … PRIVATE KEY-----` count as the key when its end never comes.
const LONGEST_PEM: usize = 16 * 1024;

impl Body {
    /// The extent of the secret that begins at `start`; `None` when there is none after all. `ended` says that nothing
    /// follows the bytes.
    pub(super) fn extent(self, bytes: &[u8], start: usize, ended: bool) -> Option<Extent> {
        match self {
            Self::Token => Some(run(bytes, start, is_token)),
            Self::Dotted => Some(run(bytes, start, is_dotted)),
            Self::Path => Some(run(bytes, start, |byte| is_dotted(byte) || byte == b':')),
            Self::Word => Some(word(bytes, start)),
            Self::Quoted => Some(run(bytes, start, in_single_quotes)),
            Self::UrlPassword => url_password(bytes, start, ended),
            Self::Pem => Some(pem(bytes, start)),
        }
    }

    /// Whether `byte` goes on with a secret that was so long that its beginning is already hidden.
    pub(super) fn goes_on(self, byte: u8) -> bool {
        match self {
            Self::Token => is_token(byte),
            Self::Dotted => is_dotted(byte),
            Self::Path => is_dotted(byte) || byte == b':',
            Self::Word => !ends_word(byte),
            Self::Quoted => in_single_quotes(byte),
            // The lines of the key, also where they are written as `\\n` inside of a string.
            Self::Pem => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\n' | b'\r' | b'\\'),
            Self::UrlPassword => false,
        }
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn is_dotted(byte: u8) -> bool {
    is_token(byte) || matches!(byte, b'.' | b'+' | b'/' | b'=' | b'~' | b'%')
}

fn in_single_quotes(byte: u8) -> bool {
    !matches!(byte, b'\'' | b'\n')
}

fn ends_word(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'&' | b';' | b'|' | b'<' | b'>')
}

fn run(bytes: &[u8], start: usize, is_in: impl Fn(u8) -> bool) -> Extent {
    let length = bytes[start..].iter().take_while(|byte| is_in(**byte)).count();
    let end = start + length;
    Extent { start, end, open: end == bytes.len() }
}

fn word(bytes: &[u8], start: usize) -> Extent {
    let rest = &bytes[start..];
    match rest {
        [] => Extent { start, end: start, open: true },
        // JSON inside of a string: `{\"password\":\"…\"}`.
        [b'\\', b'"', ..] => run(bytes, start + 2, |byte| !matches!(byte, b'\\' | b'"' | b'\n')),
        [b'\\'] => Extent { start, end: start + 1, open: true },
        [b'"', ..] => double_quoted(bytes, start + 1),
        [b'\'', ..] => run(bytes, start + 1, in_single_quotes),
        _ => run(bytes, start, |byte| !ends_word(byte)),
    }
}

fn double_quoted(bytes: &[u8], start: usize) -> Extent {
    let mut escaped = false;
    let mut end = start;
    for &byte in &bytes[start..] {
        if !escaped && matches!(byte, b'"' | b'\n') {
            return Extent { start, end, open: false };
        }
        escaped = !escaped && byte == b'\\';
        end += 1;
    }
    Extent { start, end, open: true }
}

fn url_password(bytes: &[u8], start: usize, ended: bool) -> Option<Extent> {
    let whole = run(bytes, start, |byte| {
        !byte.is_ascii_whitespace() && !matches!(byte, b'/' | b'"' | b'\'' | b'`' | b'<' | b'>')
    });
    if whole.open && !ended {
        // `@` may be here already, but a later one would make more of this the password.
        return Some(whole);
    }
    let at = bytes[start..whole.end].iter().rposition(|byte| *byte == b'@')?;
    Some(Extent { start, end: start + at, open: false })
}

fn pem(bytes: &[u8], start: usize) -> Extent {
    const END: &[u8] = b"-----END";
    let rest = &bytes[start..];
    let within = &rest[..rest.len().min(LONGEST_PEM)];
    match within.windows(END.len()).position(|window| window == END) {
        Some(at) => Extent { start, end: start + at, open: false },
        None => Extent { start, end: start + within.len(), open: rest.len() < LONGEST_PEM },
    }
}
