//! The runbook as a reviewer sees it: commands with their joints, lines of prose, headings, and which belongs where.
//! Built once, read by every lint.

mod command;
mod page;
mod scan;
mod sql;
mod unwrap;

pub(crate) use command::Cmd;
pub(crate) use page::{Heading, Line, plain};
pub(crate) use scan::{Join, Word};
pub(crate) use sql::Query;
pub(crate) use unwrap::{inside_quotes, program, skip_options};

use super::LintContext;
use crate::model::{Block, Runbook};
use sereno_model::BlockClass;
use std::collections::HashMap;
use std::ops::Range;

/// The whole of blocks that stand under no heading.
const HEADLESS: usize = usize::MAX;

/// One block with its commands.
pub(crate) struct BlockView<'a> {
    pub(crate) block: &'a Block,
    /// Range in `Ctx::commands`.
    pub(crate) commands: Range<usize>,
    /// Comments of the shell text, in bytes of the block's text, `#` included.
    pub(crate) comments: Vec<Range<usize>>,
    /// The heading that it stands under (index in `Ctx::headings`).
    pub(crate) heading: Option<usize>,
    /// The whole that it belongs to: its heading, or the one above when the heading only names a phase.
    pub(crate) unit: Option<usize>,
    /// Bodies of here-documents, in bytes of the block's text.
    pub(crate) heredocs: Vec<Range<usize>>,
    starts: Vec<usize>,
    blanked: String,
}

impl BlockView<'_> {
    /// The shell text, with lines that are not for this shell blanked out.
    pub(crate) fn text(&self) -> &str {
        &self.blanked
    }

    /// Bytes of the block's text as bytes of the source.
    pub(crate) fn to_source(&self, span: &Range<usize>) -> Range<usize> {
        let start = self.offset(span.start);
        start..self.offset(span.end).max(start)
    }

    fn offset(&self, at: usize) -> usize {
        let line = self.starts.partition_point(|start| *start <= at).saturating_sub(1);
        let within = at - self.starts.get(line).copied().unwrap_or(0).min(at);
        self.block.line_offsets.get(line).map_or(self.block.span.start, |offset| offset + within)
    }

    /// The block is a shell's.
    pub(crate) fn is_shell(&self) -> bool {
        self.block.class == BlockClass::Shell
    }
}

pub(crate) struct Ctx<'a> {
    pub(crate) book: &'a Runbook,
    pub(crate) context: &'a LintContext<'a>,
    pub(crate) blocks: Vec<BlockView<'a>>,
    pub(crate) commands: Vec<Cmd>,
    pub(crate) queries: Vec<Query>,
    pub(crate) lines: Vec<Line>,
    pub(crate) headings: Vec<Heading>,
    by_unit: HashMap<usize, Vec<usize>>,
    line_starts: Vec<usize>,
}

impl<'a> Ctx<'a> {
    /// `inline` holds the commands of lists, as [`inline_blocks`] gives them.
    pub(crate) fn new(book: &'a Runbook, inline: &'a [Block], context: &'a LintContext<'a>) -> Self {
        let (mut lines, headings) = page::read(book);
        let mut all: Vec<&'a Block> = book.blocks.iter().chain(inline).collect();
        all.sort_by_key(|block| block.span.start);
        // Lines know the blocks of the runbook; their numbers move up for the commands between them.
        let moved: HashMap<usize, usize> =
            all.iter().enumerate().map(|(index, block)| (block.span.start, index)).collect();
        for line in &mut lines {
            let block = line.block.and_then(|block| book.blocks.get(block));
            line.block = block.and_then(|block| moved.get(&block.span.start).copied());
        }
        let line_starts = lines.iter().map(|line| line.span.start).collect();
        let mut commands = Vec::new();
        let mut blocks = Vec::with_capacity(all.len());
        let mut by_unit: HashMap<usize, Vec<usize>> = HashMap::new();
        for (index, block) in all.into_iter().enumerate() {
            let heading = page::heading_of(&headings, block.line);
            let unit = heading.map(|h| page::unit_of(&headings, h));
            let first = commands.len();
            let blanked = blank_foreign(block);
            let mut comments = Vec::new();
            if matches!(block.class, BlockClass::Shell | BlockClass::Manual) {
                let (found, notes) = command::commands(&blanked, index);
                commands.extend(found);
                comments = notes;
            }
            by_unit.entry(unit.unwrap_or(HEADLESS)).or_default().push(index);
            blocks.push(BlockView {
                block,
                commands: first..commands.len(),
                comments,
                heading,
                unit,
                heredocs: scan::scan(&block.text, 0)
                    .commands
                    .into_iter()
                    .filter_map(|command| command.heredoc)
                    .collect(),
                starts: line_starts_of(&block.text),
                blanked,
            });
        }
        let queries = sql::queries(&blocks, &commands);
        Self { book, context, blocks, commands, queries, lines, headings, by_unit, line_starts }
    }

    /// The bytes of the source that a command covers.
    pub(crate) fn place(&self, command: &Cmd) -> Range<usize> {
        self.in_source(command.block, &command.span)
    }

    pub(crate) fn in_source(&self, block: usize, span: &Range<usize>) -> Range<usize> {
        self.blocks.get(block).map_or(0..0, |view| view.to_source(span))
    }

    pub(crate) fn commands_of(&self, block: usize) -> &[Cmd] {
        self.blocks.get(block).and_then(|view| self.commands.get(view.commands.clone())).unwrap_or(&[])
    }

    /// The indexes of the blocks of the whole that `block` belongs to, in order.
    pub(crate) fn unit_blocks(&self, block: usize) -> &[usize] {
        let unit = self.blocks.get(block).map(|view| view.unit.unwrap_or(HEADLESS));
        unit.and_then(|unit| self.by_unit.get(&unit)).map_or(&[], |blocks| blocks)
    }

    /// The commands of the whole that `block` belongs to, in order.
    pub(crate) fn unit_commands(&self, block: usize) -> impl Iterator<Item = &Cmd> {
        self.unit_blocks(block).iter().flat_map(|index| self.commands_of(*index))
    }

    /// The commands of all units, one slice of block indexes each.
    pub(crate) fn units(&self) -> Vec<(&Heading, &[usize])> {
        let mut units: Vec<_> = self.by_unit.iter().collect();
        units.sort_by_key(|(unit, _)| **unit);
        units.into_iter().filter_map(|(unit, blocks)| Some((self.headings.get(*unit)?, blocks.as_slice()))).collect()
    }

    pub(crate) fn unit_heading(&self, block: usize) -> Option<&Heading> {
        self.headings.get(self.blocks.get(block)?.unit?)
    }

    /// The titles above a block, its own heading last, in plain lower case.
    pub(crate) fn titles(&self, block: usize) -> String {
        let mut at = self.blocks.get(block).and_then(|view| view.heading);
        let mut titles = Vec::new();
        while let Some(heading) = at.and_then(|index| self.headings.get(index)) {
            titles.push(heading.plain.as_str());
            at = heading.parent;
        }
        titles.reverse();
        titles.join(" / ")
    }

    /// 1-based line and column, the column in characters.
    pub(crate) fn line_column(&self, at: usize) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= at).max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        (line, self.book.source.get(start..at).map_or(1, |text| text.chars().count() + 1))
    }

    /// The prose of a whole, its label lines included, in plain lower case.
    pub(crate) fn prose_of(&self, heading: &Heading) -> String {
        let mut text = String::new();
        for line in self.lines.iter().filter(|l| l.number >= heading.line && l.number <= heading.end_line) {
            if line.block.is_none() {
                text.push_str(&line.plain);
                text.push('\n');
            }
        }
        text
    }

    /// The comment that ends on the line before `at` or stands on the same line, in plain lower case.
    pub(crate) fn comment_before(&self, command: &Cmd) -> String {
        let Some(view) = self.blocks.get(command.block) else {
            return String::new();
        };
        let text = view.text();
        let near = view.comments.iter().rev().find(|c| c.end <= command.span.start).filter(|c| {
            text.get(c.end..command.span.start)
                .is_some_and(|between| between.trim_matches(['\n', ' ', '\t', '$', '\r']).is_empty())
        });
        near.and_then(|c| text.get(c.clone())).map(plain).unwrap_or_default()
    }
}

/// The commands that lists give between backticks (`- Cola llena → `rabbitmqctl purge_queue q``): steps like any other.
pub(crate) fn inline_blocks(book: &Runbook) -> Vec<Block> {
    let starts = line_starts_of(&book.source);
    let steps = book.procedures.iter().flat_map(|procedure| &procedure.steps);
    let typed = steps.filter(|step| step.block.is_none() && step.class == Some(BlockClass::Shell));
    typed
        .filter_map(|step| {
            let start = *starts.get(step.line.checked_sub(1)?)?;
            let line = book.source.get(start..)?.lines().next()?;
            let at = start + line.find(step.text.trim())?;
            Some(Block {
                line: step.line,
                end_line: step.line,
                lang: None,
                class: BlockClass::Shell,
                flags: step.flags.clone(),
                placeholders: Vec::new(),
                risk: step.risk,
                effects: step.effects.clone(),
                statements: Vec::new(),
                section: None,
                text: step.text.trim().to_owned(),
                span: at..at + step.text.trim().len(),
                line_offsets: vec![at],
            })
        })
        .collect()
}

/// The text with the lines that must not be read as shell replaced by blanks of the same length.
fn blank_foreign(block: &Block) -> String {
    let mut foreign = vec![false; block.text.lines().count() + 1];
    for statement in &block.statements {
        if !matches!(statement.foreign.as_deref(), None | Some("nested")) {
            let first = statement.line.saturating_sub(block.line + usize::from(block.is_fenced()));
            for line in first..first + statement.text.lines().count().max(1) {
                if let Some(flag) = foreign.get_mut(line) {
                    *flag = true;
                }
            }
        }
    }
    let mut out = String::with_capacity(block.text.len());
    for (index, line) in block.text.split_inclusive('\n').enumerate() {
        if foreign.get(index).copied().unwrap_or(false) {
            out.extend(line.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }));
        } else {
            out.push_str(line);
        }
    }
    out
}

impl Block {
    /// The first line of the text is the line after `line`.
    fn is_fenced(&self) -> bool {
        self.line_offsets.first().is_none_or(|first| *first > self.span.start + 2)
    }
}

fn line_starts_of(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}
