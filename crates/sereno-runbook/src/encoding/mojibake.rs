//! Text that was UTF-8, was read as something else, and was saved again.
//!
//! The damage is undone by writing the characters back in the encoding that misread them and reading the bytes as
//! UTF-8. It is done run by run, so that one lost character spoils only itself, and only where the outcome is what people
//! write (accented letters, punctuation, arrows, emoji): real Chinese and real accents stay as they are.

use encoding_rs::{EncoderResult, Encoding, GBK, MACINTOSH, WINDOWS_1252};
use std::sync::LazyLock;

pub(super) struct Repair {
    pub(super) text: String,
    /// `mac_roman`, `windows_1252` or `gbk`.
    pub(super) through: &'static str,
    /// How many characters came out of it.
    pub(super) count: usize,
    /// The first of them, as an offset in `text`.
    pub(super) first: usize,
}

/// The repaired text, when the text is damaged.
pub(super) fn repair(text: &str) -> Option<Repair> {
    if text.is_ascii() {
        return None;
    }
    let candidates = [Codec::MacRoman, Codec::Windows1252, Codec::Gbk];
    let mut best: Option<(Codec, Evidence)> = None;
    for codec in candidates {
        let evidence = weigh(text, codec);
        if evidence.convinces() && best.as_ref().is_none_or(|(_, other)| evidence.good > other.good) {
            best = Some((codec, evidence));
        }
    }
    let (codec, evidence) = best?;
    let mut repaired = String::with_capacity(text.len());
    let mut first = None;
    for line in text.split_inclusive('\n') {
        if line.is_ascii() {
            repaired.push_str(line);
            continue;
        }
        let outcome = mend(line, codec);
        if outcome.evidence.good > 0 && outcome.believable(codec) {
            first.get_or_insert(repaired.len() + outcome.first.unwrap_or(0));
            repaired.push_str(&outcome.text);
        } else {
            repaired.push_str(line);
        }
    }
    let through = match codec {
        Codec::MacRoman => "mac_roman",
        Codec::Windows1252 => "windows_1252",
        Codec::Gbk => "gbk",
    };
    Some(Repair { text: repaired, through, count: evidence.good, first: first.unwrap_or(0) })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codec {
    MacRoman,
    Windows1252,
    Gbk,
}

#[derive(Debug, Default)]
struct Evidence {
    /// Characters that came out and are what people write.
    good: usize,
    /// Letters beyond ASCII that no repair explains.
    unexplained: usize,
}

impl Evidence {
    /// One repaired character among letters that are right as they are may be chance.
    fn convinces(&self) -> bool {
        self.good >= 2 || (self.good == 1 && self.unexplained == 0)
    }
}

struct Outcome {
    text: String,
    evidence: Evidence,
    first: Option<usize>,
    /// Repairs with an ASCII letter beside them: damage stands inside of words.
    inside_words: usize,
}

impl Outcome {
    /// Chinese text holds some characters that could be damage; damage is nearly all of a line, and inside of words.
    fn believable(&self, codec: Codec) -> bool {
        let Evidence { good, unexplained } = self.evidence;
        codec != Codec::Gbk || (unexplained * 4 <= good && self.inside_words * 3 >= good)
    }
}

fn weigh(text: &str, codec: Codec) -> Evidence {
    let mut all = Evidence::default();
    for line in text.split('\n').filter(|line| !line.is_ascii()) {
        if !line.chars().any(|c| codec.may_begin(c)) {
            all.unexplained += line.chars().filter(|c| !c.is_ascii() && c.is_alphabetic()).count();
            continue;
        }
        let outcome = mend(line, codec);
        if outcome.believable(codec) {
            all.good += outcome.evidence.good;
        }
        all.unexplained += outcome.evidence.unexplained;
    }
    all
}

fn mend(line: &str, codec: Codec) -> Outcome {
    let mut outcome = Outcome {
        text: String::with_capacity(line.len()),
        evidence: Evidence::default(),
        first: None,
        inside_words: 0,
    };
    let mut rest = line;
    while let Some(start) = rest.find(|c: char| !c.is_ascii()) {
        let (ascii, tail) = rest.split_at(start);
        outcome.text.push_str(ascii);
        let end = tail.find(|c: char| c.is_ascii()).unwrap_or(tail.len());
        let (run, after) = tail.split_at(end);
        let beside_letter =
            ascii.ends_with(|c: char| c.is_ascii_alphabetic()) || after.starts_with(|c: char| c.is_ascii_alphabetic());
        mend_run(run, codec, beside_letter, &mut outcome);
        rest = after;
    }
    outcome.text.push_str(rest);
    outcome
}

/// One run of characters beyond ASCII.
fn mend_run(run: &str, codec: Codec, beside_letter: bool, outcome: &mut Outcome) {
    let mut chars = run.char_indices().peekable();
    while let Some(&(at, c)) = chars.peek() {
        let rest = run.get(at..).unwrap_or_default();
        if let Some((length, repaired)) = sequence(rest, codec) {
            outcome.first.get_or_insert(outcome.text.len());
            outcome.text.push_str(&repaired);
            let count = repaired.chars().filter(|c| !c.is_ascii()).count();
            outcome.evidence.good += count;
            // Emoji and arrows stand apart from words also where they were damaged.
            let stands_apart = repaired.chars().any(|c| c as u32 >= 0x2000);
            outcome.inside_words += if beside_letter || stands_apart { count } else { 0 };
            while chars.next_if(|(next, _)| *next < at + length).is_some() {}
        } else {
            if c.is_alphabetic() && !is_torn(rest, codec) {
                outcome.evidence.unexplained += 1;
            }
            outcome.text.push(c);
            chars.next();
        }
    }
}

/// Whether a run ends in the first bytes of a character whose last ones were lost.
fn is_torn(rest: &str, codec: Codec) -> bool {
    let mut bytes = Vec::with_capacity(4);
    let mut chars = rest.chars();
    let encoded = chars.next().and_then(|c| codec.encode(c, &mut bytes)).is_some();
    let head_of_sign = matches!(bytes.first(), Some(0xE2 | 0xEF | 0xF0));
    let incomplete = std::str::from_utf8(&bytes).is_err_and(|error| error.error_len().is_none());
    encoded && head_of_sign && incomplete && chars.next().is_none()
}

/// The longest wanted sequence: damage of one character is at most four characters, and in GBK two characters may share
/// a byte sequence that only ends on a common boundary.
const LONGEST: usize = 24;

/// The characters at the head of `run` that are damage, and what they were: bytes of `run`, and the text.
fn sequence(run: &str, codec: Codec) -> Option<(usize, String)> {
    let mut bytes: Vec<u8> = Vec::with_capacity(8);
    let mut length = 0;
    for c in run.chars() {
        if bytes.len() >= LONGEST {
            return None;
        }
        codec.encode(c, &mut bytes)?;
        length += c.len_utf8();
        if bytes.len() < 2 {
            if !bytes.first().is_some_and(|byte| (0xC2..=0xF4).contains(byte)) {
                return None;
            }
            continue;
        }
        match std::str::from_utf8(&bytes) {
            Ok(text) => {
                let wanted = text.chars().all(|c| c.is_ascii_graphic() || is_written(c));
                return (wanted && !text.is_ascii()).then(|| (length, text.to_owned()));
            }
            // More bytes may complete it.
            Err(error) if error.error_len().is_none() => {}
            Err(_) => return None,
        }
    }
    None
}

/// What people write in runbooks: Latin letters, punctuation, currency, arrows, signs, boxes, emoji.
fn is_written(c: char) -> bool {
    matches!(c as u32,
        0xA0..=0x17F | 0x2010..=0x2027 | 0x202F..=0x203A | 0x20A0..=0x20BF | 0x2100..=0x23FF | 0x2460..=0x27BF
        | 0x2900..=0x297F | 0x2B00..=0x2BFF | 0x200B..=0x200D | 0xFE0F | 0xFEFF | 0x1F000..=0x1FAFF)
}

impl Codec {
    /// Whether damage may begin with `c`: its byte, or its first one, begins a character of UTF-8.
    fn may_begin(self, c: char) -> bool {
        let single =
            |table: &Backwards| !c.is_ascii() && table.byte(c).is_some_and(|byte| (0xC2..=0xF4).contains(&byte));
        match self {
            Self::MacRoman => single(&MAC_ROMAN),
            Self::Windows1252 => single(&WINDOWS),
            Self::Gbk => matches!(c, '\u{3400}'..='\u{9FFF}'),
        }
    }

    /// Appends the bytes that this encoding has for `c`.
    fn encode(self, c: char, bytes: &mut Vec<u8>) -> Option<()> {
        match self {
            Self::MacRoman => bytes.push(MAC_ROMAN.byte(c)?),
            Self::Windows1252 => bytes.push(WINDOWS.byte(c)?),
            Self::Gbk => {
                let mut source = [0; 4];
                let mut target = [0; 4];
                let source = c.encode_utf8(&mut source);
                let (result, _, written) =
                    GBK.new_encoder().encode_from_utf8_without_replacement(source, &mut target, true);
                if result != EncoderResult::InputEmpty {
                    return None;
                }
                bytes.extend_from_slice(target.get(..written)?);
            }
        }
        Some(())
    }
}

/// A single-byte encoding backwards.
struct Backwards(Vec<(char, u8)>);

impl Backwards {
    fn of(encoding: &'static Encoding, aliases: &[(char, u8)]) -> Self {
        let mut pairs = aliases.to_vec();
        for byte in 0x80..=0xFF_u8 {
            let bytes = [byte];
            let (text, _) = encoding.decode_without_bom_handling(&bytes);
            pairs.extend(text.chars().next().map(|c| (c, byte)));
        }
        pairs.sort_unstable();
        Self(pairs)
    }

    fn byte(&self, c: char) -> Option<u8> {
        let index = self.0.binary_search_by_key(&c, |pair| pair.0).ok()?;
        self.0.get(index).map(|pair| pair.1)
    }
}

/// Older tables had the currency sign where the euro is, and other code points for the same three signs.
static MAC_ROMAN: LazyLock<Backwards> = LazyLock::new(|| {
    Backwards::of(MACINTOSH, &[('\u{A4}', 0xDB), ('\u{2126}', 0xBD), ('\u{394}', 0xC6), ('\u{3BC}', 0xB5)])
});
static WINDOWS: LazyLock<Backwards> = LazyLock::new(|| Backwards::of(WINDOWS_1252, &[]));

#[cfg(test)]
mod tests {
    use super::*;

    fn misread(text: &str, encoding: &'static Encoding) -> String {
        encoding.decode_without_bom_handling(text.as_bytes()).0.into_owned()
    }

    #[test]
    fn damage_is_undone_through_each_encoding() {
        let text = "# 📚 Operación\n\nVersión → más rápida, ¿está? «sí» ✅ — CAÍDA ÁÉÍÓÚ ñandú 10 €\n";
        for (encoding, name) in [(MACINTOSH, "mac_roman"), (WINDOWS_1252, "windows_1252")] {
            let repair = repair(&misread(text, encoding)).expect(name);
            assert_eq!((repair.text.as_str(), repair.through), (text, name));
            assert_eq!(repair.first, 2, "{name}");
        }
        // GBK loses what does not fall on its two-byte grid; what survives is exact.
        let text = "Producción: búsqueda rápida, año, ¿qué?\nCríticos\n";
        let repair = repair(&misread(text, GBK)).expect("gbk");
        assert_eq!((repair.text.as_str(), repair.through), (text, "gbk"));
    }

    #[test]
    fn a_lost_character_spoils_only_itself() {
        let broken = "Producci贸n cr铆tica 鈫? restauraci贸n";
        assert_eq!(repair(broken).expect("damage").text, "Producción crítica 鈫? restauración");
    }

    #[test]
    fn only_the_damaged_lines_of_a_mixed_file_change() {
        let mixed = "La versi√≥n est√° ca√≠da\nesta línea está bien: más, también, ¿sí?\n";
        let expected = "La versión está caída\nesta línea está bien: más, también, ¿sí?\n";
        assert_eq!(repair(mixed).expect("damage").text, expected);
    }

    #[test]
    fn what_is_right_stays() {
        for text in [
            "Operación crítica: ¿está caída? → reiniciar «ya» ✅ 10 €",
            "如果数据库没有响应，请重启服务。检查日志目录。\n每次部署之前都要备份，路由和楼层信息。",
            "数据库 backup 脚本没有运行\n请检查 logs 目录",
            "Código ≠ 200, √2 ≈ 1.41, ½, ±5 %",
            "voilà « ça », CAFÉ™, Å’s, MAÇÃ, à la carte",
            "ひらがなとカタカナ、漢字",
            "Привет, мир",
            "plain ascii",
        ] {
            assert!(repair(text).is_none(), "{text}: {:?}", repair(text).map(|r| r.text));
        }
    }
}
