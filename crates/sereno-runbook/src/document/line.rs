//! One line of prose, without its markup but with the memory of it.

use std::ops::Range;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct TextLine {
    /// 1-based.
    pub line: usize,
    /// Its bytes in the source.
    pub span: Range<usize>,
    /// The words, without markup.
    pub plain: String,
    /// What is bold: bytes of `plain`.
    pub strong: Vec<Range<usize>>,
    /// What is in backticks: bytes of `plain`.
    pub code: Vec<Range<usize>>,
    pub links: Vec<Link>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Its words: bytes of the line's `plain`.
    pub text: Range<usize>,
    pub url: String,
}

impl TextLine {
    /// `**CPU**: < 80%` and `**CPU:** < 80%` are label `CPU` and value `< 80%`.
    pub fn bold_label(&self) -> Option<(&str, &str)> {
        let strong = self.strong.first()?;
        if self.plain.get(..strong.start)?.chars().any(char::is_alphanumeric) {
            return None;
        }
        let label = self.plain.get(strong.clone())?.trim();
        let rest = self.plain.get(strong.end..)?.trim_start();
        if let Some(label) = label.strip_suffix([':', '：']) {
            return Some((label.trim_end(), rest.trim()));
        }
        let rest = rest.strip_prefix([':', '：'])?;
        Some((label, rest.trim()))
    }

    /// The label of [`Self::bold_label`], or of a plain line such as `Fecha: 4 de Enero`.
    pub fn label(&self) -> Option<(&str, &str)> {
        if let Some(found) = self.bold_label() {
            return Some(found);
        }
        let (label, value) = self.plain.split_once(':')?;
        // `http://…` and `10:30` are not labels.
        let value_is_apart = value.is_empty() || value.starts_with(char::is_whitespace);
        let label = label.trim();
        (value_is_apart && !label.is_empty()).then(|| (label, value.trim()))
    }

    /// What is in backticks.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.code.iter().filter_map(|range| self.plain.get(range.clone()))
    }

    pub fn is_strong(&self) -> bool {
        let bold: usize = self.strong.iter().map(Range::len).sum();
        bold > 0 && bold + 2 >= self.plain.trim().len()
    }
}

/// Lines of one paragraph as one line.
pub(super) fn joined(lines: &[TextLine]) -> String {
    let mut all = String::new();
    for line in lines {
        if !all.is_empty() {
            all.push(' ');
        }
        all.push_str(line.plain.trim());
    }
    all
}
