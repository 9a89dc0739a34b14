//! The features: each looks at one thing and says how much it weighs for which class.

use super::evidence::{Case, Counts, Pile};
use super::kind::Kind;
use super::near::Topic;
use super::tag::Tag;
use super::{dialect, form, json, promql, sql};
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
}

pub(super) fn shell(case: &Case, counts: &Counts, pile: &mut Pile) {
    let class = BlockClass::Shell;
    let sure = counts.share(|kind| matches!(kind, Kind::ShellPrompt | Kind::Command | Kind::Continued));
    pile.add(class, 10.0 * sure, "lines that are commands");
    pile.add(class, 6.0 * counts.share(|kind| kind == Kind::LikelyCommand), "lines shaped like commands");
    pile.add(class, 3.0 * counts.share(|kind| kind == Kind::WeakCommand), "lines that could be commands");
    pile.add(class, 9.0 * counts.share(|kind| kind == Kind::Export), "exported variables");
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
        Tag::Windows => pile.add(class, 4.0, "tagged as a shell of Windows"),
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
        pile.add(BlockClass::Promql, 8.0, "tagged as PromQL");
    }
    pile.add(BlockClass::Other, 12.0 * counts.share(|kind| kind == Kind::Search), "a search language");
}

pub(super) fn config(case: &Case, counts: &Counts, pile: &mut Pile) {
    let class = BlockClass::Config;
    let yaml = counts.count(|kind| kind == Kind::Yaml);
    let sections = counts.count(|kind| kind == Kind::Section);
    let commands = counts.count(|kind| matches!(kind, Kind::ShellPrompt | Kind::Command));
    let nested = case.lines.iter().filter(|line| line.kind == Kind::Yaml && line.text.starts_with(' ')).count();
    let structured = yaml > 0
        && (nested > 0 || case.tag == Tag::Config)
        && counts.first() != Kind::ShellPrompt
        && commands * 3 <= yaml;
    let assigned =
        sections > 0 || case.tag == Tag::Env || case.tag == Tag::Config || form::env_file(case.lines, case.near);
    let share = counts.share(|kind| {
        kind.is_config()
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
        () if flat_letter || printed => 4.0,
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
    let aligned = counts.share(|kind| matches!(kind, Kind::Table | Kind::Property)) > 0.3;
    let http = counts.first() == Kind::HttpStatus;
    if form::dump(case.text) {
        pile.add(class, 20.0, "the head of a dump");
    }
    if form::ruled_table(case.text) && !matches!(counts.first(), Kind::Client | Kind::ShellPrompt) {
        pile.add(class, 20.0, "a table as a client draws it");
    }
    let share = counts.share(|kind| {
        kind.is_output()
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
    if json::read(case.text).is_some() {
        // What it is for is weighed apart.
        return;
    }
    pile.add(class, 3.0 * counts.share(|kind| kind == Kind::Unknown), "lines of no known kind");
    pile.add(class, 8.0 * form::counted_share(case.lines), "figures that a program printed");
    let begins = matches!(counts.first(), Kind::ShellPrompt | Kind::Command | Kind::Client | Kind::Sql);
    // Programs speak in sentences too; what tells a person what to do is not theirs.
    let announced = if form::imperative_share(case.lines) < 0.5 { 11.0 } else { 6.0 };
    if !begins {
        pile.add(
            class,
            announced * voice(case.near.says(Topic::SureOutput)) * (share + mute).min(1.0),
            "the text announces output",
        );
        if case.near.says(Topic::SureOutput) < 3 {
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
    match case.tag {
        Tag::Output => pile.add(class, 6.0, "tagged as output"),
        Tag::Text => pile.add(class, 1.5, "tagged as text"),
        Tag::Http if http => pile.add(class, 6.0, "an HTTP response"),
        Tag::Console if !begins => pile.add(class, 2.0, "a console without a command"),
        _ => {}
    }
}

pub(super) fn diagram(case: &Case, counts: &Counts, pile: &mut Pile) {
    let class = BlockClass::Diagram;
    if form::diagram_language(case.text) {
        pile.add(class, 30.0, "a language of diagrams");
    }
    if case.tag == Tag::Diagram {
        pile.add(class, 9.0, "tagged as a diagram");
    }
    let drawn = counts.share(|kind| kind == Kind::Drawing);
    let printed = counts.share(|kind| matches!(kind, Kind::Table | Kind::Property | Kind::Log | Kind::Printed));
    let through_menus = form::navigation_share(case.lines) > 0.5;
    if drawn > 0.0 && counts.first_act() != Kind::ShellPrompt && !through_menus {
        let rest = if drawn >= 0.25 { 6.0 } else { 0.0 };
        pile.add(class, 10.0 * drawn + rest - 12.0 * printed, "lines that draw");
        pile.add(class, 3.0 * voice(case.near.says(Topic::Diagram)), "the text announces a drawing");
    }
    if form::asks_why(case.lines) {
        pile.add(class, -14.0, "whys and their answers");
        pile.add(BlockClass::Manual, 8.0, "whys and their answers");
    }
    let steps = form::step_tree(case.lines);
    pile.add(class, 10.0 * steps, "a tree of conditions and steps");
}

pub(super) fn manual(case: &Case, counts: &Counts, pile: &mut Pile) {
    let class = BlockClass::Manual;
    let bullets_are_yaml = counts.count(|kind| kind == Kind::Yaml) > 0 && case.tag == Tag::Config;
    // Under the tag of a language a dash takes a line away, and names in a row are no sentence.
    let programmed = case.tag == Tag::Code;
    let bullets = !bullets_are_yaml && !programmed;
    let share = counts.share(|kind| kind == Kind::Prose || (kind == Kind::Bullet && bullets));
    pile.add(class, if programmed { 5.0 } else { 9.0 } * share, "prose");
    if share > 0.5 && case.tag.is_shell() {
        pile.add(class, 3.0, "prose where commands were promised");
    }
    pile.add(class, 8.0 * form::navigation_share(case.lines), "a way through menus");
    let commented = case.lines.iter().any(|line| line.kind == Kind::Comment);
    if case.tag.is_shell() && commented && counts.share(|kind| kind == Kind::Url) >= 1.0 {
        pile.add(class, 12.0, "an address to be opened, and comments that say what to do there");
    }
    if share > 0.3 {
        pile.add(class, 3.0 * form::imperative_share(case.lines), "it tells a person what to do");
    }
}

pub(super) fn other(case: &Case, counts: &Counts, pile: &mut Pile) {
    let class = BlockClass::Other;
    pile.add(class, 9.0 * counts.share(|kind| kind == Kind::Code), "lines of code");
    if counts.share(|kind| kind == Kind::Code) > 0.2 && !case.tag.is_shell() {
        let rest = counts.share(|kind| {
            matches!(
                kind,
                Kind::Unknown | Kind::Directive | Kind::Setting | Kind::Json | Kind::Yaml | Kind::WeakCommand
            )
        });
        pile.add(class, 6.0 * rest, "the rest of the code");
    }
    pile.add(
        class,
        11.0 * counts.share(|kind| matches!(kind, Kind::Chat | Kind::HttpRequest)),
        "chat commands or requests",
    );
    if counts.first() == Kind::HttpRequest {
        pile.add(class, 10.0, "an HTTP request");
    }
    pile.add(class, 9.0 * counts.share(|kind| kind == Kind::Url), "addresses");
    if counts.share(|kind| kind == Kind::HttpHeader) >= 1.0 {
        pile.add(class, 12.0 * voice(case.near.says(Topic::Request)), "headers of a request");
    }
    if json::read(case.text).is_none() {
        pile.add(class, 5.0 * counts.share(|kind| kind == Kind::Json), "words in quotes, to look for");
    }
    if form::only_options(case.lines) {
        pile.add(class, 9.0, "options without their command");
    }
    if form::search_query(case.text) {
        pile.add(class, 11.0, "a search query");
    }
    let loose = counts.share(|kind| {
        matches!(
            kind,
            Kind::Prose
                | Kind::Bullet
                | Kind::Unknown
                | Kind::Yaml
                | Kind::Property
                | Kind::Printed
                | Kind::Drawing
                | Kind::Url
                | Kind::Section
                | Kind::Chat
                | Kind::WeakCommand
        )
    });
    if loose > 0.6 && counts.count(|kind| matches!(kind, Kind::Command | Kind::ShellPrompt)) == 0 {
        pile.add(class, 6.0 * voice(case.near.says(Topic::Message)) * loose, "the text announces a message");
        pile.add(class, 8.0 * form::message(case.text), "a letter's parts");
        pile.add(class, 14.0 * form::form_share(case.lines), "blanks to be filled in");
        let told = counts.share(|kind| kind == Kind::Prose);
        if told > 0.4 && form::imperative_share(case.lines) <= 0.0 && form::announces(case.text) {
            pile.add(class, 12.0, "an announcement");
        }
        if form::labelled_share(case.lines) > 0.5 && !case.text.contains("\n  ") {
            pile.add(class, 5.0, "labels to be filled in");
        }
        pile.add(class, 5.0 * voice(case.near.says(Topic::Search)) * loose, "the text names a search tool");
    }
    let headings = case.lines.iter().filter(|line| line.text.starts_with("# ") || line.text.starts_with("## ")).count();
    if headings > 0
        && counts.share(|kind| matches!(kind, Kind::Prose | Kind::Bullet | Kind::Unknown | Kind::Yaml)) > 0.5
        && !case.tag.is_shell()
        && case.tag != Tag::Config
    {
        pile.add(class, 4.0, "a document's headings");
    }
    match case.tag {
        Tag::Code => pile.add(class, 7.0, "tagged as another language"),
        Tag::Markdown => pile.add(class, 8.0, "tagged as text to be copied"),
        Tag::Http => pile.add(class, 4.0, "tagged as HTTP"),
        Tag::Unknown => pile.add(class, 1.5, "an unknown tag"),
        _ => {}
    }
    if case.text.starts_with("#!/") && !form::shebang_is_shell(case.text) {
        pile.add(class, 12.0, "another language's shebang");
    }
}
