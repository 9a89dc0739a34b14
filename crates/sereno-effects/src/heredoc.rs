//! Here-documents: what they feed, and what runs in them.
//!
//! The parser takes a body that begins with a backslash for arguments, and does not see a substitution that a body
//! begins with; both are read from the text itself.

use crate::analyzer::Analyzer;
use crate::hidden::hides_substitution;
use crate::source::Source;
use crate::stream::Stream;
use crate::walk::Place;
use crate::word;
use std::ops::Range;
use tree_sitter::Node;

impl Analyzer<'_> {
    /// What a here-document brings to the standard input.
    pub(crate) fn heredoc(&mut self, source: &Source<'_>, redirect: Node<'_>, place: &Place) -> Stream {
        let Some(span) = body_of(source, redirect) else {
            return Stream::text("");
        };
        let raw = source.slice(span.clone());
        let at = (place.shift == Some(0)).then_some(span.start);
        match child_of(redirect, "heredoc_body").filter(|body| body.byte_range() == span) {
            Some(body) if !is_quoted(source, redirect) && raw.contains(['$', '`', '\\']) => {
                Stream::text(self.expand_heredoc(source, body))
            }
            _ => Stream::Text { text: raw.to_owned(), at },
        }
    }

    /// Variables that are known are put in; a substitution leaves the mark.
    fn expand_heredoc(&self, source: &Source<'_>, body: Node<'_>) -> String {
        let mut text = String::new();
        let mut at = body.start_byte();
        for child in body.named_children(&mut body.walk()) {
            if matches!(child.kind(), "simple_expansion" | "expansion" | "command_substitution") {
                text.push_str(source.slice(at..child.start_byte()));
                text.push_str(&word::single(source, child.byte_range(), &self.scope));
                at = child.end_byte();
            }
        }
        text.push_str(source.slice(at..body.end_byte()));
        text
    }

    /// Visits what a here-document substitutes.
    pub(crate) fn substitutions_of_heredoc(&mut self, source: &Source<'_>, redirect: Node<'_>, place: &Place) {
        let body = child_of(redirect, "heredoc_body");
        if let Some(body) = body {
            self.substitutions(source, body, place);
        }
        let Some(span) = body_of(source, redirect).filter(|_| !is_quoted(source, redirect)) else {
            return;
        };
        let mut unseen = String::new();
        let mut at = span.start;
        if let Some(body) = body.filter(|body| body.byte_range() == span) {
            for child in body.named_children(&mut body.walk()).filter(|child| child.kind() != "heredoc_content") {
                unseen.push_str(source.slice(at..child.start_byte()));
                at = child.end_byte();
            }
        }
        unseen.push_str(source.slice(at..span.end));
        if hides_substitution(&unseen) {
            let inner = Place { shift: None, anchor: Some(place.locate(span)), ..place.perhaps() };
            self.inner_shell(&format!(": \"{}\"", unseen.replace('"', "\\\"")), &inner);
        }
    }
}

fn child_of<'n>(node: Node<'n>, kind: &str) -> Option<Node<'n>> {
    node.named_children(&mut node.walk()).find(|child| child.kind() == kind)
}

fn is_quoted(source: &Source<'_>, redirect: Node<'_>) -> bool {
    child_of(redirect, "heredoc_start")
        .is_some_and(|start| source.slice(start.byte_range()).contains(['\'', '"', '\\']))
}

/// Bytes of the body: those of the tree, or what the lines say where the parser took the body for arguments.
fn body_of(source: &Source<'_>, redirect: Node<'_>) -> Option<Range<usize>> {
    let body = child_of(redirect, "heredoc_body").map(|body| body.byte_range());
    if all_arguments(redirect).all(|word| !source.slice(word.byte_range()).starts_with('\n')) {
        return body;
    }
    let start = child_of(redirect, "heredoc_start")?;
    let mark: String = source.slice(start.byte_range()).chars().filter(|c| !"'\"\\".contains(*c)).collect();
    let after = source.slice(start.end_byte()..source.text.len());
    let from = start.end_byte() + after.find('\n')? + 1;
    let mut end = from;
    for line in source.slice(from..source.text.len()).split_inclusive('\n') {
        if line.trim_end().trim_start_matches('\t') == mark {
            break;
        }
        end += line.len();
    }
    Some(from..end)
}

fn all_arguments(redirect: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let mut cursor = redirect.walk();
    redirect.children_by_field_name("argument", &mut cursor).collect::<Vec<_>>().into_iter()
}

/// Words on a here-document's first line, after its mark.
pub(crate) fn arguments<'n>(source: &Source<'_>, redirect: Node<'n>) -> Vec<Node<'n>> {
    all_arguments(redirect).take_while(|word| !source.slice(word.byte_range()).starts_with('\n')).collect()
}
