//! From pulldown-cmark's events to elements.

use super::html::{is_html_name, is_shortcode, summary};
use super::info::is_command;
use super::line::{Link, TextLine, joined};
use super::mend::Mended;
use super::{Document, Element, ElementKind, Heading, Item, Note, RawBlock, Table};
use crate::text::{Lines, capped};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::ops::Range;

pub(super) fn cut(source: &str, mended: &Mended<'_>, notes: &mut Vec<(Note, usize)>) -> Document {
    let mut cutter = Cutter {
        source,
        mended,
        notes,
        document: Document { lines: Lines::of(source), ..Document::default() },
        items: Vec::new(),
        lists: Vec::new(),
        list_count: 0,
        text: None,
        block: None,
        html: None,
        table: None,
        strong_from: None,
        link_from: None,
        trail: Vec::new(),
    };
    let body = mended.text.get(mended.body..).unwrap_or_default();
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
    for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
        let start = mended.to_source(range.start + mended.body);
        let end = mended.to_source(range.end + mended.body);
        cutter.event(event, start..end.max(start));
    }
    cutter.finish()
}

/// Titles are copied to every block under them: longer than this, only their beginning is.
const MAX_WORDS: usize = 300;

struct Cutter<'a, 'b> {
    source: &'a str,
    mended: &'a Mended<'a>,
    notes: &'b mut Vec<(Note, usize)>,
    document: Document,
    /// The items open now, outermost first.
    items: Vec<usize>,
    /// The lists open now: their number, and the number of the next item.
    lists: Vec<(usize, Option<u64>)>,
    list_count: usize,
    /// The paragraph, heading, cell or item text being read.
    text: Option<TextRun>,
    block: Option<OpenBlock>,
    html: Option<(String, Range<usize>)>,
    table: Option<(Table, Range<usize>, Vec<TextLine>)>,
    strong_from: Option<usize>,
    link_from: Option<(usize, String)>,
    /// The headings open now, outermost first.
    trail: Vec<usize>,
}

struct TextRun {
    done: Vec<TextLine>,
    current: TextLine,
    span: Range<usize>,
}

struct OpenBlock {
    raw: RawBlock,
    /// Whether the next text begins a line.
    at_line_start: bool,
}

impl Cutter<'_, '_> {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Text(text) => match (&mut self.block, &mut self.html) {
                (Some(_), _) => self.block_text(&text, range),
                (None, Some((html, _))) => html.push_str(&text),
                (None, None) => self.words(&text, range),
            },
            Event::Code(code) | Event::InlineMath(code) | Event::DisplayMath(code) => {
                let from = self.run(range.clone()).current.plain.len();
                self.words(&code, range);
                if let Some(run) = &mut self.text {
                    let to = run.current.plain.len();
                    run.current.code.push(from..to);
                }
            }
            Event::Html(html) => {
                if let Some((all, _)) = &mut self.html {
                    all.push_str(&html);
                }
            }
            Event::InlineHtml(html) => self.inline_html(&html, range),
            Event::SoftBreak | Event::HardBreak => self.line_break(range),
            Event::Rule => {
                let (line, end_line) = self.line_range(&range);
                self.push(ElementKind::Rule, line, end_line, range);
            }
            Event::TaskListMarker(checked) => {
                if let Some(item) = self.items.last().and_then(|index| self.document.items.get_mut(*index)) {
                    item.checked = Some(checked);
                }
            }
            Event::FootnoteReference(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Paragraph | Tag::Heading { .. } => {
                self.end_text();
                self.run(range);
            }
            Tag::CodeBlock(kind) => self.start_block(&kind, range),
            Tag::HtmlBlock => {
                self.end_text();
                self.html = Some((String::new(), range));
            }
            Tag::List(first) => {
                self.end_text();
                self.list_count += 1;
                self.lists.push((self.list_count, first));
            }
            Tag::Item => self.start_item(range),
            Tag::BlockQuote(_) => self.end_text(),
            Tag::Table(_) => {
                self.end_text();
                self.table = Some((Table { header: Vec::new(), rows: Vec::new() }, range, Vec::new()));
            }
            Tag::TableCell => {
                self.text = None;
                self.run(range);
            }
            Tag::Strong => {
                let at = self.run(range).current.plain.len();
                self.strong_from.get_or_insert(at);
            }
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                let at = self.run(range).current.plain.len();
                self.link_from.get_or_insert((at, dest_url.into_string()));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::Heading(level) => self.end_heading(level, range),
            TagEnd::Paragraph | TagEnd::BlockQuote(_) => self.end_text(),
            TagEnd::CodeBlock => self.end_block(range),
            TagEnd::HtmlBlock => self.end_html(),
            TagEnd::List(_) => {
                self.end_text();
                self.lists.pop();
            }
            TagEnd::Item => {
                self.end_text();
                let end_line = self.line_range(&range).1;
                if let Some(item) = self.items.pop().and_then(|index| self.document.items.get_mut(index)) {
                    item.end_line = end_line;
                }
            }
            TagEnd::Table => self.end_table(),
            TagEnd::TableHead | TagEnd::TableRow => {
                if let Some((table, _, cells)) = &mut self.table {
                    let cells = std::mem::take(cells);
                    if tag == TagEnd::TableHead {
                        table.header = cells;
                    } else {
                        table.rows.push(cells);
                    }
                }
            }
            TagEnd::TableCell => {
                if let (Some((_, _, cells)), Some(run)) = (&mut self.table, self.text.take()) {
                    cells.push(run.current);
                }
            }
            TagEnd::Strong => self.end_strong(),
            TagEnd::Link | TagEnd::Image => {
                if let (Some((from, url)), Some(run)) = (self.link_from.take(), &mut self.text) {
                    let to = run.current.plain.len();
                    run.current.links.push(Link { text: from.min(to)..to, url });
                }
            }
            _ => {}
        }
    }

    /// The text being read; begun here when none is (tight list items have no paragraph of their own).
    fn run(&mut self, range: Range<usize>) -> &mut TextRun {
        let line = self.document.lines.line(range.start);
        self.text.get_or_insert_with(|| TextRun {
            done: Vec::new(),
            current: TextLine { line, span: range.clone(), ..TextLine::default() },
            span: range,
        })
    }

    fn words(&mut self, words: &str, range: Range<usize>) {
        let run = self.run(range.clone());
        if run.current.plain.is_empty() {
            run.current.span.start = range.start.max(run.current.span.start);
        }
        run.current.plain.push_str(words);
        run.current.span.end = range.end;
        run.span.end = run.span.end.max(range.end);
    }

    /// Tags are left out; what only looks like one (`<pod-name>`) is a word.
    fn inline_html(&mut self, html: &str, range: Range<usize>) {
        let name: String =
            html.trim_start_matches(['<', '/']).chars().take_while(char::is_ascii_alphanumeric).collect();
        let rest = html.trim_start_matches(['<', '/']).get(name.len()..).unwrap_or_default();
        if name.eq_ignore_ascii_case("br") {
            self.words(" ", range);
        } else if !(html.starts_with("<!--") || is_html_name(&name) && rest.starts_with([' ', '>', '/'])) {
            self.words(html, range);
        }
    }

    fn line_break(&mut self, range: Range<usize>) {
        if let Some((html, _)) = &mut self.html {
            html.push('\n');
            return;
        }
        let line = self.document.lines.line(range.end);
        // Bold and links may go on over the break: close them here, open them again there.
        let strong = self.strong_from.is_some();
        self.end_strong();
        let link = self.link_from.take();
        let run = self.run(range.clone());
        let next = TextLine { line, span: range.end..range.end, ..TextLine::default() };
        let done = std::mem::replace(&mut run.current, next);
        run.done.push(done);
        if strong {
            self.strong_from = Some(0);
        }
        self.link_from = link.map(|(_, url)| (0, url));
    }

    fn end_strong(&mut self) {
        if let (Some(from), Some(run)) = (self.strong_from.take(), &mut self.text) {
            let to = run.current.plain.len();
            if from < to {
                run.current.strong.push(from..to);
            }
        }
    }

    fn end_text(&mut self) {
        self.strong_from = None;
        self.link_from = None;
        let Some(mut run) = self.text.take() else {
            return;
        };
        run.done.push(run.current);
        run.done.retain(|line| !is_shortcode(&line.plain));
        let (Some(first), Some(last)) = (run.done.first(), run.done.last()) else {
            return;
        };
        let (line, end_line) = (first.line, last.line);
        if let Some(item) = self.items.last().and_then(|index| self.document.items.get_mut(*index))
            && item.text.is_empty()
        {
            item.text.clone_from(&run.done);
        }
        self.push(ElementKind::Text(run.done), line, end_line, run.span);
    }

    fn end_heading(&mut self, level: HeadingLevel, range: Range<usize>) {
        let Some(mut run) = self.text.take() else {
            return;
        };
        self.strong_from = None;
        run.done.push(run.current);
        let mut text = run.done.first().cloned().unwrap_or_default();
        if run.done.len() > 1 {
            text.plain = joined(&run.done);
        }
        let level = level as u8;
        let (line, end_line) = self.line_range(&range);
        text.line = line;
        while let Some(open) = self.trail.last().copied() {
            let Some(heading) = self.document.headings.get_mut(open) else {
                break;
            };
            if heading.level < level {
                break;
            }
            heading.end_line = line.saturating_sub(1);
            self.trail.pop();
        }
        let parent = self.trail.last().copied();
        let index = self.document.headings.len();
        self.document.headings.push(Heading { level, text, parent, end_line });
        self.trail.push(index);
        self.push(ElementKind::Heading(index), line, end_line, range);
    }

    fn start_item(&mut self, range: Range<usize>) {
        self.end_text();
        let (list, number) = match self.lists.last_mut() {
            Some((list, next)) => {
                let number = *next;
                *next = next.map(|n| n.saturating_add(1));
                (*list, number)
            }
            None => (0, None),
        };
        let (line, end_line) = self.line_range(&range);
        let index = self.document.items.len();
        let parent = self.items.last().copied();
        let heading = self.trail.last().copied();
        self.document.items.push(Item {
            line,
            end_line,
            parent,
            number,
            checked: None,
            text: Vec::new(),
            list,
            heading,
        });
        self.items.push(index);
        self.push(ElementKind::Item(index), line, end_line, range);
    }

    fn start_block(&mut self, kind: &CodeBlockKind<'_>, range: Range<usize>) {
        self.end_text();
        let fenced = matches!(kind, CodeBlockKind::Fenced(_));
        let info = match kind {
            CodeBlockKind::Fenced(info) => info.trim().to_owned(),
            CodeBlockKind::Indented => String::new(),
        };
        let lang = info.split([' ', '\t', '{', ',']).next().filter(|word| !word.is_empty()).map(str::to_owned);
        let line = self.document.lines.line(range.start);
        let raw = RawBlock {
            line,
            first_line: line + usize::from(fenced),
            info,
            lang,
            fenced,
            span: range,
            heading: self.trail.last().copied(),
            item: self.items.last().copied(),
            ..RawBlock::default()
        };
        self.block = Some(OpenBlock { raw, at_line_start: true });
    }

    fn block_text(&mut self, text: &str, range: Range<usize>) {
        let Some(open) = &mut self.block else { return };
        if open.raw.text.is_empty() && !text.is_empty() {
            open.raw.first_line = self.document.lines.line(range.start);
        }
        let mut offset = range.start;
        for line in text.split_inclusive('\n') {
            if open.at_line_start {
                open.raw.line_offsets.push(offset.min(range.end));
            }
            open.at_line_start = line.ends_with('\n');
            offset += line.len();
        }
        open.raw.text.push_str(text);
    }

    fn end_block(&mut self, range: Range<usize>) {
        let Some(OpenBlock { mut raw, .. }) = self.block.take() else {
            return;
        };
        raw.span = range;
        let source = self.source.get(raw.span.clone()).unwrap_or_default();
        let trimmed = source.trim_end();
        raw.end_line = raw.line + trimmed.bytes().filter(|b| *b == b'\n').count();
        raw.span.end = raw.span.start + trimmed.len();
        if raw.fenced {
            self.check_fence(&raw, trimmed);
        } else {
            raw.line = raw.first_line;
        }
        raw.trail = self
            .trail
            .iter()
            .filter_map(|index| self.document.headings.get(*index))
            .map(|heading| capped(&heading.text.plain, MAX_WORDS).to_owned())
            .collect();
        let (line, end_line, span) = (raw.line, raw.end_line, raw.span.clone());
        let index = self.document.blocks.len();
        self.document.blocks.push(raw);
        self.push(ElementKind::Block(index), line, end_line, span);
    }

    fn check_fence(&mut self, raw: &RawBlock, source: &str) {
        let mark = source.trim_start().chars().next().unwrap_or('`');
        let last = source.rsplit('\n').next().unwrap_or_default();
        let last = last.trim_start_matches([' ', '\t', '>']);
        let closing = !last.is_empty() && last.chars().all(|c| c == mark);
        if raw.end_line == raw.line || !closing {
            let to_the_end = self.source.get(raw.span.end..).is_none_or(|rest| rest.trim().is_empty());
            self.notes.push((if to_the_end { Note::UnclosedFence } else { Note::CutFence }, raw.span.start));
        }
        if is_command(&raw.info) {
            self.notes.push((Note::SwallowedCommand, raw.span.start));
        }
    }

    fn end_html(&mut self) {
        let Some((html, span)) = self.html.take() else {
            return;
        };
        let (line, end_line) = self.line_range(&span);
        if let Some(inside) = html.trim().strip_prefix("<!--") {
            let inside = inside.strip_suffix("-->").unwrap_or(inside).trim().to_owned();
            self.push(ElementKind::Comment(inside), line, end_line, span);
        } else if let Some(title) = summary(&html) {
            let strong = std::iter::once(0..title.len()).collect();
            let text = TextLine { line, span: span.clone(), strong, plain: title, ..TextLine::default() };
            self.push(ElementKind::Text(vec![text]), line, end_line, span);
        }
    }

    fn end_table(&mut self) {
        self.text = None;
        let Some((table, span, _)) = self.table.take() else {
            return;
        };
        let (line, end_line) = self.line_range(&span);
        self.push(ElementKind::Table(table), line, end_line, span);
    }

    fn push(&mut self, kind: ElementKind, line: usize, end_line: usize, span: Range<usize>) {
        let item = self.items.last().copied();
        let heading = self.trail.last().copied();
        self.document.elements.push(Element { kind, line, end_line, span, item, heading });
    }

    /// First and last line of a span, blank lines at its end not counted.
    fn line_range(&self, range: &Range<usize>) -> (usize, usize) {
        let line = self.document.lines.line(range.start);
        let bytes = self.source.as_bytes().get(range.clone()).unwrap_or_default();
        let blank = bytes.iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
        let end = (range.start + bytes.len() - blank).saturating_sub(1).max(range.start);
        (line, self.document.lines.line(end))
    }

    fn finish(mut self) -> Document {
        self.end_text();
        debug_assert!(self.mended.body <= self.source.len());
        let trimmed = self.source.trim_end_matches('\n').len();
        let last = self.document.lines.line(trimmed.saturating_sub(1));
        for index in std::mem::take(&mut self.trail) {
            if let Some(heading) = self.document.headings.get_mut(index) {
                heading.end_line = last;
            }
        }
        self.document
    }
}
