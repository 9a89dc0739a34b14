//! Kubernetes' amounts: `500m`, `1.5`, `128Mi`, `1e3`, `12345678n`.

/// Thousandths of a processor, rounded up.
pub(super) fn millis(text: &str) -> Option<u64> {
    scaled(text, 3)
}

/// Bytes, rounded up.
pub(super) fn bytes(text: &str) -> Option<u64> {
    scaled(text, 0)
}

/// The amount times ten to a power. What is below nothing, or beyond what can be counted, is no amount.
fn scaled(text: &str, power: i32) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-'))).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let factor = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024.0_f64.powi(2),
        "Gi" => 1024.0_f64.powi(3),
        "Ti" => 1024.0_f64.powi(4),
        "Pi" => 1024.0_f64.powi(5),
        "Ei" => 1024.0_f64.powi(6),
        exponent => 10.0_f64.powi(exponent.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    // What falls short of a whole by less than a millionth is the fault of binary fractions.
    let value = (number * factor * 10.0_f64.powi(power) - 1e-6).ceil();
    (value.is_finite() && (0.0..1.8e19).contains(&value)).then_some(value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_kubernetes_writes_them() {
        for (text, amount) in [
            ("500m", Some(500)),
            ("0.5", Some(500)),
            ("2", Some(2000)),
            ("1500000n", Some(2)),
            ("0", Some(0)),
            ("", None),
            ("x", None),
            ("-1", None),
            ("1x", None),
            ("9e99", None),
        ] {
            assert_eq!(millis(text), amount, "{text}");
        }
        for (text, amount) in [
            ("128Mi", Some(128 << 20)),
            ("1G", Some(1_000_000_000)),
            ("1e3", Some(1000)),
            ("1.5Gi", Some(1_610_612_736)),
            ("64k", Some(64_000)),
            ("134217728", Some(128 << 20)),
            ("134217728000m", Some(128 << 20)),
        ] {
            assert_eq!(bytes(text), amount, "{text}");
        }
    }
}
