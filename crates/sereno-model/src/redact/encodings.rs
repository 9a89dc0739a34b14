//! The forms in which programs print a value: as it is, in base64, URL-encoded, escaped for JSON or for a shell.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Longer forms are looked for in pieces of this size, so that a stream never holds back more than this.
const PIECE: usize = 4096;
/// Pieces of base64 shorter than this would be found in ordinary text.
const SHORTEST_BASE64: usize = 7;
/// The shortest line of a value of several lines that is looked for by itself.
const SHORTEST_LINE: usize = 12;

/// Every form of `value`, without repetition.
pub(super) fn forms(value: &str) -> Vec<Vec<u8>> {
    let mut forms = BTreeSet::new();
    let trimmed = value.trim();
    for value in [value, trimmed] {
        for form in text_forms(value) {
            add(&mut forms, form.into_bytes(), 4);
        }
        for form in base64_forms(value.as_bytes()) {
            add(&mut forms, form, SHORTEST_BASE64);
        }
        // A program that speaks Latin-1 prints other bytes, and whoever shows them as UTF-8 a third text.
        if let Some(latin1) = latin1(value) {
            add(&mut forms, String::from_utf8_lossy(&latin1).into_owned().into_bytes(), 4);
            add(&mut forms, latin1, 4);
        }
        add(&mut forms, hex(value.as_bytes()).into_bytes(), SHORTEST_BASE64);
        add(&mut forms, hex(value.as_bytes()).to_uppercase().into_bytes(), SHORTEST_BASE64);
    }
    if trimmed.contains('\n') {
        for line in trimmed.lines().map(str::trim).filter(|line| !line.starts_with("-----")) {
            add(&mut forms, line.as_bytes().to_vec(), SHORTEST_LINE);
        }
    }
    forms.into_iter().collect()
}

fn add(forms: &mut BTreeSet<Vec<u8>>, form: Vec<u8>, shortest: usize) {
    if form.len() < shortest {
        return;
    }
    if form.len() <= PIECE {
        forms.insert(form);
        return;
    }
    let mut rest = form.as_slice();
    while rest.len() > PIECE {
        // The last two pieces share what is left, so that none is too short to be told.
        let cut = if rest.len() < 2 * PIECE { rest.len() / 2 } else { PIECE };
        let (piece, after) = rest.split_at(cut);
        forms.insert(piece.to_vec());
        rest = after;
    }
    forms.insert(rest.to_vec());
}

/// The bytes of a value in Latin-1, where they are not those of UTF-8 and all of it can be said in it.
fn latin1(value: &str) -> Option<Vec<u8>> {
    let bytes: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    bytes.filter(|_| !value.is_ascii())
}

fn text_forms(value: &str) -> Vec<String> {
    let json = json_escaped(value, |_| false);
    let upper = percent_encoded(value, b"-._~");
    vec![
        value.to_owned(),
        value.replace('\n', "\r\n"),
        json.replace('/', "\\/"),
        json_escaped(value, |c| matches!(c, '<' | '>' | '&' | '\'')),
        json_escaped(value, |c| !c.is_ascii()),
        json_escaped(&json, |_| false),
        json,
        lower_hex_of_percent(&upper),
        upper.replace("%20", "+"),
        upper,
        percent_encoded(value, b"-._~!*'()"),
        percent_encoded(value, b"-._~!*'();/?:@&=+$,#"),
        value.replace('\'', "'\\''"),
        backslashed(value),
        html_escaped(value),
    ]
}

fn json_escaped(value: &str, also: impl Fn(char) -> bool) -> String {
    let mut text = String::with_capacity(value.len() + 8);
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            c if c.is_control() || also(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
            c => text.push(c),
        }
    }
    text
}

fn percent_encoded(value: &str, kept: &[u8]) -> String {
    let mut text = String::with_capacity(value.len() * 3);
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            text.push(byte as char);
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// `%2F` as `%2f`.
fn lower_hex_of_percent(encoded: &str) -> String {
    let mut text = String::with_capacity(encoded.len());
    let mut digits = 0;
    for c in encoded.chars() {
        text.push(if digits > 0 { c.to_ascii_lowercase() } else { c });
        digits = if c == '%' { 2 } else { usize::saturating_sub(digits, 1) };
    }
    text
}

/// As `printf %q` writes it.
fn backslashed(value: &str) -> String {
    let mut text = String::with_capacity(value.len() * 2);
    for c in value.chars() {
        if c.is_ascii() && !c.is_ascii_alphanumeric() && !"-_./:=@%+,".contains(c) {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

fn html_escaped(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What any base64 text that holds `bytes` contains, wherever in it they stand: three alignments, two alphabets, and the
/// lines into which tools break a text that begins with them.
fn base64_forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut forms = Vec::new();
    for alphabet in [STANDARD, URL_SAFE] {
        for offset in 0..3 {
            forms.push(base64_core(bytes, offset, alphabet));
        }
    }
    let whole = base64_core(bytes, 0, STANDARD);
    for width in [64, 76] {
        if whole.len() > width {
            forms.extend(whole.chunks(width).map(<[u8]>::to_vec));
        }
    }
    forms
}

/// The digits that `bytes` alone decide when they stand `offset` bytes into a group of three.
fn base64_core(bytes: &[u8], offset: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let mut digits = Vec::with_capacity(bytes.len() * 4 / 3 + 4);
    let mut bits: u32 = 0;
    let mut count = 0;
    // The digits that the bytes before take part in are left out: one for each byte of offset, and the shared one.
    let mut skip = if offset == 0 { 0 } else { offset + 1 };
    for byte in std::iter::repeat_n(&0, offset).chain(bytes) {
        bits = (bits << 8) | u32::from(*byte);
        count += 8;
        while count >= 6 {
            count -= 6;
            let digit = alphabet[((bits >> count) & 63) as usize];
            if skip > 0 {
                skip -= 1;
            } else {
                digits.push(digit);
            }
        }
    }
    digits
}
