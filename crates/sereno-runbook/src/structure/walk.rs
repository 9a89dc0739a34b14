//! The steps of a runbook in the order of the text, before they are given to procedures.

use super::comments::{expected, is_condition};
use super::draft::Draft;
use super::links::speaks_of_failure;
use super::script::{self, trimmed_title};
use super::sections::{Outline, clean_title};
use crate::document::{Document, ElementKind, Item, RawBlock, TextLine};
use crate::facts::decision;
use crate::model::{Block, Role, StepKind};
use crate::text::fold;
use sereno_model::BlockClass;

/// Steps, and the commands found in prose that still have to be judged.
#[derive(Default)]
pub(super) struct Walked {
    pub(super) drafts: Vec<Draft>,
    pub(super) inline: Vec<RawBlock>,
}

pub(super) fn walk(document: &Document, outline: &Outline, blocks: &[Block]) -> Walked {
    let mut walker = Walker {
        document,
        outline,
        blocks,
        out: Walked::default(),
        groups: 0,
        item: None,
        condition: None,
        prose: Vec::new(),
    };
    for element in &document.elements {
        walker.element(element);
    }
    walker.flush_item();
    walker.add_prose();
    let mut out = walker.out;
    out.drafts.sort_by_key(|draft| draft.line);
    out
}

struct Walker<'a> {
    document: &'a Document,
    outline: &'a Outline,
    blocks: &'a [Block],
    out: Walked,
    /// The last number given to a group of alternatives.
    groups: u32,
    /// The list item at the margin that is open, and how many steps there were before it.
    item: Option<(usize, usize)>,
    /// `Si la migración causó problemas:` above a block.
    condition: Option<String>,
    /// Sentences that are a person's step where a part has no other.
    prose: Vec<(usize, Draft)>,
}

impl Walker<'_> {
    fn element(&mut self, element: &crate::document::Element) {
        match &element.kind {
            ElementKind::Heading(_) | ElementKind::Rule => {
                self.flush_item();
                self.condition = None;
            }
            ElementKind::Item(index) => self.start_item(*index),
            ElementKind::Block(index) => self.block(*index, element.line),
            ElementKind::Text(lines) if element.item.is_none() => self.paragraph(lines),
            ElementKind::Text(_) | ElementKind::Table(_) | ElementKind::Comment(_) => {}
        }
    }

    fn paragraph(&mut self, lines: &[TextLine]) {
        self.flush_item();
        self.condition = None;
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
            return;
        };
        if let Some(words) = expected(first.plain.trim()).filter(|words| !words.is_empty()) {
            self.expect(&words, first.line);
            return;
        }
        let last_words = last.plain.trim();
        if last_words.ends_with(':') && is_condition(last_words) {
            self.condition = Some(last_words.trim_end_matches(':').to_owned());
            return;
        }
        let Some(section) = self.outline.at(first.line) else {
            return;
        };
        let role = self.outline.role(section);
        let own = self.outline.own_roles.get(section).copied().flatten();
        let speaks_of_steps = own == Some(role)
            && matches!(role, Role::Diagnosis | Role::Remedy | Role::IfFails | Role::Verification | Role::Rollback);
        let mut words: Vec<&str> = lines.iter().map(|line| line.plain.trim()).collect();
        // A label line is the section's title; what stands after its colon is the step.
        if self.outline.sections.get(section).is_some_and(|s| s.line == first.line) {
            words.remove(0);
            if let Some((_, value)) = first.label().filter(|(_, value)| !value.is_empty()) {
                words.insert(0, value);
            }
        }
        let text = words.join(" ");
        if speaks_of_steps && text.len() > 3 && !text.ends_with(':') {
            let mut draft = Draft::manual(first_sentence(&text), text, first.line);
            draft.section = section;
            draft.role = speaks_of_failure(&draft.text).then_some(Role::IfFails);
            self.prose.push((section, draft));
        }
    }

    /// What stands after a step says what to expect of it.
    fn expect(&mut self, words: &str, line: usize) {
        let here = self.outline.at(line).map(|section| self.outline.heading_section(section));
        let Some(last) = self.out.drafts.last_mut() else {
            return;
        };
        if here.is_some_and(|here| self.outline.heading_section(last.section) == here) {
            last.expects.get_or_insert_with(|| words.to_owned());
        }
    }

    fn block(&mut self, index: usize, line: usize) {
        let (Some(block), Some(raw)) = (self.blocks.get(index), self.document.blocks.get(index)) else {
            return;
        };
        let Some(section) = self.outline.at(line) else {
            return;
        };
        let item = self.item.and_then(|(open, _)| self.document.items.get(open));
        // A block belongs to the numbered item above it even where its author did not indent it.
        let within_item = item.is_some_and(|item| item.number.is_some() || line <= item.end_line) && raw.item.is_some();
        match block.class {
            BlockClass::Output => return self.sample(block, raw, line),
            BlockClass::Diagram | BlockClass::Other => return,
            BlockClass::Manual if is_of_facts(self.outline.role(section)) => return,
            BlockClass::Config if !asks_to_edit(raw) && !within_item => return,
            _ => {}
        }
        let fallback = self.fallback_title(raw, section, within_item);
        let drafts = script::steps(block, raw, index, fallback.as_deref(), &mut self.groups);
        let condition = self.condition.clone().or_else(|| {
            let title = item.filter(|_| within_item).map(Item::title)?;
            is_condition(&title).then(|| head_of(&title))
        });
        let several = drafts.len() > 1;
        for (position, mut draft) in drafts.into_iter().enumerate() {
            if let (true, Some(item)) = (within_item, item) {
                let title = item_title(item);
                if several && draft.title != title && !title.is_empty() {
                    draft.title = trimmed_title(&format!("{title}: {}", draft.title));
                }
                // The item is where a reader looks for its first step.
                if position == 0 && self.item.is_some_and(|(_, before)| before == self.out.drafts.len()) {
                    draft.line = item.line;
                }
            }
            draft.section = section;
            draft.condition = draft.condition.or_else(|| condition.clone());
            self.out.drafts.push(draft);
        }
    }

    /// A sample of the answer is what the step before it is expected to say.
    fn sample(&mut self, block: &Block, raw: &RawBlock, line: usize) {
        const MAX: usize = 400;
        let told = raw.label.iter().chain(&raw.before).any(|words| {
            let folded = fold(words);
            folded.contains("esperad")
                || folded.contains("expected")
                || folded.contains("debe")
                || folded.contains("should")
        });
        if told {
            let text = block.text.trim();
            let end = text.char_indices().nth(MAX).map_or(text.len(), |(at, _)| at);
            let words = text.get(..end).unwrap_or(text).to_owned();
            self.expect(&words, line);
        }
    }

    /// The words that introduce a block, best first: the item it stands in, the sentence above it.
    fn fallback_title(&self, raw: &RawBlock, section: usize, within_item: bool) -> Option<String> {
        if within_item && let Some(item) = self.item.and_then(|(open, _)| self.document.items.get(open)) {
            return Some(item_title(item)).filter(|title| !title.is_empty());
        }
        let before = raw.before.as_deref()?;
        let label = self.outline.labels.get(section).copied().flatten();
        let names_section = label.is_some_and(|_| {
            self.outline.sections.get(section).is_some_and(|s| before.trim_end_matches(':').ends_with(s.title.as_str()))
        });
        let last = before.rsplit(". ").next().unwrap_or(before).trim();
        (!names_section && last.ends_with(':') && last.chars().count() <= 120).then(|| trimmed_title(last))
    }

    fn start_item(&mut self, index: usize) {
        let Some(item) = self.document.items.get(index) else {
            return;
        };
        if item.parent.is_none() {
            self.flush_item();
            self.item = Some((index, self.out.drafts.len()));
        } else {
            self.nested(item);
        }
    }

    /// `- Redis: `redis-cli ping`` and `- Si falta espacio: …` inside a step.
    fn nested(&mut self, item: &Item) {
        let Some((open, _)) = self.item else { return };
        let Some(top) = self.document.items.get(open) else {
            return;
        };
        let (Some(section), Some(line)) = (self.outline.at(item.line), item.text.first()) else {
            return;
        };
        if !self.lists_steps(section, top) {
            return;
        }
        let title = item_title(top);
        if let Some((label, command)) = sole_command(line) {
            let label = if label.is_empty() { title } else { format!("{title}: {label}") };
            self.command(section, line, label, command);
        }
    }

    /// A step taken when a cause is found.
    fn decided(&mut self, section: usize, line: &TextLine, cause: &str, action: &str) {
        let mut codes = line.codes().filter(|code| action.contains(code));
        let command = codes.next().filter(|code| looks_like_command(code)).map(str::to_owned);
        if let (Some(command), None) = (command, codes.next()) {
            let is_whole = action.trim_matches(['`', '.', ' ']) == command;
            let title = if is_whole { cause } else { action };
            self.command(section, line, title.to_owned(), &command);
        } else {
            let mut draft = Draft::manual(trimmed_title(action), line.plain.trim().to_owned(), line.line);
            draft.section = section;
            self.out.drafts.push(draft);
        }
        if let Some(draft) = self.out.drafts.last_mut() {
            draft.condition = Some(cause.to_owned());
        }
    }

    fn command(&mut self, section: usize, line: &TextLine, title: String, command: &str) {
        let mut draft = Draft::manual(trimmed_title(&title), command.to_owned(), line.line);
        draft.section = section;
        draft.kind = StepKind::Shell;
        draft.inline = Some(self.out.inline.len());
        let offset = line.code.first().map_or(line.span.start, |code| line.span.start + code.start);
        self.out.inline.push(RawBlock {
            line: line.line,
            end_line: line.line,
            first_line: line.line,
            text: format!("{command}\n"),
            info: "bash".to_owned(),
            lang: Some("bash".to_owned()),
            span: line.span.clone(),
            line_offsets: vec![offset],
            fenced: true,
            before: Some(title),
            ..RawBlock::default()
        });
        self.out.drafts.push(draft);
    }

    /// Closes the item at the margin: where it gave no step, it is one itself, if its list is one of steps.
    fn flush_item(&mut self) {
        let Some((index, before)) = self.item.take() else {
            return;
        };
        let Some(item) = self.document.items.get(index) else {
            return;
        };
        let (Some(section), Some(first)) = (self.outline.at(item.line), item.text.first()) else {
            return;
        };
        if self.out.drafts.len() > before || item.checked.is_some() {
            return;
        }
        let arrow = decision::of_line(first, self.is_remedy(section)).filter(|_| item.text.len() == 1);
        // What to do about a cause is a step of an incident, also in a list without numbers.
        let decides = arrow.is_some() && self.outline.role(section) == Role::Incident;
        if !(decides || self.lists_steps(section, item)) {
            return;
        }
        let text = self.whole_text(index, item);
        if let Some(found) = arrow.filter(|_| !text.contains('\n')) {
            self.decided(section, first, &found.cause, &found.action);
        } else if let Some((label, command)) = sole_command(first).filter(|_| !text.contains('\n')) {
            let title = if label.is_empty() { script::command_title(command) } else { label.to_owned() };
            self.command(section, first, title, command);
        } else {
            let title = item_title(item);
            let mut draft = Draft::manual(title, text, item.line);
            draft.section = section;
            draft.condition = is_condition(&item.title()).then(|| head_of(&item.title()));
            self.out.drafts.push(draft);
        }
    }

    fn is_remedy(&self, section: usize) -> bool {
        matches!(self.outline.role(section), Role::Remedy | Role::Diagnosis | Role::Incident)
    }

    /// An item and what is nested in it, a line each.
    fn whole_text(&self, index: usize, item: &Item) -> String {
        let mut text = item.title();
        for nested in self.document.items.iter().skip(index + 1).take_while(|nested| nested.parent.is_some()) {
            text.push_str("\n- ");
            text.push_str(&nested.title());
        }
        text
    }

    /// Whether the items of this item's list are steps, and not facts.
    fn lists_steps(&self, section: usize, item: &Item) -> bool {
        let role = self.outline.role(section);
        if is_of_facts(role)
            || matches!(role, Role::Checklist | Role::Reference | Role::Monitoring)
            || is_link_only(item)
            || self.tells_what_a_script_does(item)
        {
            return false;
        }
        let inner = matches!(role, Role::Diagnosis | Role::Remedy | Role::Verification | Role::IfFails);
        let own_part = self.outline.own_roles.get(section).copied().flatten() == Some(role) && inner;
        // Bullets are steps only where a title says so; numbers are steps by themselves.
        item.number.is_some() || own_part || self.steps_by_title(section)
    }

    fn steps_by_title(&self, section: usize) -> bool {
        self.outline.sections.get(section).is_some_and(|section| {
            let title = fold(clean_title(&section.title));
            ["pasos", "steps", "procedimiento", "procedure", "instrucciones", "instructions"]
                .iter()
                .any(|word| title.starts_with(word))
        })
    }

    /// `**Pasos automáticos del script:**`, `El script te preguntará:`.
    fn tells_what_a_script_does(&self, item: &Item) -> bool {
        let at = self.document.labels.partition_point(|label| label.line < item.line);
        let label = at.checked_sub(1).and_then(|at| self.document.labels.get(at));
        label.filter(|label| label.heading == item.heading).is_some_and(|label| {
            let title = fold(&label.title);
            [
                "automatic",
                "preguntara",
                "pregunta:",
                "will ask",
                "prompts for",
                "el script",
                "the script",
                "cubre",
                "incluye",
                "includes",
            ]
            .iter()
            .any(|word| title.contains(word))
        })
    }

    /// Where a part has sentences and nothing else, the sentences are a person's steps.
    fn add_prose(&mut self) {
        let with_steps: std::collections::HashSet<usize> = self.out.drafts.iter().map(|draft| draft.section).collect();
        for (section, draft) in std::mem::take(&mut self.prose) {
            if !with_steps.contains(&section) {
                self.out.drafts.push(draft);
            }
        }
    }
}

/// Sections that tell facts, where nothing is a step of a person.
fn is_of_facts(role: Role) -> bool {
    matches!(
        role,
        Role::Overview
            | Role::Contacts
            | Role::Escalation
            | Role::Symptoms
            | Role::Impact
            | Role::TargetTime
            | Role::Prerequisites
    )
}

/// A step's title from its item: the bold words, else the sentence.
fn item_title(item: &Item) -> String {
    let Some(first) = item.text.first() else {
        return String::new();
    };
    let bold = first.bold_label().map(|(label, _)| label).or_else(|| {
        let strong = first.strong.first().filter(|strong| strong.start == 0 && strong.len() > 3)?;
        first.plain.get(strong.clone())
    });
    match bold {
        Some(bold) => trimmed_title(clean_title(bold)),
        None => first_sentence(&item.title()),
    }
}

fn first_sentence(text: &str) -> String {
    let end = text.find(". ").map_or(text.len(), |at| at + 1);
    trimmed_title(text.get(..end).unwrap_or(text).trim_end_matches('.'))
}

/// `Si falla, avisar` gives `Si falla`.
fn head_of(title: &str) -> String {
    title.split([',', ':', '→']).next().unwrap_or(title).trim().to_owned()
}

/// The line is a command and perhaps a label before it.
fn sole_command(line: &TextLine) -> Option<(&str, &str)> {
    let [code] = line.code.as_slice() else {
        return None;
    };
    let command = line.plain.get(code.clone())?;
    if !looks_like_command(command) {
        return None;
    }
    let after = line.plain.get(code.end..)?.trim().trim_end_matches(['.', ';']);
    let before = line.plain.get(..code.start)?.trim();
    if !after.is_empty() || before.split_whitespace().count() > 12 {
        return None;
    }
    // `Base de datos: `psql …`` is named by its label; `Restart it with `…`` by the whole sentence.
    let title = match before.strip_suffix(':') {
        Some(label) => label.trim(),
        None if before.is_empty() => "",
        None => line.plain.trim(),
    };
    Some((title, command))
}

/// A program and at least one argument; whether it is one is for others to judge.
fn looks_like_command(code: &str) -> bool {
    let mut words = code.split_whitespace();
    let Some(program) = words.next() else {
        return false;
    };
    let named = program.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/'));
    let lower = program.starts_with(|c: char| c.is_ascii_lowercase() || c == '.' || c == '/');
    named && lower && words.next().is_some()
}

fn is_link_only(item: &Item) -> bool {
    let Some(first) = item.text.first() else {
        return true;
    };
    first.links.iter().any(|link| link.url.starts_with('#') && link.text.len() + 2 >= first.plain.trim().len())
}

/// Contents of a file are a step where the text above asks for an edit.
fn asks_to_edit(raw: &RawBlock) -> bool {
    const WORDS: [&str; 22] = [
        "edit", "agreg", "anad", "crear", "cree", "crea ", "modific", "cambi", "pegar", "copi", "configur", "actualiz",
        "add ", "create", "paste", "change", "update", "modify", "set ", "replace", "reemplaz", "ajust",
    ];
    let first_comment = raw.text.lines().next().filter(|line| line.trim_start().starts_with('#'));
    raw.before.as_deref().into_iter().chain(first_comment).any(|words| {
        let folded = fold(words);
        WORDS.iter().any(|word| folded.contains(word))
    })
}
