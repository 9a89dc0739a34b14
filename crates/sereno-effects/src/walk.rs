//! The walk over a shell's syntax tree, statement by statement.

use crate::analyzer::{Analyzer, Findings, MOST_DEPTH};
use crate::hidden::{backticks_within, hides_substitution};
use crate::source::Source;
use crate::stream::Stream;
use crate::word::{self, Field};
use sereno_model::Risk;
use std::ops::Range;
use tree_sitter::{Node, Tree};

/// Where a command stands.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) stdin: Stream,
    /// What it runs inside of, outermost first.
    pub(crate) via: Vec<String>,
    /// The bytes in the outermost text that stand for an inner text.
    pub(crate) anchor: Option<Range<usize>>,
    /// Added to an inner text's offsets, when it runs byte for byte like the outermost text.
    pub(crate) shift: Option<usize>,
    pub(crate) depth: usize,
    /// In a branch, a loop or a function: it may not be reached, or be reached twice.
    pub(crate) maybe: bool,
    /// Something stops it after a time.
    pub(crate) bounded: bool,
}

impl Place {
    pub(crate) fn top() -> Self {
        Self {
            stdin: Stream::Terminal,
            via: Vec::new(),
            anchor: None,
            shift: Some(0),
            depth: 0,
            maybe: false,
            bounded: false,
        }
    }

    pub(crate) fn deeper(&self) -> Self {
        Self { depth: self.depth + 1, ..self.clone() }
    }

    pub(crate) fn perhaps(&self) -> Self {
        Self { depth: self.depth + 1, maybe: true, ..self.clone() }
    }

    pub(crate) fn with_stdin(&self, stdin: Stream) -> Self {
        Self { stdin, ..self.clone() }
    }

    /// Bytes of the outermost text for bytes of the text being read.
    pub(crate) fn locate(&self, span: Range<usize>) -> Range<usize> {
        match (&self.anchor, self.shift) {
            (_, Some(shift)) => span.start + shift..span.end + shift,
            (Some(anchor), None) => anchor.clone(),
            (None, None) => span,
        }
    }
}

/// All comments outside of heredocs, in order.
pub(crate) fn comments(source: &Source<'_>, tree: &Tree) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if !source.masked.contains('#') {
        return found;
    }
    descend(tree.root_node(), |node| {
        if node.kind() == "comment" {
            found.push(node.byte_range());
        }
        true
    });
    found
}

/// A loop that nothing in it leaves: `while true`, `while sleep 5`, `until false`, `for ((;;))`.
fn endless_loop(source: &Source<'_>, node: Node<'_>) -> bool {
    let mut cursor = node.walk();
    let conditions: Vec<_> = node.children_by_field_name("condition", &mut cursor).filter(Node::is_named).collect();
    let condition = conditions.last().map_or("", |last| source.slice(last.byte_range())).trim();
    let goes_on = match node.kind() {
        "c_style_for_statement" => conditions.is_empty(),
        _ if source.slice(node.byte_range()).starts_with("until") => condition == "false",
        _ => {
            let name = condition.split_whitespace().next().unwrap_or_default();
            matches!(name, "true" | ":" | "sleep") || matches!(condition, "[ 1 ]" | "[[ 1 ]]" | "((1))" | "(( 1 ))")
        }
    };
    if !goes_on {
        return false;
    }
    let mut left = false;
    descend(node, |inner| {
        let leaves = inner.kind() == "command"
            && matches!(
                source.slice(inner.byte_range()).split_whitespace().next(),
                Some("break" | "exit" | "return" | "exec")
            );
        left |= leaves;
        !left
    });
    !left
}

/// Visits a node and what is below it, in order, without recursion; `enter` says whether to go below a node.
pub(crate) fn descend<'n>(node: Node<'n>, mut enter: impl FnMut(Node<'n>) -> bool) {
    let mut cursor = node.walk();
    let mut depth = 0usize;
    loop {
        if enter(cursor.node()) && cursor.goto_first_child() {
            depth += 1;
            continue;
        }
        while depth > 0 && !cursor.goto_next_sibling() {
            cursor.goto_parent();
            depth -= 1;
        }
        if depth == 0 {
            return;
        }
    }
}

fn named_children(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).collect()
}

impl Analyzer<'_> {
    /// Gives each statement of the program with what was found in it.
    pub(crate) fn top_level(&mut self, source: &Source<'_>, tree: &Tree, mut give: impl FnMut(Range<usize>, Findings)) {
        let place = Place::top();
        let root = tree.root_node();
        self.collect_errors(source, tree);
        let statements = statements_of(root);
        for (node, background) in &statements {
            let span = trim_end(source.text, node.byte_range());
            if span.is_empty() {
                continue;
            }
            let found = self.apart(|this| {
                this.statement(source, *node, &place, *background);
                this.uses(source, *node, &place);
            });
            give(span, found);
        }
    }

    /// An inner text: its statements count as parts of the one that holds it.
    pub(crate) fn walk_program(&mut self, source: &Source<'_>, tree: &Tree, place: &Place) {
        if tree.root_node().has_error() {
            self.found.raise(Risk::Unclear);
            crate::salvage::read(source.text, &mut self.found);
        }
        self.suspicious_leaves(source, tree.root_node(), None);
        for (node, background) in statements_of(tree.root_node()) {
            self.statement(source, node, place, background);
        }
    }

    fn statement(&mut self, source: &Source<'_>, node: Node<'_>, place: &Place, background: bool) {
        if background {
            let found = self.apart(|this| this.visit(source, node, place));
            // What runs in the background does not hold the reader up.
            self.found.absorb(Findings { endless: false, job_control: true, ..found });
        } else {
            self.visit(source, node, place);
        }
    }

    fn body(&mut self, source: &Source<'_>, node: Node<'_>, place: &Place) {
        for (child, background) in statements_of(node) {
            self.statement(source, child, place, background);
        }
    }

    pub(crate) fn visit(&mut self, source: &Source<'_>, node: Node<'_>, place: &Place) {
        if place.depth >= MOST_DEPTH || self.budget == 0 {
            self.found.unclear(crate::analyzer::shorten(source.slice(node.byte_range())));
            crate::salvage::read(source.slice(node.byte_range()), &mut self.found);
            return;
        }
        self.budget -= 1;
        match node.kind() {
            "comment" => {}
            "command" => self.command(source, node, &[], place),
            "redirected_statement" => self.redirected(source, node, place),
            "pipeline" => self.pipeline(source, &named_children(node), place),
            "list" => self.list(source, node, place),
            "variable_assignment" => self.assignment(source, node, place, true),
            "variable_assignments" => {
                for child in named_children(node) {
                    self.assignment(source, child, place, true);
                }
            }
            "declaration_command" => self.declaration(source, node, place),
            "unset_command" => {
                self.subscripts(source, node);
                for child in named_children(node) {
                    self.scope.forget(source.slice(child.byte_range()));
                }
            }
            "function_definition" => self.function(source, node, place),
            "for_statement" => self.for_loop(source, node, place),
            "while_statement" | "c_style_for_statement" => {
                self.compound(source, node, &place.perhaps());
                self.found.endless |= !place.bounded && endless_loop(source, node);
            }
            "if_statement" | "case_statement" | "case_item" | "elif_clause" | "else_clause" | "subshell"
            | "do_group" => self.compound(source, node, &place.perhaps()),
            "compound_statement" | "negated_command" => {
                self.compound(source, node, &place.deeper());
            }
            "test_command" => {
                self.subscripts(source, node);
                self.substitutions(source, node, place);
            }
            "ERROR" => {
                self.found.unclear(crate::analyzer::shorten(source.slice(node.byte_range())));
                crate::salvage::read(source.slice(node.byte_range()), &mut self.found);
                self.compound(source, node, &place.perhaps());
            }
            _ => self.substitutions(source, node, place),
        }
    }

    /// Statements among a node's children are visited; words among them are searched for substitutions.
    fn compound(&mut self, source: &Source<'_>, node: Node<'_>, place: &Place) {
        self.body(source, node, place);
    }

    /// `a && b || c`: the tree leans to the left as deep as the list is long, so it is unrolled.
    fn list(&mut self, source: &Source<'_>, node: Node<'_>, place: &Place) {
        let mut parts = Vec::new();
        let mut at = node;
        loop {
            let mut children = named_children(at);
            children.retain(|child| child.kind() != "comment");
            let first = if children.is_empty() { None } else { Some(children.remove(0)) };
            parts.extend(children.into_iter().rev());
            match first {
                Some(first) if first.kind() == "list" => at = first,
                Some(first) => {
                    parts.push(first);
                    break;
                }
                None => break,
            }
        }
        for (index, part) in parts.into_iter().rev().enumerate() {
            let place = if index == 0 { place.deeper() } else { place.perhaps() };
            self.visit(source, part, &place);
        }
    }

    /// Each command's output is the next one's input.
    pub(crate) fn pipeline(&mut self, source: &Source<'_>, stages: &[Node<'_>], place: &Place) {
        let stages: Vec<_> = stages.iter().filter(|stage| stage.kind() != "comment").collect();
        let mut inner = place.perhaps();
        let last = stages.len().saturating_sub(1);
        let mut endless = false;
        for (index, stage) in stages.into_iter().enumerate() {
            self.output = Stream::Unknown;
            let found = self.apart(|this| this.visit(source, *stage, &inner));
            // `logs -f | head -20` ends with its reader.
            let ends = index > 0 && found.commands.first().is_some_and(ends_its_writer);
            endless = (endless && !ends) || found.endless;
            // A shell or a console at the end of a pipe has something to do.
            let opens = if index == 0 && last == 0 { found.opens.clone() } else { None };
            self.found.absorb(Findings { endless: false, opens, ..found });
            inner = inner.with_stdin(std::mem::replace(&mut self.output, Stream::Unknown));
        }
        self.found.endless |= endless && !place.bounded;
        self.output = inner.stdin;
    }

    fn for_loop(&mut self, source: &Source<'_>, node: Node<'_>, place: &Place) {
        let inner = place.perhaps();
        let mut values = Vec::new();
        let variable = node.child_by_field_name("variable").map(|n| source.slice(n.byte_range()).to_owned());
        let mut cursor = node.walk();
        for value in node.children_by_field_name("value", &mut cursor) {
            values.extend(word::fields(source, value.byte_range(), &self.scope));
            self.substitutions(source, value, place);
        }
        if let Some(name) = variable {
            self.found.set(&name);
            self.scope.forget(&name);
            for (index, value) in values.iter().enumerate() {
                self.scope.set(&name, value.text.clone(), index > 0);
            }
        }
        if source.slice(node.byte_range()).starts_with("select") && place.stdin.is_terminal() {
            self.found.interactive(crate::analysis::Interactive::Prompt);
        }
        if let Some(body) = node.child_by_field_name("body") {
            self.visit(source, body, &inner);
        }
    }

    fn function(&mut self, source: &Source<'_>, node: Node<'_>, place: &Place) {
        let name = node.child_by_field_name("name").map(|n| source.slice(n.byte_range()).to_owned());
        let Some(body) = node.child_by_field_name("body") else {
            return;
        };
        if let Some(name) = name {
            self.bodies.push(source.slice(body.start_byte()..node.end_byte()).to_owned());
            self.scope.functions.insert(name, self.bodies.len() - 1);
        }
        let inner = place.perhaps();
        let arguments = self.scope.replace_arguments(None);
        let found = self.apart(|this| this.visit(source, body, &inner));
        self.scope.replace_arguments(arguments);
        // Defining waits for nobody, sets nothing and executes nothing: calling does.
        self.found.absorb(Findings {
            executes: Vec::new(),
            interactive: None,
            endless: false,
            opens: None,
            sets: Vec::new(),
            prompts: Vec::new(),
            ..found
        });
    }

    /// Calls a function that the text defines, with these arguments.
    pub(crate) fn call(&mut self, name: &str, arguments: &[Field], place: &Place) {
        let Some(body) = self.scope.functions.get(name).and_then(|index| self.bodies.get(*index)).cloned() else {
            return;
        };
        let given = arguments.iter().map(|field| field.text.clone()).collect();
        let before = self.scope.replace_arguments(Some(given));
        let mut inner = Place { maybe: true, anchor: None, shift: None, ..place.deeper() };
        inner.anchor = place.anchor.clone().or_else(|| arguments.first().map(|f| place.locate(f.span.clone())));
        // Each call goes several levels deeper: a function that calls itself ends soon.
        inner.depth += 6;
        self.inner_shell(&body, &inner);
        self.scope.replace_arguments(before);
    }

    pub(crate) fn assignment(&mut self, source: &Source<'_>, node: Node<'_>, place: &Place, lasting: bool) {
        let Some(name) = node.child_by_field_name("name") else {
            return;
        };
        let appends = source.masked_slice(name.end_byte()..node.end_byte()).starts_with("+=");
        let name = source.slice(name.byte_range());
        let name = name.split('[').next().unwrap_or(name).to_owned();
        let value = node.child_by_field_name("value");
        self.substitutions(source, node, place);
        let text = match value {
            Some(value) if value.kind() == "array" => {
                let fields: Vec<String> = named_children(value)
                    .into_iter()
                    .flat_map(|child| word::fields(source, child.byte_range(), &self.scope))
                    .map(|field| field.text)
                    .collect();
                fields.join(" ")
            }
            // The parser may cut a value short (`X=a/b`), so the value runs to the end of the assignment.
            Some(value) => word::single(source, value.start_byte()..node.end_byte(), &self.scope),
            None => String::new(),
        };
        if lasting {
            self.found.set(&name);
        }
        self.variable_set(&name, &text, place.locate(node.byte_range()), place);
        if appends {
            self.scope.append(&name, &text);
        } else {
            self.scope.set(&name, text, place.maybe || !lasting);
        }
        self.output = Stream::text("");
    }

    fn declaration(&mut self, source: &Source<'_>, node: Node<'_>, place: &Place) {
        let local = source.masked_slice(node.byte_range()).starts_with("local");
        self.subscripts(source, node);
        for child in named_children(node) {
            match child.kind() {
                "variable_assignment" => self.assignment(source, child, place, !local),
                "variable_name" if !local => self.found.set(source.slice(child.byte_range())),
                _ => {
                    // `export 'A=b'`.
                    let word = word::single(source, child.byte_range(), &self.scope);
                    if let Some((name, value)) = word.split_once('=') {
                        self.variable_set(name, value, place.locate(child.byte_range()), place);
                    }
                    self.substitutions(source, child, place);
                }
            }
        }
    }

    /// Visits the statements of every substitution below a node.
    pub(crate) fn substitutions(&mut self, source: &Source<'_>, node: Node<'_>, place: &Place) {
        // What is looked for has one of these; most nodes have none, and walking a tree costs more than looking.
        if !source.masked_slice(node.byte_range()).contains(['`', '(', '{']) {
            return;
        }
        let mut inner = Vec::new();
        // `${x@P}` expands what the variable holds once more.
        let mut evaluated = false;
        descend(node, |node| {
            let substitution = matches!(node.kind(), "command_substitution" | "process_substitution");
            if substitution {
                inner.push(node);
            }
            evaluated |= node.kind() == "expansion" && source.slice(node.byte_range()).ends_with("@P}");
            !substitution
        });
        if evaluated {
            self.found.unclear(crate::analyzer::shorten(source.slice(node.byte_range())));
        }
        for node in inner {
            let mut place = place.perhaps();
            // What a substitution reads and prints does not meet the terminal.
            if node.kind() == "process_substitution" {
                place.stdin = Stream::Unknown;
            }
            let output = std::mem::replace(&mut self.output, Stream::Unknown);
            let found = self.apart(|this| match backticks_within(source.slice(node.byte_range())) {
                Some(text) => this.inner_shell(&text, &Place { shift: None, ..place.clone() }),
                None => this.body(source, node, &place),
            });
            self.found.absorb(Findings { opens: None, sets: Vec::new(), ..found });
            self.output = output;
        }
    }

    /// Variables used below a node.
    fn uses(&mut self, source: &Source<'_>, node: Node<'_>, place: &Place) {
        if !source.masked_slice(node.byte_range()).contains('$') {
            return;
        }
        let mut found = Vec::new();
        descend(node, |node| {
            let kind = node.kind();
            if kind == "simple_expansion" || kind == "expansion" {
                let text = source.masked_slice(node.byte_range());
                if let Some((name, has_default)) = variable_use(text) {
                    let span = place.locate(node.byte_range());
                    found.push(crate::analysis::VariableUse { name, span, has_default });
                }
            }
            kind != "function_definition" || !source.text.is_empty()
        });
        self.found.uses.extend(found);
    }

    fn collect_errors(&mut self, source: &Source<'_>, tree: &Tree) {
        let mut errors = Vec::new();
        descend(tree.root_node(), |node| {
            if node.is_error() || node.is_missing() {
                errors.push(node.byte_range());
            }
            node.has_error() && !node.is_error()
        });
        self.suspicious_leaves(source, tree.root_node(), Some(&mut errors));
        self.errors = errors;
    }

    /// A substitution that the parser took for plain text would be run by bash all the same.
    fn suspicious_leaves(&mut self, source: &Source<'_>, root: Node<'_>, mut errors: Option<&mut Vec<Range<usize>>>) {
        if !source.masked.contains('`') && !source.masked.contains("$(") {
            return;
        }
        let mut spans = Vec::new();
        descend(root, |node| {
            if node.child_count() == 0
                && matches!(node.kind(), "word" | "regex" | "string_content" | "extglob_pattern" | "heredoc_content")
                && hides_substitution(source.masked_slice(node.byte_range()))
            {
                spans.push(node.byte_range());
            }
            true
        });
        for span in spans {
            self.found.raise(Risk::Unclear);
            if let Some(errors) = errors.as_deref_mut() {
                errors.push(span);
            }
        }
    }
}

/// The statements among a node's children, each with whether `&` follows it.
fn statements_of(node: Node<'_>) -> Vec<(Node<'_>, bool)> {
    let mut found: Vec<(Node<'_>, bool)> = Vec::new();
    for child in node.children(&mut node.walk()) {
        if child.kind() == "&" {
            if let Some(last) = found.last_mut() {
                last.1 = true;
            }
        } else if child.is_named() && child.kind() != "comment" {
            found.push((child, false));
        }
    }
    found
}

/// The name in `$NAME` or `${NAME…}`, and whether the use brings its own default.
fn variable_use(text: &str) -> Option<(String, bool)> {
    let inside = text.strip_prefix('$')?;
    let inside = inside.strip_prefix('{').map_or(inside, |braced| braced.trim_end_matches('}'));
    let inside = inside.trim_start_matches(['#', '!']);
    let end = inside.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inside.len());
    let (name, operator) = inside.split_at(end);
    if name.is_empty() {
        return None;
    }
    let has_default = [":-", "-", ":=", "=", ":+", "+"].iter().any(|op| operator.starts_with(op));
    Some((name.to_owned(), has_default))
}

fn ends_its_writer(command: &crate::analysis::Command) -> bool {
    command.name == "head"
        || (command.name == "grep" && command.args.iter().any(|arg| arg.raw.starts_with("-m") || arg.raw == "-q"))
}

/// Without the line ends that the parser counts as part of a statement.
fn trim_end(text: &str, span: Range<usize>) -> Range<usize> {
    let slice = text.get(span.clone()).unwrap_or_default();
    span.start..span.start + slice.trim_end_matches(['\n', '\r', ' ', '\t']).len()
}
