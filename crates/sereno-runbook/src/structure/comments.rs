//! What a comment in a script says about the steps around it.

use crate::text::fold;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Comment {
    /// `# 3. Verificar`, `# Paso 3: verificar`.
    Numbered(String),
    /// `# Opción 2: escalar`.
    Choice(String),
    /// `# O`, `# O editar el ConfigMap`: something else in place of what stands before.
    Or(String),
    /// `# Si PostgreSQL está caído:`.
    Condition(String),
    /// `# Debe responder: PONG`: the words after it.
    Expects(String),
    Plain(String),
}

impl Comment {
    pub(super) fn of(text: &str) -> Self {
        let text = text.trim();
        let folded = fold(text);
        if let Some(rest) = numbered(text, &folded) {
            return Self::Numbered(rest.to_owned());
        }
        if let Some(title) = choice(text, &folded) {
            return Self::Choice(title);
        }
        if let Some(title) = or(text, &folded) {
            return Self::Or(title.to_owned());
        }
        if let Some(expected) = expected(text) {
            return Self::Expects(expected);
        }
        if is_condition(text) {
            return Self::Condition(text.trim_end_matches(':').trim().to_owned());
        }
        Self::Plain(text.to_owned())
    }

    pub(super) fn words(&self) -> &str {
        match self {
            Self::Numbered(words)
            | Self::Choice(words)
            | Self::Or(words)
            | Self::Condition(words)
            | Self::Expects(words)
            | Self::Plain(words) => words,
        }
    }
}

fn numbered<'a>(text: &'a str, folded: &str) -> Option<&'a str> {
    let body = if folded.starts_with("paso ") || folded.starts_with("step ") { text.get(5..)? } else { text };
    let digits = body.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > 2 {
        return None;
    }
    let rest = body.get(digits..)?;
    let rest = match rest.strip_prefix(['.', ')', ':', '-']) {
        // `1.5 GB` and `2.3.1` are numbers.
        Some(rest) if rest.starts_with([' ', '\t']) => rest,
        Some(_) => return None,
        None if body.len() < text.len() => rest,
        None => return None,
    };
    let rest = rest.trim_start_matches(['.', ')', ':', '-', ' ', '–', '—']).trim();
    (!rest.is_empty()).then_some(rest)
}

fn choice(text: &str, folded: &str) -> Option<String> {
    const WORDS: [&str; 8] =
        ["opcion ", "option ", "alternativa ", "alternative ", "metodo ", "method ", "variante ", "variant "];
    let word = WORDS.iter().find(|word| folded.starts_with(**word))?;
    // Folding keeps the number of characters, not of bytes.
    let rest: String = text.chars().skip(word.len()).collect();
    let number = rest.chars().take_while(char::is_ascii_alphanumeric).count();
    let is_number = rest.starts_with(|c: char| c.is_ascii_digit()) || number == 1;
    let title = rest.chars().skip(number).collect::<String>();
    let title = title.trim_start_matches([':', '.', ')', '-', ' ', '–', '—']).trim();
    is_number.then(|| if title.is_empty() { text.to_owned() } else { title.to_owned() })
}

fn or<'a>(text: &'a str, folded: &str) -> Option<&'a str> {
    let bare = folded.trim_end_matches([':', '.', '…', ',']);
    if matches!(bare, "o" | "or" | "o bien" | "or else" | "alternativamente" | "alternatively" | "o tambien" | "u") {
        return Some("");
    }
    let begins = ["o bien ", "o ", "or ", "alternativamente, ", "alternatively, ", "u "];
    begins.iter().any(|word| folded.starts_with(word)).then_some(text)
}

/// `Si X`, `If X`, `When X`, `En caso de X`.
pub(super) fn is_condition(text: &str) -> bool {
    let folded = fold(text.get(..text.char_indices().nth(14).map_or(text.len(), |(at, _)| at)).unwrap_or(text));
    let begins =
        ["si ", "if ", "when ", "cuando ", "en caso de", "in case of", "solo si ", "only if ", "unless ", "salvo que"];
    begins.iter().any(|word| folded.starts_with(word)) && !text.starts_with("Sí ")
}

/// What the author says to expect: `Debe responder: PONG` gives `PONG`.
pub(super) fn expected(text: &str) -> Option<String> {
    const BEGINS: [&str; 26] = [
        "debe responder",
        "debe devolver",
        "debe mostrar",
        "debe retornar",
        "debe aparecer",
        "debe decir",
        "debe dar",
        "deberia responder",
        "deberia devolver",
        "deberia mostrar",
        "deberia ",
        "debe ser",
        "debe estar",
        "expected output",
        "expected result",
        "expected response",
        "expected",
        "expect",
        "resultado esperado",
        "respuesta esperada",
        "salida esperada",
        "esperado",
        "se espera",
        "should return",
        "should ",
        "must return",
    ];
    let folded = fold(text);
    let begin = BEGINS.iter().find(|begin| folded.starts_with(**begin))?;
    let rest: String = text.chars().skip(begin.chars().count()).collect();
    let boundary = begin.ends_with(' ') || rest.is_empty() || rest.starts_with(|c: char| !c.is_alphanumeric());
    // `Respuesta esperada (OK): …`
    let rest = match rest.trim_start().strip_prefix('(').and_then(|inside| inside.split_once(')')) {
        Some((_, after)) => after,
        None => &rest,
    };
    let words = rest.trim_start_matches([':', ' ']).trim();
    boundary.then(|| unquoted(words).to_owned())
}

fn unquoted(words: &str) -> &str {
    for quote in ['"', '`', '\''] {
        if let Some(inside) = words.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote))
            && !inside.contains(quote)
        {
            return inside;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_say_what_they_are() {
        for (text, comment) in [
            ("1. Verificar estado", Comment::Numbered("Verificar estado".into())),
            ("Paso 2: Actualizar", Comment::Numbered("Actualizar".into())),
            ("1.5 GB libres", Comment::Plain("1.5 GB libres".into())),
            ("Opción 1: Reiniciar pods", Comment::Choice("Reiniciar pods".into())),
            ("Option B - scale down", Comment::Choice("scale down".into())),
            ("O", Comment::Or(String::new())),
            ("O editar ConfigMap", Comment::Or("O editar ConfigMap".into())),
            ("Obtener la lista", Comment::Plain("Obtener la lista".into())),
            ("Si la base está caída:", Comment::Condition("Si la base está caída".into())),
            ("Sin datos", Comment::Plain("Sin datos".into())),
            ("If the pod crashes", Comment::Condition("If the pod crashes".into())),
            ("Debe responder: PONG", Comment::Expects("PONG".into())),
            ("Debe devolver 401", Comment::Expects("401".into())),
            ("Debe devolver status: \"ok\"", Comment::Expects("status: \"ok\"".into())),
            ("Expected: \"All good\"", Comment::Expects("All good".into())),
            ("Expectativas del equipo", Comment::Plain("Expectativas del equipo".into())),
        ] {
            assert_eq!(Comment::of(text), comment, "{text}");
        }
    }
}
