//! Spans of time as people write them.

use crate::text::fold;

/// A number with its unit of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Duration {
    pub(crate) value: f64,
    /// `ms`, `s`, `min`, `h`, `d`, `w`, `month`, `year`.
    pub(crate) unit: &'static str,
}

impl Duration {
    pub(crate) fn seconds(self) -> f64 {
        let unit = match self.unit {
            "ms" => 0.001,
            "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            "w" => 604_800.0,
            "month" => 2_592_000.0,
            "year" => 31_536_000.0,
            _ => 1.0,
        };
        self.value * unit
    }
}

/// The unit of time that a folded word names.
pub(crate) fn unit(word: &str) -> Option<&'static str> {
    Some(match word {
        "ms" | "milisegundo" | "milisegundos" | "millisecond" | "milliseconds" => "ms",
        "s" | "seg" | "segs" | "segundo" | "segundos" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minuto" | "minutos" | "minute" | "minutes" => "min",
        "h" | "hs" | "hr" | "hrs" | "hora" | "horas" | "hour" | "hours" => "h",
        "d" | "dia" | "dias" | "day" | "days" => "d",
        "semana" | "semanas" | "week" | "weeks" => "w",
        "mes" | "meses" | "month" | "months" => "month",
        "ano" | "anos" | "year" | "years" => "year",
        _ => return None,
    })
}

/// The first span of time in a text; of `15-30 min` the longer one.
pub(crate) fn first(text: &str) -> Option<Duration> {
    let folded = fold(text);
    let bytes = folded.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let digit = bytes.get(at).is_some_and(u8::is_ascii_digit);
        let inside_word = at > 0 && bytes.get(at - 1).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'.');
        if !digit || inside_word {
            at += 1;
            continue;
        }
        let (value, length) = number(folded.get(at..).unwrap_or_default());
        let rest = folded.get(at + length..).unwrap_or_default();
        let trimmed = rest.trim_start_matches([' ', '\u{a0}']);
        // The lower end of a range has no unit.
        let word: String = trimmed.chars().take_while(|c| c.is_alphabetic()).collect();
        if let (Some(value), Some(unit)) = (value, unit(&word)) {
            return Some(Duration { value, unit });
        }
        at += length.max(1);
    }
    let half = ["media hora", "half an hour", "half hour"];
    let one = ["una hora", "an hour", "one hour"];
    if half.iter().any(|words| folded.contains(words)) {
        Some(Duration { value: 30.0, unit: "min" })
    } else if one.iter().any(|words| folded.contains(words)) {
        Some(Duration { value: 1.0, unit: "h" })
    } else {
        None
    }
}

/// The first span of time in a text, in whole minutes.
pub(crate) fn minutes(text: &str) -> Option<u32> {
    let seconds = first(text)?.seconds();
    (60.0..600_000_000.0).contains(&seconds).then_some((seconds / 60.0).round() as u32)
}

/// The number at the head of a text and its length in bytes; a comma may stand for the point.
pub(crate) fn number(text: &str) -> (Option<f64>, usize) {
    let bytes = text.as_bytes();
    let mut length = 0;
    while let Some(byte) = bytes.get(length) {
        let separator =
            matches!(byte, b'.' | b',') && bytes.get(length + 1).is_some_and(u8::is_ascii_digit) && length > 0;
        if !(byte.is_ascii_digit() || separator) {
            break;
        }
        length += 1;
    }
    let digits = text.get(..length).unwrap_or_default();
    // `1,000` is a thousand, `0,5` is a half.
    let thousands = digits.split_once(',').is_some_and(|(head, tail)| tail.len() == 3 && head != "0");
    let plain = if thousands { digits.replace(',', "") } else { digits.replace(',', ".") };
    (plain.parse().ok(), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_are_told() {
        for (text, expected) in [
            ("Tiempo de Resolución Objetivo: 1 hora", Some(60)),
            ("15 minutos", Some(15)),
            ("15-30 min", Some(30)),
            ("within 24 hours", Some(1440)),
            ("2h", Some(120)),
            ("Si no responde en 15min, contactar", Some(15)),
            ("1,5 horas", Some(90)),
            ("media hora", Some(30)),
            ("P0", None),
            ("v1.2", None),
        ] {
            assert_eq!(minutes(text), expected, "{text}");
        }
    }
}
