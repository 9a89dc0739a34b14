//! HMAC-SHA256 in hexadecimal, as payment providers sign what they send.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub(crate) fn sign(secret: &str, text: &[u8]) -> String {
    mac(secret, text).map(|mac| hex(&mac.finalize().into_bytes())).unwrap_or_default()
}

/// Compares in constant time, so that a signature cannot be guessed byte by byte.
pub(crate) fn is_valid(secret: &str, text: &[u8], given: &str) -> bool {
    let Some(bytes) = from_hex(given) else {
        return false;
    };
    mac(secret, text).is_some_and(|mac| mac.verify_slice(&bytes).is_ok())
}

fn mac(secret: &str, text: &[u8]) -> Option<Hmac<Sha256>> {
    // An HMAC takes keys of any length; the Result is the trait's, for other algorithms.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(text);
    Some(mac)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::{is_valid, sign};

    #[test]
    fn the_known_answer_of_rfc_4231() {
        assert_eq!(
            sign("Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn only_the_right_signature_is_valid() {
        let good = sign("k", b"body");
        assert!(is_valid("k", b"body", &good));
        for bad in ["", "zz", "é", &good[1..], &good[..good.len() - 2]] {
            assert!(!is_valid("k", b"body", bad), "{bad}");
        }
        assert!(!is_valid("other", b"body", &good));
        assert!(!is_valid("k", b"bodY", &good));
    }
}
