//! The payment provider signs what it sends: HMAC-SHA256 of the raw body, in hexadecimal.

use crate::service::hmac;

pub(super) const HEADER: &str = "x-signature";

pub(super) fn sign(secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hmac::sign(secret, body))
}

pub(super) fn is_valid(secret: &str, body: &[u8], given: &str) -> bool {
    given.strip_prefix("sha256=").is_some_and(|given| hmac::is_valid(secret, body, given))
}

#[cfg(test)]
mod tests {
    use super::{is_valid, sign};

    #[test]
    fn a_signature_names_its_algorithm() {
        let good = sign("k", b"body");
        assert!(is_valid("k", b"body", &good));
        for bad in ["", "sha256=", &good[7..]] {
            assert!(!is_valid("k", b"body", bad), "{bad}");
        }
    }
}
