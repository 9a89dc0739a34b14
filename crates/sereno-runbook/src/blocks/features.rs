//! The features: each looks at one thing and says how much it weighs for which class.

use super::evidence::{Case, Counts, Pile};
use super::kind::{self, Kind};
use super::lines::Line;
use super::near::Topic;
use super::tag::Tag;
use super::{dialect, form, json, promql, shapes, sql};
use sereno_model::BlockClass;

/// How far the surroundings' voice counts: the lead fully, the headings little.
pub(super) fn voice(said: u8) -> f32 {
    match said {
        3 => 1.0,
        2 => 0.5,
        1 => 0.2,
        _ => 0.0,
    }
}

pub(super) fn comments_only(case: &Case, pile: &mut Pile) {
    let comments = case.lines.iter().filter(|line| line.kind.is_silent() && line.kind != Kind::Blank).count();
    if comments == 0 {
        return;
    }
    pile.add(BlockClass::Manual, 5.0, "only comments");
    let headings = case.lines.iter().filter(|line| line.text.starts_with("## ")).count();
    if headings > 0 && matches!(case.tag, Tag::Markdown | Tag::Text | Tag::None) {
        pile.add(BlockClass::Other, 6.0, "a template's headings");
    }
    if case.tag == Tag::Markdown {
        pile.add(BlockClass::Other, 6.0, "tagged as text to be copied");
    }
    // pt-query-digest and its like begin each line of their tables with `#`.
    let columns = case.lines.iter().filter(|line| line.kind == Kind::Comment && is_column(line)).count();
    if columns >= 2 && columns * 3 >= comments {
        pile.add(BlockClass::Output, 9.0, "columns behind a comment's sign");
    }
}

fn is_column(line: &Line) -> bool {
    let text = line.text.trim().trim_start_matches('#').trim();
    text.starts_with("==") && text.contains(" ==") || kind::uncertain(text) == Kind::Table
}

pub(super) fn shell(case: &Case, counts: &Counts, pile: &mut Pile) {
    let class = BlockClass::Shell;
    let sure = counts.share(|kind| matches!(kind, Kind::ShellPrompt | Kind::Command | Kind::Continued));
    pile.add(class, 10.0 * sure, "lines that are commands");
    pile.add(class, 6.0 * counts.share(|kind| kind == Kind::LikelyCommand), "lines shaped like commands");
    pile.add(class, 3.0 * counts.share(|kind| kind == Kind::WeakCommand), "lines that could be commands");
    pile.add(class, 9.0 * counts.share(|kind| kind == Kind::Export), "exported variables");
    // `docker compose exec web python manage.py shell`, and below it what is typed there.
    let behind = counts.count(|kind| matches!(kind, Kind::Client | Kind::Angle));
    let opened = || {
        let first = case.lines.iter().find(|line| !line.kind.is_silent()).map_or("", |line| line.text.trim());
        let (name, rest) = first.split_once(' ').unwrap_or((first, ""));
        !rest.is_empty() && super::command::is_command_name(name, &|_| false)
    };
    let command = matches!(counts.first(), Kind::Command | Kind::LikelyCommand | Kind::WeakCommand);
    let alone = counts.count(|kind| kind.is_shell() || kind == Kind::WeakCommand) == 1;
    if command && behind > 0 && alone && opened() {
        pile.add(class, 18.0, "a command that opened a client, and what was typed there");
    }
    let assigned = counts.share(|kind| kind == Kind::Assignment);
    let acts = counts.count(Kind::is_shell) > 0;
    pile.add(class, if acts { 8.0 } else { 4.0 } * assigned, "variables");
    if counts.first_act() == Kind::ShellPrompt && counts.count(|kind| kind == Kind::Client) > 0 {
        pile.add(class, 10.0, "a shell's prompt, from which a client was opened");
    }
    if counts.count(|kind| kind == Kind::ShellPrompt) > 0 {
        pile.add(class, if counts.first_act() == Kind::ShellPrompt { 8.0 } else { 5.0 }, "a shell's prompt");
    } else if counts.first_act() == Kind::Command {
        pile.add(class, 5.0, "it begins with a command");
    } else if counts.first_act() == Kind::LikelyCommand {
        pile.add(class, 2.0, "it begins like a command");
    }
    let typed = case
        .lines
        .iter()
        .filter(|line| line.kind == Kind::Command && !line.text.starts_with(' '))
        .filter(|line| super::command::certain_shape(line.text, &|_| false))
        .count();
    if case.tag.is_shell()
        && typed > 0
        && counts.first_act() != Kind::Command
        && counts.first() != Kind::Client
        && case.lines.iter().any(|line| line.kind == Kind::Comment)
    {
        pile.add(class, 8.0, "commands among lines to paste");
    }
    if case.text.starts_with("#!/") && form::shebang_is_shell(case.text) {
        pile.add(class, 8.0, "a shell's shebang");
    }
    // Words in quotes and addresses alone are nothing that a shell is given, whatever the tag says.
    let quoted = counts.share(|kind| matches!(kind, Kind::Json | Kind::Url)) >= 1.0 || form::only_options(case.lines);
    match case.tag {
        Tag::Shell if !quoted => pile.add(class, 3.0, "tagged as shell"),
        Tag::Console if !quoted => pile.add(class, 2.0, "tagged as console"),
        _ => {}
    }
    let some = counts.count(|kind| kind.is_shell() || matches!(kind, Kind::WeakCommand | Kind::Unknown)) > 0;
    if some {
        pile.add(class, 1.5 * voice(case.near.says(Topic::Commands)), "the text says to run it");
    }
}

pub(super) fn queries(case: &Case, counts: &Counts, pile: &mut Pile) {
    let (sql, all) = if form::search_query(case.text) { (0, 0) } else { sql::statements(case.text) };
    let sql_share = sql as f32 / all.max(1) as f32;
    if sql > 0 && matches!(counts.first(), Kind::Sql | Kind::Assignment | Kind::Setting) || case.tag == Tag::Sql {
        pile.add(BlockClass::Sql, 14.0 * sql_share, "statements of SQL");
    }
    if counts.first() == Kind::Sql && !form::search_query(case.text) {
        pile.add(BlockClass::Sql, 8.0, "it begins with SQL");
    }
    if case.tag == Tag::Sql {
        pile.add(BlockClass::Sql, 5.0, "tagged as SQL");
    }
    let commands = counts.share(|kind| matches!(kind, Kind::Command | Kind::ShellPrompt | Kind::Client));
    if commands < 0.5 && sql == 0 {
        let (good, pieces) = promql::queries(case.text);
        let share = good as f32 / pieces.max(1) as f32;
        let bare = good > 0 && !promql::has_sign(case.text);
        let weight = if bare && case.tag != Tag::Promql { 6.0 } else { 13.0 };
        pile.add(BlockClass::Promql, weight * share, "queries that parse as PromQL");
        if good > 0 {
            pile.add(BlockClass::Promql, 4.0 * voice(case.near.says(Topic::Prometheus)), "the text names Prometheus");
        }
    }
    if case.tag == Tag::Promql {
        let filed = counts.share(Kind::is_config) > 0.3;
        pile.add(BlockClass::Promql, if filed { 8.0 } else { 16.0 }, "tagged as PromQL");
    }
    pile.add(BlockClass::Other, 12.0 * counts.share(|kind| kind == Kind::Search), "a search language");
}

pub(super) fn config(case: &Case, counts: &Counts, pile: &mut Pile) {
    let class = BlockClass::Config;
    let yaml = counts.count(|kind| kind == Kind::Yaml);
    let sections = counts.count(|kind| kind == Kind::Section);
    let commands = counts.count(|kind| matches!(kind, Kind::ShellPrompt | Kind::Command));
    let nested = case.lines.iter().filter(|line| line.kind == Kind::Yaml && line.text.starts_with(' ')).count();
    let tabular = counts.share(|kind| kind == Kind::Table) > 0.5;
    let report = yaml > 0 && is_report(case);
    let structured = yaml > 0
        && !tabular
        && !report
        && (nested > 0 || case.tag == Tag::Config)
        && counts.first() != Kind::ShellPrompt
        && commands * 3 <= yaml;
    let assigned =
        sections > 0 || case.tag == Tag::Env || case.tag == Tag::Config || form::env_file(case.lines, case.near);
    let filed = matches!(case.tag, Tag::Config | Tag::Env);
    let in_file = filed || counts.count(Kind::is_config) > counts.count(|kind| kind == Kind::Figure);
    let share = counts.share(|kind| {
        kind.is_config()
            || (in_file && kind == Kind::Figure)
            || (structured
                && matches!(
                    kind,
                    Kind::Bullet
                        | Kind::Unknown
                        | Kind::Json
                        | Kind::HttpHeader
                        | Kind::Prose
                        | Kind::Promql
                        | Kind::Code
                        | Kind::Table
                        | Kind::WeakCommand
                ))
            || (assigned && matches!(kind, Kind::Assignment | Kind::Export))
    });
    let flat_letter = yaml > 0 && !structured && form::labelled_share(case.lines) > 0.6;
    // A command and, below it, `key: value` without any nesting: that is what it printed.
    let printed = counts.first() == Kind::Command && yaml > 0 && nested == 0 && case.tag != Tag::Config;
    // Assignments are in every language.
    let weight = match () {
        () if flat_letter || printed || report => 4.0,
        () if case.tag == Tag::Code => 5.0,
        () => 10.0,
    };
    pile.add(class, weight * share, "lines of a file");
    if assigned && share < 0.1 {
        pile.add(class, 2.0, "settings");
    }
    if !assigned && counts.share(|kind| kind == Kind::Assignment) > 0.9 {
        pile.add(class, 5.0, "nothing but settings");
    }
    if matches!(case.tag, Tag::Code | Tag::None | Tag::Text | Tag::Unknown) && form::is_attribute(case.lines) {
        pile.add(class, 16.0, "an attribute is set");
    }
    if case.tag.is_shell() && form::bare_settings(case.lines) {
        pile.add(class, 6.0, "many settings, nothing quoted or used");
    }
    if counts.share(|kind| kind == Kind::Cron) > 0.5 || counts.first() == Kind::Cron {
        pile.add(class, 6.0, "lines of a crontab");
    }
    match case.tag {
        Tag::Config | Tag::Env => pile.add(class, 6.0, "tagged as a file"),
        Tag::Json => pile.add(class, 1.0, "tagged as JSON"),
        _ => {}
    }
    pile.add(class, 2.5 * voice(case.near.says(Topic::Config)), "the text says to edit");
    if case.near.says(Topic::Config) == 3 && case.near.says(Topic::SureOutput) < 3 {
        pile.add(class, 9.0 * counts.share(|kind| kind == Kind::Property), "what a form is filled with");
        pile.add(class, 12.0 * counts.share(|kind| kind == Kind::Figure), "settings and their figures");
    }
    if shapes::braced(case.lines) && case.tag != Tag::Code && !shapes::plan(case.text) {
        pile.add(class, 12.0, "braces around lines of a file");
    }
    if case.near.is_path() && counts.share(Kind::is_shell) < 0.2 && counts.first() != Kind::Client {
        pile.add(class, 10.0, "nothing but a file's name leads to it");
    }
    if case.near.names_file() {
        pile.add(class, 2.5, "the text names a file");
        let edits = case.near.says(Topic::Config) == 3 && case.near.says(Topic::SureOutput) < 3;
        if edits && !case.tag.is_shell() {
            pile.add(class, 12.0 * form::filed_share(case.lines), "lines of the file that is to be edited");
            let typed = counts.share(|kind| kind.is_shell() || matches!(kind, Kind::Sql | Kind::Client | Kind::Prose));
            if typed < 0.2 {
                pile.add(class, 6.0, "the file that is to be edited");
            }
        }
    }
}

pub(super) fn output(case: &Case, counts: &Counts, pile: &mut Pile) {
    let class = BlockClass::Output;
    let yaml = counts.count(|kind| kind == Kind::Yaml);
    let aligned = counts.share(|kind| matches!(kind, Kind::Table | Kind::Property)) > 0.3;
    let http = counts.first() == Kind::HttpStatus;
    if form::dump(case.text) {
        pile.add(class, 20.0, "the head of a dump");
    }
    if form::ruled_table(case.text) && !matches!(counts.first(), Kind::Client | Kind::ShellPrompt) {
        pile.add(class, 20.0, "a table as a client draws it");
    }
    if !typed_first(counts) && (shapes::framed_table(case.text) || shapes::marginal_error(case.text)) {
        pile.add(class, 24.0, "a frame as tools draw it");
    }
    if !typed_first(counts) && shapes::underlined(case.text) {
        pile.add(class, 20.0, "a table whose heading is underlined");
    }
    if !typed_first(counts) && shapes::usage(case.text) {
        pile.add(class, 20.0, "a tool's own help");
    }
    if shapes::printed_diff(case.text) {
        pile.add(class, 26.0, "what diff prints");
    }
    if !typed_first(counts) && shapes::plan(case.text) {
        pile.add(class, 20.0, "a plan that a tool printed");
    }
    if yaml > 0 && is_report(case) && !typed_first(counts) {
        pile.add(class, 9.0, "what a tool tells of a thing");
    }
    if counts.count(|kind| kind == Kind::Trace) > 0 && shapes::is_trace(case.lines) {
        pile.add(class, 10.0, "a trace");
    }
    let loose = matches!(case.tag, Tag::None | Tag::Text | Tag::Output | Tag::Unknown);
    if loose && shapes::separated(case.text) && counts.share(|kind| matches!(kind, Kind::Unknown | Kind::Log)) > 0.9 {
        pile.add(class, 8.0, "rows of a report");
    }
    if counts.count(|kind| kind == Kind::Markup) > 0 && case.near.says(Topic::SureOutput) == 3 {
        pile.add(class, 20.0 * counts.share(|kind| kind == Kind::Markup), "markup, as a response");
    }
    let filed = matches!(case.tag, Tag::Config | Tag::Env);
    let figures = !filed && counts.count(Kind::is_config) <= counts.count(|kind| kind == Kind::Figure);
    let share = counts.share(|kind| {
        kind.is_output()
            || (figures && kind == Kind::Figure)
            || (aligned && matches!(kind, Kind::Unknown | Kind::Yaml))
            || (http && matches!(kind, Kind::HttpHeader | Kind::Json | Kind::Yaml | Kind::Markup))
    });
    pile.add(class, 10.0 * share, "lines that programs print");
    if dialect::is_cut_log(case) {
        pile.add(class, 10.0, "a log that was cut");
    }
    let mute = counts.share(|kind| {
        matches!(
            kind,
            Kind::Unknown
                | Kind::Prose
                | Kind::Yaml
                | Kind::Setting
                | Kind::HttpHeader
                | Kind::Url
                | Kind::WeakCommand
                | Kind::Bullet
                | Kind::Assignment
        )
    });
    if case.below_commands && case.tag == Tag::Code && shapes::separated(case.text) {
        pile.add(class, 16.0, "rows of a report, directly below commands");
    }
    if case.below_commands
        && !typed_first(counts)
        && !matches!(case.tag, Tag::Shell | Tag::Code | Tag::Sql | Tag::Promql | Tag::Diagram)
    {
        let printed = counts.share(|kind| {
            !kind.is_shell()
                && !matches!(
                    kind,
                    Kind::Client
                        | Kind::Angle
                        | Kind::Sql
                        | Kind::Promql
                        | Kind::Code
                        | Kind::Export
                        | Kind::ClientLine
                        | Kind::Search
                        | Kind::Drawing
                )
        });
        let told = if form::imperative_share(case.lines) > 0.3 { 2.0 } else { 8.0 };
        pile.add(class, told * printed, "it stands directly below commands");
    }
    if json::read(case.text).is_some() {
        // What it is for is weighed apart.
        return;
    }
    spoken(case, counts, pile);
    pile.add(class, 3.0 * counts.share(|kind| kind == Kind::Unknown), "lines of no known kind");
    pile.add(class, 8.0 * form::counted_share(case.lines), "figures that a program printed");
    let begins = matches!(counts.first(), Kind::ShellPrompt | Kind::Command | Kind::Client | Kind::Sql);
    // Programs speak in sentences too; what tells a person what to do is not theirs.
    let announced = if form::imperative_share(case.lines) < 0.5 { 11.0 } else { 6.0 };
    let program = case.near.program_speaks();
    if !begins {
        let said = if program || case.near.announces_output() { 3 } else { case.near.says(Topic::SureOutput) };
        pile.add(class, announced * voice(said) * (share + mute).min(1.0), "the text announces output");
        if said < 3 {
            pile.add(class, 2.0 * voice(case.near.says(Topic::Output)), "the text may announce output");
        }
    }
    if !case.tag.is_shell() && case.near.is_output_label() {
        pile.add(class, 30.0, "the text before it is a label of output");
    }
    let quoted = counts.share(|kind| matches!(kind, Kind::Prose | Kind::Unknown | Kind::Failure)) >= 1.0
        && case.lines.len() <= 3
        && form::imperative_share(case.lines) <= 0.0;
    if quoted && matches!(case.tag, Tag::None | Tag::Text) && case.near.is_about_an_error() {
        pile.add(class, 9.0, "the heading names the error that it shows");
    }
    let bare = matches!(case.tag, Tag::None | Tag::Text) && counts.count(Kind::is_shell) == 0;
    if bare && !case.near.is_handed_on() && form::imperative_share(case.lines) <= 0.0 && form::fails(case.lines) {
        pile.add(
            class,
            8.0 * counts.share(|kind| matches!(kind, Kind::Prose | Kind::Unknown)),
            "it speaks of a failure",
        );
    }
    match case.tag {
        Tag::Output => pile.add(class, 6.0, "tagged as output"),
        Tag::Text => pile.add(class, 1.5, "tagged as text"),
        Tag::Http if http => pile.add(class, 6.0, "an HTTP response"),
        Tag::Console if !begins => pile.add(class, 2.0, "a console without a command"),
        _ => {}
    }
}

/// The lead says that a program speaks: whatever the language of its lines, they were printed.
fn spoken(case: &Case, counts: &Counts, pile: &mut Pile) {
    let typed = counts.share(|kind| kind.is_shell() || matches!(kind, Kind::Export | Kind::Promql | Kind::Sql));
    let file = case.near.names_file() && counts.share(Kind::is_config) > 0.5;
    let named = !case.near.program_speaks() && case.near.announces_output();
    if named && matches!(case.tag, Tag::None | Tag::Text | Tag::Output) && typed <= 0.0 {
        pile.add(BlockClass::Output, 12.0 * counts.share(|kind| kind == Kind::Markup), "markup, named as an answer");
    }
    if !case.near.program_speaks() || typed > 0.2 || typed_first(counts) || file || case.tag == Tag::Promql {
        return;
    }
    let foreign = counts.share(|kind| {
        matches!(
            kind,
            Kind::HttpRequest
                | Kind::Markup
                | Kind::Search
                | Kind::Code
                | Kind::Json
                | Kind::Chat
                | Kind::Directive
                | Kind::Keyword
                | Kind::Section
                | Kind::ClientLine
        )
    });
    let code = if matches!(case.tag, Tag::Code | Tag::Diagram | Tag::Config) { 0.0 } else { foreign };
    pile.add(BlockClass::Output, 18.0 * code, "the text says that a program speaks");
}

/// A tool tells of a thing, and the text does not say to fill anything in.
fn is_report(case: &Case) -> bool {
    case.near.says(Topic::Config) < 3 && shapes::report(case.text, case.tag == Tag::Config) && form::told(case.text)
}

/// It begins with what somebody types.
fn typed_first(counts: &Counts) -> bool {
    matches!(counts.first(), Kind::Client | Kind::ShellPrompt | Kind::Command | Kind::Angle)
}
