//! Who speaks in a block, by the sentence that leads to it: a program (`the bridge prints`, `y contesta`), or the reader,
//! who is to hand the text on (`send them this`, `publicar en el canal`).
//!
//! Phrases that name a topic stand in `phrases.txt`; here is the grammar: which verb comes last, and who does it.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Speaker {
    #[default]
    Nobody,
    Program,
    /// Perhaps a program: the lead names its words (`respuesta típica`), no verb says so.
    Named,
    /// Somebody else will read it: a message, a request's body.
    Reader,
}

static WORDS: LazyLock<HashMap<&str, HashSet<&str>>> = LazyLock::new(|| {
    include_str!("leads.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .map(|(name, words)| (name, words.split(' ').collect()))
        .collect()
});

fn is(list: &str, word: &str) -> bool {
    WORDS.get(list).is_some_and(|words| words.contains(word))
}

/// The lead must be folded. Where it speaks of a file, only a verb makes a program speak (`the config is normal:` does not).
pub(super) fn speaker(lead: &str, of_file: bool) -> Speaker {
    let lead = without_aside(lead.trim_end_matches([':', '.', ' ', '*', '_', '…']));
    let words = words(lead);
    let (Some(first), Some(last)) = (words.iter().find(|word| !is("fill", word)), words.last()) else {
        return Speaker::Nobody;
    };
    if describes_a_request(&words) {
        return Speaker::Reader;
    }
    if words.first() == Some(&"asi") && words.get(1).is_some_and(|word| matches!(*word, "es" | "son")) {
        return Speaker::Program;
    }
    let file = of_file && words.iter().any(|word| is("file", word));
    let received = words.iter().any(|word| is("received", word))
        || is("handed", first) && words.iter().any(|word| is("comes", word));
    if !file && (received || says_last(&words) || somebody_sees(&words)) {
        return Speaker::Program;
    }
    if is("handed", first) || is("handed", last) || hands_on(lead) {
        return Speaker::Reader;
    }
    let asked = of_file || words.iter().any(|word| is("query", word));
    let short = words.len() <= 8 && !asked;
    let named = !asked && is("said", last) || short && is("said", first);
    let stated = short && words.iter().any(|word| is("state", word));
    if named || stated { Speaker::Named } else { Speaker::Nobody }
}

/// The lead begins by joining its block to the one before: `or`, `o bien`, `and sometimes`.
pub(super) fn joins_on(lead: &str) -> bool {
    words(lead).first().is_some_and(|word| matches!(*word, "or" | "o" | "u"))
}

/// `y queda (tarda un poco)`: the text without what stands in brackets at its end.
fn without_aside(lead: &str) -> &str {
    match lead.strip_suffix(')').and_then(|head| head.rfind(" (")) {
        Some(at) => lead.get(..at).unwrap_or(lead).trim_end(),
        None => lead,
    }
}

fn words(lead: &str) -> Vec<&str> {
    lead.split([' ', '\n', '\t'])
        .map(|word| word.trim_matches(|c: char| !(c.is_alphanumeric() || c == '`' || c == '/')))
        .filter(|word| !word.is_empty())
        .collect()
}

/// Nothing but filling words stands behind a verb with which programs speak. At the lead's head such a verb may tell the
/// reader to do so (`Escribe en el canal`), unless it is all there is.
fn says_last(words: &[&str]) -> bool {
    let filling = |word: &str| is("fill", word) || word.bytes().all(|byte| byte.is_ascii_digit());
    let Some(at) = words.iter().rposition(|word| !filling(word)) else { return false };
    let verb = words.get(at).copied().unwrap_or_default();
    // `shows a grey window with`: what is shown has a name, and its words follow.
    let with = words.last().is_some_and(|last| matches!(*last, "with" | "con" | "as" | "saying" | "reading"))
        && words.iter().skip(1).any(|word| is("says", word));
    with || is("says", verb) && (at > 0 || words.len() == 1 || verb.ends_with('s') || verb.ends_with('n'))
}

/// `you will see`, `customers quote this text`.
fn somebody_sees(words: &[&str]) -> bool {
    // `el mensaje que ve el cliente`.
    if words.iter().any(|word| is("ve", word)) && words.iter().any(|word| is("gente", word)) {
        return true;
    }
    words.iter().enumerate().any(|(at, word)| {
        is("people", word) && words.iter().skip(at + 1).take(3).any(|next| is("sees", next)) && words.len() - at <= 9
    })
}

/// The lead's first verb, or one that is joined to it, hands the text on.
fn hands_on(lead: &str) -> bool {
    let mut before: Option<&str> = None;
    lead.split_whitespace().any(|raw| {
        let begins = before.is_none_or(|word| {
            word.ends_with(',')
                || matches!(word, "and" | "then" | "to" | "y" | "luego" | "despues" | "please" | "must" | "hay" | "que")
        });
        before = Some(raw);
        begins && is("hands", raw.trim_matches(|c: char| !c.is_alphanumeric()))
    })
}

/// `the request body looks like this`: what somebody sends, described in the words for what programs say.
fn describes_a_request(words: &[&str]) -> bool {
    words
        .iter()
        .any(|word| matches!(*word, "request" | "body" | "cuerpo" | "peticion" | "solicitud" | "query" | "consulta"))
        && words.iter().any(|word| matches!(*word, "looks" | "look" | "ve" | "ven"))
        && !words.iter().any(|word| is("said", word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_speak() {
        for lead in [
            "the dashboard says \"0 msg/s\" and the bridge prints, over and over",
            "customers quote this text from the mobile app",
            "it acknowledges on `gw/ack` with",
            "citrix shows a grey window with",
            "and the joblog ends with one of these",
            "you get",
            "ojo: si el log dice",
            "el cron de moodle, cuando anda bien, termina asi",
            "cuando esta roto el log se llena de",
            "payload que llega a la tienda",
            "el mensaje que ve el cliente es",
            "asi es un mensaje",
            "contesta",
        ] {
            assert_eq!(speaker(lead, false), Speaker::Program, "{lead}");
        }
    }

    #[test]
    fn words_of_programs_are_named() {
        for lead in
            ["respuesta tipica", "`docker compose ps` sano", "registro de ejemplo", "the happy answer and the sad one"]
        {
            assert_eq!(speaker(lead, false), Speaker::Named, "{lead}");
        }
        assert_eq!(speaker("normal configuration", true), Speaker::Nobody);
        assert_eq!(speaker("the region config map must say", true), Speaker::Nobody);
        assert_eq!(speaker("example query", false), Speaker::Nobody);
    }

    #[test]
    fn readers_hand_on() {
        for lead in [
            "to wake one up, publish this to `gw/cmd`",
            "write to the noc and ask",
            "texto para el correo masivo",
            "cuerpo del put a `/api/v2`",
            "escribile al proveedor",
            "sms to installers (160 characters!)",
        ] {
            assert_eq!(speaker(lead, false), Speaker::Reader, "{lead}");
        }
    }

    #[test]
    fn the_rest_says_nothing() {
        for lead in ["", "add to `nginx.conf`", "clear it", "verificar la configuracion", "restart the workers"] {
            assert_eq!(speaker(lead, false), Speaker::Nobody, "{lead}");
        }
        assert!(joins_on("or, when the certificate is the culprit,"));
        assert!(!joins_on("order them"));
    }
}
