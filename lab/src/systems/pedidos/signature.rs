//! The payment provider signs what it sends: HMAC-SHA256 of the raw body, in hexadecimal.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub(super) const HEADER: &str = "x-signature";

pub(super) fn sign(secret: &str, body: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = "sha256=".to_owned();
    if let Some(mac) = mac(secret, body) {
        for byte in mac.finalize().into_bytes() {
            let _ = write!(text, "{byte:02x}");
        }
    }
    text
}

/// Compares in constant time, so that a signature cannot be guessed byte by byte.
pub(super) fn is_valid(secret: &str, body: &[u8], given: &str) -> bool {
    let Some(bytes) = given.strip_prefix("sha256=").and_then(from_hex) else {
        return false;
    };
    mac(secret, body).is_some_and(|mac| mac.verify_slice(&bytes).is_ok())
}

fn mac(secret: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    // An HMAC takes keys of any length; the Result is the trait's, for other algorithms.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(body);
    Some(mac)
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
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn only_the_right_signature_is_valid() {
        let good = sign("k", b"body");
        assert!(is_valid("k", b"body", &good));
        for bad in ["", "sha256=", "sha256=zz", "sha256=é", &good[7..], &good[..good.len() - 2]] {
            assert!(!is_valid("k", b"body", bad), "{bad}");
        }
        assert!(!is_valid("other", b"body", &good));
        assert!(!is_valid("k", b"bodY", &good));
    }
}
