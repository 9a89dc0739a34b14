//! Stripe signs what it sends: `t=TIME,v1=HMAC-SHA256("TIME.BODY")`, and an old signature is worth nothing.

use crate::service::hmac;

pub(super) const HEADER: &str = "stripe-signature";

/// How far apart the two clocks may be.
const TOLERANCE: u64 = 300;

pub(super) fn sign(secret: &str, body: &str, at: u64) -> String {
    format!("t={at},v1={}", hmac::sign(secret, format!("{at}.{body}").as_bytes()))
}

pub(super) fn check(secret: &str, body: &[u8], given: &str, now: u64) -> Result<(), &'static str> {
    let parts: Vec<(&str, &str)> = given.split(',').filter_map(|part| part.trim().split_once('=')).collect();
    let Some(at) = parts.iter().filter(|(name, _)| *name == "t").find_map(|(_, at)| at.parse::<u64>().ok()) else {
        return Err("no time in the signature");
    };
    let signed = [format!("{at}.").as_bytes(), body].concat();
    // While a secret is being changed, there are two signatures.
    if !parts.iter().any(|(name, signature)| *name == "v1" && hmac::is_valid(secret, &signed, signature)) {
        return Err("no signature matches the configured secret");
    }
    if now.abs_diff(at) > TOLERANCE {
        return Err("the signature is too old or from the future");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{check, sign};

    #[test]
    fn only_a_fresh_signature_with_the_right_secret_is_taken() {
        let good = sign("whsec_a", "{}", 1000);
        let old = good.strip_prefix("t=1000").unwrap();
        for (given, now, taken) in [
            (good.as_str(), 1000, true),
            (good.as_str(), 1300, true),
            (good.as_str(), 1301, false),
            (good.as_str(), 600, false),
            (&format!("t=1000,v1=00{old}"), 1000, true),
            (&format!("t=1001{old}"), 1001, false),
            ("v1=00", 1000, false),
            ("t=x,v1=", 1000, false),
            ("", 1000, false),
        ] {
            assert_eq!(check("whsec_a", b"{}", given, now).is_ok(), taken, "{given} at {now}");
        }
        assert!(check("whsec_b", b"{}", &good, 1000).is_err());
        assert!(check("whsec_a", b"{ }", &good, 1000).is_err());
    }
}
