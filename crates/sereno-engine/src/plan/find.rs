//! Finding a procedure by what a person types at night: its id, its title, a part of it; accents and case ignored.

use sereno_runbook::Runbook;
use sereno_runbook::model::Procedure;

/// What was found.
#[derive(Debug)]
pub enum Found<'a> {
    One(&'a Procedure),
    /// Several fit equally well: nobody guesses which.
    Several(Vec<&'a Procedure>),
    /// None does; the nearest, best first.
    None(Vec<&'a Procedure>),
}

/// Finds a procedure: by exact id, else exact title, else by all words of the query standing in the title or id.
///
/// An id is made of the title, so of two procedures called `Restart` the first has the id `restart`: whoever types that
/// word may mean either, and nobody guesses. `#restart` is the id and nothing else.
pub fn find_procedure<'a>(runbook: &'a Runbook, query: &str) -> Found<'a> {
    if let Some(id) = query.strip_prefix('#') {
        let found = runbook.procedures.iter().find(|p| p.id == id);
        return found.map_or_else(|| Found::None(nearest_titles(runbook, query)), Found::One);
    }
    let wanted = fold(query);
    let namesakes: Vec<_> = runbook.procedures.iter().filter(|p| fold(&p.title) == wanted).collect();
    if namesakes.len() > 1 {
        return Found::Several(namesakes);
    }
    let tiers: [&dyn Fn(&Procedure) -> bool; 4] = [
        &|p| p.id == query || fold(&p.id) == wanted,
        &|p| fold(&p.title) == wanted,
        &|p| !wanted.is_empty() && (fold(&p.title).contains(&wanted) || fold(&p.id).contains(&wanted)),
        &|p| {
            let title = format!("{} {}", fold(&p.title), fold(&p.id));
            !wanted.is_empty() && wanted.split(' ').all(|word| title.contains(word))
        },
    ];
    for tier in tiers {
        let hits: Vec<_> = runbook.procedures.iter().filter(|p| tier(p)).collect();
        match hits.len() {
            0 => {}
            1 => return Found::One(hits[0]),
            _ => return Found::Several(hits),
        }
    }
    Found::None(nearest_titles(runbook, query))
}

/// The procedures whose names are nearest to a query, best first, at most five.
pub fn nearest_titles<'a>(runbook: &'a Runbook, query: &str) -> Vec<&'a Procedure> {
    let wanted = fold(query);
    let words: Vec<&str> = wanted.split(' ').filter(|w| w.len() > 2).collect();
    let mut scored: Vec<(f64, &Procedure)> = runbook
        .procedures
        .iter()
        .map(|p| {
            let title = fold(&p.title);
            let shared = words.iter().filter(|w| title.contains(*w)).count();
            (strsim::jaro_winkler(&title, &wanted) + shared as f64, p)
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(5).map(|(_, p)| p).collect()
}

/// Lower case, without accents, punctuation and emoji; words separated by one space.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.chars().flat_map(char::to_lowercase) {
        let plain = match c {
            'á' | 'à' | 'ä' | 'â' | 'ã' => 'a',
            'é' | 'è' | 'ë' | 'ê' => 'e',
            'í' | 'ì' | 'ï' | 'î' => 'i',
            'ó' | 'ò' | 'ö' | 'ô' | 'õ' => 'o',
            'ú' | 'ù' | 'ü' | 'û' => 'u',
            'ñ' => 'n',
            'ç' => 'c',
            // A combining accent after its letter.
            '\u{300}'..='\u{36f}' => continue,
            other => other,
        };
        if plain.is_alphanumeric() {
            if gap && !folded.is_empty() {
                folded.push(' ');
            }
            gap = false;
            folded.push(plain);
        } else {
            gap = true;
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn folding_ignores_accents_case_emoji_and_punctuation() {
        for (text, folded) in [
            ("🚨 Respuesta a Incidentes", "respuesta a incidentes"),
            ("API Devuelve 502/503", "api devuelve 502 503"),
            ("Rotación de Base", "rotacion de base"),
            ("rotacio\u{301}n", "rotacion"),
            ("rollback-de-deploy", "rollback de deploy"),
            ("", ""),
        ] {
            assert_eq!(fold(text), folded);
        }
    }
}
