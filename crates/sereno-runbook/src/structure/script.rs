//! One block cut into steps, at its comments and blank lines, never inside of a statement.

use super::comments::{Comment, is_condition};
use super::draft::Draft;
use super::statements::{foreign_class, has_job_control, is_trivial, kind, needs, paragraphs};
use crate::document::RawBlock;
use crate::model::{Block, Placeholder, PlaceholderKind, Statement};
use sereno_model::{BlockClass, Flag};
use std::ops::Range;

/// The steps of a block; `fallback` is the title of a step about which the block says nothing.
pub(super) fn steps(
    block: &Block,
    raw: &RawBlock,
    index: usize,
    fallback: Option<&str>,
    groups: &mut u32,
) -> Vec<Draft> {
    let script = Script::of(block, raw);
    let grouped = script.group();
    let mut drafts = Vec::new();
    let mut header: Option<String> = None;
    let mut block_condition: Option<String> = None;
    let mut asked: Option<String> = None;
    let mut numbered_before = false;
    let any_statement = grouped.iter().any(|group| !group.statements.is_empty());
    for (position, group) in grouped.iter().enumerate() {
        let heads_the_block = position == 0 && group.statements.is_empty() && any_statement && !group.marked();
        if heads_the_block {
            block_condition.clone_from(&group.condition);
            header = group.first_words();
            continue;
        }
        let mut draft = script.draft(group, index);
        if draft.title.is_empty() {
            draft.title =
                header.take().or_else(|| fallback.map(str::to_owned)).unwrap_or_else(|| command_title(&draft.text));
        } else if let (true, Some(fallback)) = (grouped.len() == 1 && !group.marked(), fallback) {
            // The item or label that introduces a block of one step names it better than its comment.
            fallback.clone_into(&mut draft.title);
        }
        // `# Si el secreto es otro:` above `# 1.` holds for all the numbers; between two of them, for one.
        if group.numbered {
            if draft.condition.is_some() {
                asked = draft.condition.clone().filter(|_| !numbered_before);
            } else {
                draft.condition.clone_from(&asked);
            }
            numbered_before = true;
        }
        draft.condition = draft.condition.or_else(|| block_condition.clone());
        drafts.push((draft, group.choice));
    }
    alternatives(drafts, groups)
}

/// Numbers the steps that exclude each other.
fn alternatives(drafts: Vec<(Draft, Choice)>, groups: &mut u32) -> Vec<Draft> {
    let mut out: Vec<Draft> = Vec::with_capacity(drafts.len());
    let mut last: Option<(u32, u32, Choice)> = None;
    for (mut draft, choice) in drafts {
        last = match (choice, last) {
            (Choice::None, _) => None,
            (Choice::Same, Some((group, number, kind))) => {
                draft.alternative = Some((group, number, draft.title.clone()));
                Some((group, number, kind))
            }
            (Choice::Same, None) => None,
            (Choice::Option, Some((group, number, Choice::Option))) => Some((group, number + 1, Choice::Option)),
            (Choice::Option, _) => {
                *groups += 1;
                Some((*groups, 1, Choice::Option))
            }
            (Choice::Or, Some((group, number, kind))) => Some((group, number + 1, kind)),
            (Choice::Or, None) => {
                *groups += 1;
                if let Some(previous) = out.last_mut() {
                    previous.alternative = Some((*groups, 1, previous.title.clone()));
                    Some((*groups, 2, Choice::Or))
                } else {
                    Some((*groups, 1, Choice::Or))
                }
            }
        };
        if let (Some((group, number, _)), None) = (last, &draft.alternative) {
            draft.alternative = Some((group, number, draft.title.clone()));
        }
        out.push(draft);
    }
    out
}

/// Whether a group takes the place of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    None,
    /// One of several numbered options.
    Option,
    /// In place of the group before.
    Or,
    /// It goes on with the group before, which a blank line cut.
    Same,
}

/// Lines that make one step.
#[derive(Debug)]
struct Group<'c> {
    title: Option<String>,
    numbered: bool,
    choice: Choice,
    condition: Option<String>,
    expects: Option<String>,
    /// Words of comments, in order.
    comments: Vec<String>,
    statements: Vec<usize>,
    /// Comments below its last statement, with their lines.
    trailing: Vec<(usize, &'c Comment)>,
    first: usize,
    last: usize,
}

impl<'c> Group<'c> {
    fn new(line: usize) -> Self {
        Self {
            title: None,
            numbered: false,
            choice: Choice::None,
            condition: None,
            expects: None,
            comments: Vec::new(),
            statements: Vec::new(),
            trailing: Vec::new(),
            first: line,
            last: line,
        }
    }

    /// Takes the comments below the last statement away again.
    fn give_back_comments(&mut self) -> Vec<(usize, &'c Comment)> {
        let kept: Vec<(usize, &Comment)> =
            self.trailing.drain(..).filter(|(_, c)| !matches!(c, Comment::Expects(_))).collect();
        if let Some((first, _)) = kept.first() {
            self.last = self.last.min(first.saturating_sub(1)).max(self.first);
            self.comments.truncate(self.comments.len().saturating_sub(kept.len()));
        }
        kept
    }

    fn is_empty(&self) -> bool {
        self.comments.is_empty() && self.statements.is_empty()
    }

    /// It says by itself that it is a step.
    fn marked(&self) -> bool {
        self.numbered || matches!(self.choice, Choice::Option | Choice::Or)
    }

    fn first_words(&self) -> Option<String> {
        self.title.clone().or_else(|| self.comments.first().cloned())
    }
}

enum Line {
    Blank,
    Comment(Comment),
    /// The statement that begins on it.
    Statement(usize),
    /// Inside of a statement, or text that is neither (sample output).
    Inside,
}

struct Script<'a> {
    block: &'a Block,
    raw: &'a RawBlock,
    lines: Vec<Line>,
    /// For each line, its bytes in the block's text.
    spans: Vec<Range<usize>>,
    /// For each statement, its lines.
    extents: Vec<Range<usize>>,
    statements: Vec<Statement>,
    numbered: bool,
}

impl<'a> Script<'a> {
    fn of(block: &'a Block, raw: &'a RawBlock) -> Self {
        let mut spans = Vec::new();
        let mut start = 0;
        for line in block.text.split_inclusive('\n') {
            spans.push(start..start + line.trim_end_matches('\n').len());
            start += line.len();
        }
        let statements =
            if block.statements.is_empty() { paragraphs(block, raw, &spans) } else { block.statements.clone() };
        let mut owner: Vec<Option<usize>> = vec![None; spans.len()];
        let mut extents = Vec::with_capacity(statements.len());
        for (index, statement) in statements.iter().enumerate() {
            let from = statement.line.saturating_sub(raw.first_line).min(spans.len());
            let to = (from + statement.text.trim_end().matches('\n').count() + 1).min(spans.len());
            extents.push(from..to);
            for slot in owner.get_mut(from..to).into_iter().flatten() {
                slot.get_or_insert(index);
            }
        }
        let mark = if matches!(block.class, BlockClass::Sql) { "--" } else { "#" };
        let mut seen = None;
        let lines: Vec<Line> = spans
            .iter()
            .zip(&owner)
            .map(|(span, owner)| {
                let text = block.text.get(span.clone()).unwrap_or_default().trim();
                match owner {
                    Some(index) if seen == Some(*index) => Line::Inside,
                    Some(index) => {
                        seen = Some(*index);
                        Line::Statement(*index)
                    }
                    None if text.is_empty() => Line::Blank,
                    None if text.starts_with("#!") => Line::Inside,
                    None => match text.strip_prefix(mark) {
                        Some(words) => comment(words.trim_start_matches(['#', '-'])),
                        None if block.class == BlockClass::Manual => comment(text),
                        None => Line::Inside,
                    },
                }
            })
            .collect();
        let numbered = lines.iter().any(|line| matches!(line, Line::Comment(Comment::Numbered(_))));
        Self { block, raw, lines, spans, extents, statements, numbered }
    }

    fn group(&self) -> Vec<Group<'_>> {
        let whole = self.statements.iter().any(|statement| statement.job_control || has_job_control(&statement.text));
        let mut groups: Vec<Group<'_>> = Vec::new();
        let mut current = Group::new(0);
        let mut blank = false;
        for (at, line) in self.lines.iter().enumerate() {
            match line {
                Line::Blank => blank = true,
                Line::Inside => {}
                Line::Comment(comment) => {
                    if !whole && self.comment_cuts(at, &current, blank) && !current.is_empty() {
                        groups.push(std::mem::replace(&mut current, Group::new(at)));
                    }
                    take_comment(&mut current, comment, at);
                    if !current.statements.is_empty() {
                        current.trailing.push((at, comment));
                    }
                    blank = false;
                }
                Line::Statement(index) => {
                    if self.statement_cuts(*index, &current, blank, whole) {
                        let mut next = Group::new(at);
                        if !matches!(current.choice, Choice::None) {
                            next.choice = Choice::Same;
                        }
                        next.condition.clone_from(&current.condition);
                        // Comments right above a statement go with it.
                        for (comment_at, comment) in current.give_back_comments() {
                            take_comment(&mut next, comment, comment_at);
                        }
                        groups.push(std::mem::replace(&mut current, next));
                    }
                    current.trailing.clear();
                    if current.is_empty() {
                        current.first = at;
                    }
                    current.statements.push(*index);
                    current.last = self.extents.get(*index).map_or(at, |extent| extent.end.saturating_sub(1)).max(at);
                    blank = false;
                }
            }
        }
        if !current.is_empty() {
            groups.push(current);
        }
        self.join_preamble(groups)
    }

    fn comment_cuts(&self, at: usize, current: &Group<'_>, blank: bool) -> bool {
        let has_statements = !current.statements.is_empty();
        let Some(Line::Comment(comment)) = self.lines.get(at) else {
            return false;
        };
        let heads_a_statement = matches!(self.lines.get(at + 1), Some(Line::Statement(_)));
        match comment {
            Comment::Numbered(_) => has_statements || current.marked() || current.condition.is_none() || blank,
            Comment::Choice(_) | Comment::Or(_) => true,
            Comment::Condition(_) => has_statements || (blank && !self.numbered) || current.marked(),
            Comment::Expects(_) => !has_statements && blank,
            Comment::Plain(_) => !self.numbered && (blank || (has_statements && heads_a_statement)),
        }
    }

    fn statement_cuts(&self, index: usize, current: &Group<'_>, blank: bool, whole: bool) -> bool {
        let Some(previous) = current.statements.last().and_then(|previous| self.statements.get(*previous)) else {
            return false;
        };
        let Some(statement) = self.statements.get(index) else {
            return false;
        };
        if statement.foreign != previous.foreign {
            return true;
        }
        let waits =
            |statement: &Statement| statement.flags.iter().any(|f| matches!(f, Flag::Interactive | Flag::Endless));
        !whole && ((blank && !self.numbered) || waits(statement) || waits(previous))
    }

    /// Settings at the head of a numbered script (`set -e`, variables, a banner) belong to its first step.
    fn join_preamble<'g>(&self, mut groups: Vec<Group<'g>>) -> Vec<Group<'g>> {
        let trivial = |group: &Group<'_>| {
            !group.marked()
                && !group.statements.is_empty()
                && group.statements.iter().filter_map(|index| self.statements.get(*index)).all(is_trivial)
        };
        if self.numbered && groups.len() > 1 && groups.first().is_some_and(trivial) {
            let preamble = groups.remove(0);
            if let Some(first) = groups.first_mut().filter(|first| !first.statements.is_empty()) {
                let mut statements = preamble.statements;
                statements.append(&mut first.statements);
                first.statements = statements;
                first.first = preamble.first;
            } else {
                groups.insert(0, preamble);
            }
        }
        groups
    }

    fn draft(&self, group: &Group<'_>, index: usize) -> Draft {
        let from = self.spans.get(group.first).map_or(0, |span| span.start);
        let to = self.spans.get(group.last).map_or(self.block.text.len(), |span| span.end);
        let text = self.block.text.get(from..to.max(from)).unwrap_or_default();
        let statements: Vec<&Statement> =
            group.statements.iter().filter_map(|index| self.statements.get(*index)).collect();
        let line = self.raw.first_line + group.title_line(self);
        let title = group.title.clone().or_else(|| group.comments.first().cloned()).unwrap_or_default();
        if statements.is_empty() {
            let text = group.comments.join("\n");
            let title = if title.is_empty() { text.clone() } else { title };
            let mut draft = Draft::manual(trimmed_title(&title), text, line);
            draft.class = Some(self.block.class);
            draft.block = Some(index);
            draft.span = from..to.max(from);
            draft.condition = group.condition_of(&title);
            draft.needs = needs(&self.block.placeholders, &draft.text, line, self.raw.first_line + group.last);
            return draft;
        }
        let foreign = statements.first().and_then(|statement| statement.foreign.clone());
        let mut draft = Draft::manual(trimmed_title(&title), text.to_owned(), line);
        draft.kind = kind(self.block.class, foreign.as_deref());
        draft.class = Some(foreign.as_deref().map_or(self.block.class, foreign_class));
        draft.foreign = foreign;
        draft.block = Some(index);
        draft.span = from..to.max(from);
        draft.expects.clone_from(&group.expects);
        draft.condition = group.condition_of(&title);
        self.judge(&mut draft, &statements);
        let last = self.raw.first_line + group.last;
        draft.needs = needs(&self.block.placeholders, &draft.text, self.raw.first_line + group.first, last);
        let unmet = |p: &&Placeholder| p.kind != PlaceholderKind::Prompt && draft.needs.contains(&p.name);
        if self.block.placeholders.iter().any(|p| unmet(&p)) && !draft.flags.contains(&Flag::NeedsValues) {
            draft.flags.push(Flag::NeedsValues);
        }
        draft
    }

    /// Risk, effects and flags of a step from its statements.
    fn judge(&self, draft: &mut Draft, statements: &[&Statement]) {
        let alone = statements.len() == self.statements.len();
        draft.risk = statements.iter().filter_map(|statement| statement.risk).max();
        for statement in statements {
            for effect in &statement.effects {
                if !draft.effects.contains(effect) {
                    draft.effects.push(effect.clone());
                }
            }
            for flag in &statement.flags {
                if !draft.flags.contains(flag) {
                    draft.flags.push(*flag);
                }
            }
        }
        if alone {
            draft.risk = draft.risk.max(self.block.risk);
            if draft.effects.is_empty() {
                draft.effects.clone_from(&self.block.effects);
            }
            for flag in &self.block.flags {
                if !draft.flags.contains(flag) {
                    draft.flags.push(*flag);
                }
            }
        } else if self.block.flags.contains(&Flag::Continues) && !draft.flags.contains(&Flag::Continues) {
            draft.flags.push(Flag::Continues);
        }
        if draft.foreign.is_some() {
            draft.risk = None;
        }
    }
}

impl Group<'_> {
    /// The line by which a reader finds the step: its comment, else its first statement.
    fn title_line(&self, script: &Script<'_>) -> usize {
        let first_statement = self.statements.first().and_then(|index| script.extents.get(*index)).map(|e| e.start);
        let marks = |at: usize| matches!(script.lines.get(at), Some(Line::Comment(c)) if Some(c.words()) == self.title.as_deref());
        (self.first..=self.last).find(|at| marks(*at)).or(first_statement).map_or(self.first, |at| at.max(self.first))
    }

    fn condition_of(&self, title: &str) -> Option<String> {
        self.condition.clone().or_else(|| {
            is_condition(title).then(|| {
                let head = title.split([',', ':']).next().unwrap_or(title);
                head.trim().to_owned()
            })
        })
    }
}

fn comment(words: &str) -> Line {
    let words = words.trim();
    let ruled = words.chars().all(|c| !c.is_alphanumeric());
    if ruled { Line::Inside } else { Line::Comment(Comment::of(words)) }
}

fn take_comment(group: &mut Group<'_>, comment: &Comment, at: usize) {
    if group.is_empty() {
        group.first = at;
    }
    group.last = group.last.max(at);
    let named = group.title.is_some();
    match comment {
        Comment::Numbered(words) => {
            group.numbered = true;
            group.title = Some(words.clone());
            if let Comment::Or(_) = Comment::of(words) {
                group.choice = Choice::Or;
            }
        }
        Comment::Choice(words) => {
            group.choice = Choice::Option;
            group.title = Some(words.clone());
        }
        Comment::Or(words) => {
            group.choice = Choice::Or;
            group.title = (!words.is_empty()).then(|| words.clone());
        }
        Comment::Condition(words) if group.statements.is_empty() => {
            group.condition = Some(words.clone());
        }
        Comment::Expects(words) if !group.statements.is_empty() => {
            group.expects.get_or_insert_with(|| words.clone());
        }
        Comment::Plain(words) if !named && group.statements.is_empty() => {
            group.title = Some(words.clone());
        }
        Comment::Condition(_) | Comment::Expects(_) | Comment::Plain(_) => {}
    }
    let words = comment.words();
    if !words.is_empty() {
        group.comments.push(words.to_owned());
    }
}

/// A command as a title.
pub(super) fn command_title(text: &str) -> String {
    let command =
        text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    let command = command.strip_prefix("$ ").unwrap_or(command).trim_end_matches('\\').trim();
    trimmed_title(command)
}

/// A title is one line of a length that fits a screen.
pub(super) fn trimmed_title(title: &str) -> String {
    const MAX: usize = 120;
    let line = title.lines().next().unwrap_or_default().trim().trim_end_matches(':').trim();
    match line.char_indices().nth(MAX) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or(line).trim_end()),
        None => line.to_owned(),
    }
}
