//! Dates as people write them, to ISO.

use crate::text::fold;
use jiff::civil::Date;
use std::str::FromStr as _;

const MONTHS: [(&str, i8); 24] = [
    ("enero", 1),
    ("febrero", 2),
    ("marzo", 3),
    ("abril", 4),
    ("mayo", 5),
    ("junio", 6),
    ("julio", 7),
    ("agosto", 8),
    ("septiembre", 9),
    ("octubre", 10),
    ("noviembre", 11),
    ("diciembre", 12),
    ("january", 1),
    ("february", 2),
    ("march", 3),
    ("april", 4),
    ("may", 5),
    ("june", 6),
    ("july", 7),
    ("august", 8),
    ("september", 9),
    ("october", 10),
    ("november", 11),
    ("december", 12),
];

/// The first date in a text, as `2026-01-04`; a time of day after it is kept (`2025-11-07T19:25`). `None` where there is
/// none that can be told for sure: `04/05/2026` is two different days in two countries.
pub(crate) fn iso_date(text: &str) -> Option<String> {
    numeric(text).or_else(|| in_words(text))
}

fn numeric(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    for (at, _) in text.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
        let apart = at == 0 || bytes.get(at - 1).is_some_and(|b| !b.is_ascii_alphanumeric());
        if !apart {
            continue;
        }
        let Some(ten) = text.get(at..at + 10) else {
            continue;
        };
        let parts: Vec<&str> = ten.split(['-', '/', '.']).collect();
        let [a, b, c] = parts.as_slice() else {
            continue;
        };
        let (Ok(a_number), Ok(b_number), Ok(c_number)) = (a.parse::<i16>(), b.parse::<i16>(), c.parse::<i16>()) else {
            continue;
        };
        let date = match (a.len(), b.len(), c.len()) {
            (4, 2, 2) => date(a_number, b_number, c_number),
            // Day first, or month first where the other cannot be a month.
            (2, 2, 4) if a_number > 12 || a_number == b_number => date(c_number, b_number, a_number),
            (2, 2, 4) if b_number > 12 => date(c_number, a_number, b_number),
            _ => None,
        };
        if let Some(date) = date {
            return Some(with_time(date, text.get(at + 10..).unwrap_or_default()));
        }
    }
    None
}

fn with_time(date: Date, rest: &str) -> String {
    let time = rest.trim_start_matches(['T', ' ', ',']).get(..5).unwrap_or_default();
    let is_time =
        matches!(time.as_bytes(), [h1, h2, b':', m1, m2] if [h1, h2, m1, m2].iter().all(|b| b.is_ascii_digit()));
    if is_time { format!("{date}T{time}") } else { date.to_string() }
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    let date = Date::from_str(&format!("{year:04}-{month:02}-{day:02}")).ok()?;
    (1970..=2200).contains(&date.year()).then_some(date)
}

/// `4 de Enero, 2026`, `January 4th, 2026`, `4 Jan 2026`.
fn in_words(text: &str) -> Option<String> {
    let folded = fold(text);
    let words: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    for (index, word) in words.iter().enumerate() {
        let Some(month) = month(word) else { continue };
        let near = words.get(index.saturating_sub(2)..(index + 5).min(words.len())).unwrap_or_default();
        let mut day = None;
        let mut year = None;
        for word in near {
            let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            match (digits.len(), digits.parse::<i16>()) {
                (1 | 2, Ok(number)) if day.is_none() => day = Some(number),
                (4, Ok(number)) if year.is_none() => year = Some(number),
                _ => {}
            }
        }
        if let (Some(day), Some(year)) = (day, year) {
            return date(year, i16::from(month), day).map(|date| date.to_string());
        }
    }
    None
}

fn month(word: &str) -> Option<i8> {
    MONTHS
        .iter()
        .find(|(name, _)| {
            *name == word
                || (word.len() == 3 && name.starts_with(word))
                || (word == "setiembre" && *name == "septiembre")
        })
        .map(|(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_told_in_both_languages() {
        for (text, iso) in [
            ("2026-02-19", Some("2026-02-19")),
            ("1.0 · 2026-05-10", Some("2026-05-10")),
            ("2025-11-07 19:25", Some("2025-11-07T19:25")),
            ("4 de Enero, 2026", Some("2026-01-04")),
            ("January 4th, 2026", Some("2026-01-04")),
            ("4 Jan 2026", Some("2026-01-04")),
            ("25/12/2025", Some("2025-12-25")),
            ("04/05/2026", None),
            ("2026-13-40", None),
            ("v1.2.3", None),
            ("enero", None),
        ] {
            assert_eq!(iso_date(text).as_deref(), iso, "{text}");
        }
    }
}
