//! The outline: headings and label lines as sections with roles and slugs.

use super::roles::{is_inner, role_of};
use crate::document::{Document, Label};
use crate::model::{Role, Section};
use crate::text::{Slugs, fold, without_emoji, without_number};

/// The level of a label line that acts as a heading.
pub(crate) const LABEL_LEVEL: u8 = 7;

/// The sections of a runbook, and how they answer to what was cut.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    /// In the order of the text.
    pub(crate) sections: Vec<Section>,
    /// For each section, the one that it stands in.
    pub(crate) parents: Vec<Option<usize>>,
    /// For each section, its folded title without ornaments.
    pub(crate) folded: Vec<String>,
    /// For each section, the role that its own title tells, without inheritance.
    pub(crate) own_roles: Vec<Option<Role>>,
    /// One heading of the first level stands for the whole document.
    pub(crate) single_title: bool,
    /// For each heading of the document, its section.
    pub(crate) of_heading: Vec<usize>,
    /// For each section, its label in the document; `None` for a heading.
    pub(crate) labels: Vec<Option<usize>>,
}

impl Outline {
    /// The innermost section on a line.
    pub(crate) fn at(&self, line: usize) -> Option<usize> {
        let mut index = self.sections.partition_point(|section| section.line <= line).checked_sub(1)?;
        while self.sections.get(index)?.end_line < line {
            index = self.parent(index)?;
        }
        Some(index)
    }

    pub(crate) fn parent(&self, index: usize) -> Option<usize> {
        self.parents.get(index).copied().flatten()
    }

    pub(crate) fn role(&self, index: usize) -> Role {
        self.sections.get(index).map_or(Role::Other, |section| section.role)
    }

    /// The section itself and those around it, innermost first.
    pub(crate) fn upwards(&self, index: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(index), |index| self.parent(*index))
    }

    /// The nearest section of a heading, for a section that may be a label's.
    pub(crate) fn heading_section(&self, index: usize) -> usize {
        self.upwards(index).find(|i| self.labels.get(*i).copied().flatten().is_none()).unwrap_or(index)
    }
}

/// A title without emoji and number.
pub(crate) fn clean_title(title: &str) -> &str {
    without_number(without_emoji(title)).trim_end_matches([':', ' '])
}

pub(crate) fn outline(document: &Document) -> Outline {
    let first_level = document.headings.iter().filter(|heading| heading.level == 1);
    let mut outline = Outline { single_title: first_level.count() == 1, ..Outline::default() };
    let mut slugs = Slugs::default();
    let mut labels = document.labels.iter().enumerate().peekable();
    for heading in &document.headings {
        while let Some((at, label)) = labels.next_if(|(_, label)| label.line < heading.text.line) {
            push_label(&mut outline, &mut slugs, at, label);
        }
        let parent = heading.parent.and_then(|parent| outline.of_heading.get(parent).copied());
        let title = without_emoji(&heading.text.plain);
        let own = role_of(clean_title(title), parent.map(|parent| outline.role(parent)));
        // Depth one is the title of the document: what it says of its subject is not yet the role of each part.
        let role = own.unwrap_or_else(|| inherited(&outline, parent));
        outline.of_heading.push(outline.sections.len());
        outline.sections.push(Section {
            id: slugs.unique(clean_title(title)),
            title: title.to_owned(),
            role,
            line: heading.text.line,
            level: heading.level,
            parent: parent.and_then(|parent| outline.sections.get(parent)).map(|section| section.id.clone()),
            end_line: heading.end_line,
        });
        outline.parents.push(parent);
        outline.own_roles.push(own);
        outline.labels.push(None);
    }
    for (at, label) in labels {
        push_label(&mut outline, &mut slugs, at, label);
    }
    outline.folded = outline.sections.iter().map(|section| fold(clean_title(&section.title))).collect();
    close_labels(&mut outline, document);
    outline
}

fn inherited(outline: &Outline, parent: Option<usize>) -> Role {
    let Some(parent) = parent else {
        return Role::Other;
    };
    let is_document_title = outline.parent(parent).is_none()
        && outline.sections.get(parent).is_some_and(|section| section.level == 1)
        && outline.single_title;
    if is_document_title { Role::Other } else { outline.role(parent) }
}

fn push_label(outline: &mut Outline, slugs: &mut Slugs, at: usize, label: &Label) {
    let parent = label.heading.and_then(|heading| outline.of_heading.get(heading).copied());
    let within = parent.map(|parent| outline.role(parent));
    let own = role_of(&label.title, within);
    let inner = own.is_some_and(|role| is_inner(role) || role == Role::Rollback);
    // A line with a value is a fact unless its words are those of a part; a plain line that ends in a colon is a sentence
    // unless it is that one word.
    let acts = match (&label.value, label.strong) {
        (None, true) => true,
        (Some(_), true) => inner,
        (_, false) => inner && label.title.split_whitespace().count() <= longest_plain(own, &label.title),
    };
    if !acts || parent.is_none() || closes(&label.title) {
        return;
    }
    let role = own.unwrap_or_else(|| inherited(outline, parent));
    let title = without_emoji(&label.title);
    outline.sections.push(Section {
        id: slugs.unique(clean_title(title)),
        title: title.to_owned(),
        role,
        line: label.line,
        level: LABEL_LEVEL,
        parent: parent.and_then(|parent| outline.sections.get(parent)).map(|section| section.id.clone()),
        end_line: label.line,
    });
    outline.parents.push(parent);
    outline.own_roles.push(own);
    outline.labels.push(Some(at));
}

/// How many words a plain line may have and still head a part: `Cómo saber que quedó bien:` is one, a sentence is none.
fn longest_plain(role: Option<Role>, title: &str) -> usize {
    let folded = fold(title);
    let asks = ["como ", "que ", "donde ", "how ", "what ", "where ", "si ", "if "];
    if role == Some(Role::IfFails) || asks.iter().any(|word| folded.starts_with(word)) { 7 } else { 2 }
}

/// `**Fin del documento**` ends a text and heads nothing.
fn closes(title: &str) -> bool {
    let folded = fold(title);
    ["fin del ", "fin de ", "end of "].iter().any(|word| folded.trim_start().starts_with(word))
        || matches!(folded.trim(), "fin" | "end" | "the end")
}

/// A label's section lasts until the next label or heading, or a rule.
fn close_labels(outline: &mut Outline, document: &Document) {
    let rules: Vec<usize> = document
        .elements
        .iter()
        .filter(|element| matches!(element.kind, crate::document::ElementKind::Rule))
        .map(|element| element.line)
        .collect();
    let last = document.lines.line(document.source.trim_end().len());
    for index in 0..outline.sections.len() {
        if outline.labels.get(index).copied().flatten().is_none() {
            continue;
        }
        let next = outline.sections.get(index + 1).map_or(last + 1, |section| section.line);
        let Some(line) = outline.sections.get(index).map(|section| section.line) else {
            continue;
        };
        let rule = rules.get(rules.partition_point(|rule| *rule <= line)).copied().unwrap_or(usize::MAX);
        if let Some(section) = outline.sections.get_mut(index) {
            section.end_line = (next.min(rule) - 1).max(line);
        }
    }
}
