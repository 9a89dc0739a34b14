//! Reading what `declare -p` prints: one variable after the other, each with its attributes and its value, quoted by
//! bash so that it can be read back. The values are kept as bash quoted them.

/// One variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Variable<'a> {
    /// The letters, `-` for none: `-`, `x`, `ar`.
    pub(super) attributes: &'a str,
    pub(super) name: &'a str,
    /// As bash quoted it; `None` for one that is declared and not set.
    pub(super) value: Option<&'a [u8]>,
}

/// Every variable of the text, or `None` where it is not what bash prints.
pub(super) fn parse(mut text: &[u8]) -> Option<Vec<Variable<'_>>> {
    let mut variables = Vec::new();
    while !text.is_empty() {
        let (variable, rest) = one(text)?;
        variables.push(variable);
        text = rest;
    }
    Some(variables)
}

fn one(text: &[u8]) -> Option<(Variable<'_>, &[u8])> {
    let text = text.strip_prefix(b"declare -")?;
    let space = text.iter().position(|byte| *byte == b' ')?;
    let attributes = std::str::from_utf8(text.get(..space)?).ok()?;
    let text = text.get(space + 1..)?;
    let end = text.iter().position(|byte| matches!(byte, b'=' | b'\n'))?;
    let name = std::str::from_utf8(text.get(..end)?).ok()?;
    let rest = text.get(end..)?;
    let (value, rest) = match rest.strip_prefix(b"=") {
        Some(rest) => {
            let length = line_length(rest)?;
            (Some(rest.get(..length)?), rest.get(length..)?)
        }
        None => (None, rest),
    };
    Some((Variable { attributes, name, value }, rest.strip_prefix(b"\n")?))
}

/// How far a value, or a command that bash printed, goes: to the newline that is in no quotes and no array.
pub(super) fn line_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut depth = 0_usize;
    loop {
        match text.get(at)? {
            b'\n' if depth == 0 => return Some(at),
            b'"' => at = closing(text, at + 1, b'"', true)?,
            b'\'' => at = closing(text, at + 1, b'\'', false)?,
            b'$' if text.get(at + 1) == Some(&b'\'') => at = closing(text, at + 2, b'\'', true)?,
            b'\\' => at += 1,
            b'(' => depth += 1,
            b')' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
    }
}

fn closing(text: &[u8], mut at: usize, quote: u8, escapes: bool) -> Option<usize> {
    loop {
        let byte = *text.get(at)?;
        if byte == quote {
            return Some(at);
        }
        at += if escapes && byte == b'\\' { 2 } else { 1 };
    }
}

/// The text of a scalar value that bash put in double quotes; `None` for arrays and for text with control characters.
pub(super) fn plain_text(value: &[u8]) -> Option<String> {
    let inner = std::str::from_utf8(value).ok()?.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            text.push(c);
            escaped = false;
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_end_where_their_quotes_do() {
        let text = br#"declare -- a="one
declare -- b=\"two\""
declare -ax list=([0]="x )" [1]=$'it\'s\n')
declare -i unset_one
declare -A m=(["k ] ("]="v" )
declare -n r="a"
"#;
        let variables = parse(text).expect("it is what bash prints");
        let names: Vec<_> = variables.iter().map(|v| (v.attributes, v.name, v.value.is_some())).collect();
        assert_eq!(
            names,
            [("-", "a", true), ("ax", "list", true), ("i", "unset_one", false), ("A", "m", true), ("n", "r", true)]
        );
        assert_eq!(plain_text(variables[0].value.unwrap()).unwrap(), "one\ndeclare -- b=\"two\"");
        assert_eq!(plain_text(variables[1].value.unwrap()), None);
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        for text in
            ["declare -- a=\"one", "declare -- a", "nonsense\n", "declare -a l=([0]=\"x\"\n", "declare -- a=)\n"]
        {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
