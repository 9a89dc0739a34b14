//! The features of what people draw, say and write in other languages: diagrams, steps, templates, code.

use super::evidence::{Case, Counts, Pile};
use super::features::voice;
use super::kind::{self, Kind};
use super::near::Topic;
use super::tag::Tag;
use super::{form, json, shapes};
use sereno_model::BlockClass;

pub(super) fn diagram(case: &Case, counts: &Counts, pile: &mut Pile) {
    let class = BlockClass::Diagram;
    if form::diagram_language(case.text) {
        pile.add(class, 30.0, "a language of diagrams");
    }
    if case.tag == Tag::Diagram {
        pile.add(class, 9.0, "tagged as a diagram");
    }
    let drawn = counts.share(|kind| kind == Kind::Drawing);
    if drawn > 0.0 && (shapes::framed_table(case.text) || shapes::marginal_error(case.text)) {
        return;
    }
    let printed = counts.share(|kind| matches!(kind, Kind::Table | Kind::Property | Kind::Log | Kind::Printed));
    // Among what a person is told to do, arrows lead through menus.
    let told =
        drawn < 1.0 && !case.text.contains(['│', '└', '├', '┌', '▼']) && form::imperative_share(case.lines) > 0.3;
    let through_menus = form::navigation_share(case.lines) > 0.5 || told;
    if drawn > 0.0 && counts.first_act() != Kind::ShellPrompt && !through_menus {
        let rest = if drawn >= 0.25 { 6.0 } else { 0.0 };
        pile.add(class, 10.0 * drawn + rest - 12.0 * printed, "lines that draw");
        pile.add(class, 3.0 * voice(case.near.says(Topic::Diagram)), "the text announces a drawing");
    }
    if case.lines.iter().any(|line| kind::is_bar(line.text.trim())) {
        pile.add(class, 12.0, "a line of time");
    }
    if form::asks_why(case.lines) {
        pile.add(class, -14.0, "whys and their answers");
        pile.add(BlockClass::Manual, 8.0, "whys and their answers");
    }
    let steps = if case.tag == Tag::Code { 0.0 } else { form::step_tree(case.lines) };
    pile.add(class, 10.0 * steps, "a tree of conditions and steps");
}

pub(super) fn manual(case: &Case, counts: &Counts, pile: &mut Pile) {
    let class = BlockClass::Manual;
    let bullets_are_yaml = counts.count(|kind| kind == Kind::Yaml) > 0 && case.tag == Tag::Config;
    // Under the tag of a language a dash takes a line away, and names in a row are no sentence.
    let programmed = matches!(case.tag, Tag::Code | Tag::Diff);
    let bullets = !bullets_are_yaml && !programmed;
    let share = counts.share(|kind| kind == Kind::Prose || (kind == Kind::Bullet && bullets));
    // `Workers: wait for them` tells somebody what to do; `Egress: 212 GB` does not.
    let labelled = share > 0.0
        && form::labelled_share(case.lines) > 0.9
        && case.text.contains(|c: char| c.is_ascii_digit())
        && form::valued(case.text)
        && form::imperative_share(case.lines) <= 0.0
        && !case.tag.is_shell();
    let weight = match () {
        () if programmed => 5.0,
        () if labelled => 4.0,
        () => 9.0,
    };
    pile.add(class, weight * share, "prose");
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
    if case.tag == Tag::Diff || shapes::diff(case.text) {
        // A tool that shows what it would change prints the same.
        let printed = case.near.program_speaks()
            && case
                .near
                .says_any(&["diff", "prints", "shows", "says", "muestra", "ensena", "imprime", "dice", "salida"])
                == 3;
        let class = if printed { BlockClass::Output } else { class };
        pile.add(class, if printed { 30.0 } else { 20.0 }, "a change to a file");
    }
    if shapes::commit_message(case.text) && counts.first() != Kind::Log {
        pile.add(class, 10.0, "the message of a commit");
    }
    if counts.count(|kind| kind == Kind::Markup) > 0
        && (case.near.says(Topic::Request) == 3 || case.near.is_request_line())
    {
        pile.add(class, 20.0 * counts.share(|kind| kind == Kind::Markup), "markup, as a request");
    }
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
    if case.near.is_handed_on() && case.near.says(Topic::Config) < 3 && !case.tag.is_shell() {
        let text = counts.share(|kind| !(kind.is_shell() || matches!(kind, Kind::Sql | Kind::Client | Kind::Export)));
        let typed = counts.count(|kind| kind.is_shell() || kind == Kind::Client);
        if typed == 0 && case.tag != Tag::Config && json::read(case.text).is_none() {
            pile.add(class, 7.0 * text, "the text is to be handed on");
        }
    }
    if loose > 0.6
        && !case.near.program_speaks()
        && counts.count(|kind| matches!(kind, Kind::Command | Kind::ShellPrompt)) == 0
    {
        pile.add(class, 6.0 * voice(case.near.says(Topic::Message)) * loose, "the text announces a message");
        pile.add(class, 8.0 * form::message(case.text), "a letter's parts");
        if shapes::greets(case.text) {
            pile.add(class, 9.0, "it greets");
        }
        letter(case, counts, pile);
        pile.add(class, 14.0 * form::form_share(case.lines), "blanks to be filled in");
        let told = counts.share(|kind| matches!(kind, Kind::Prose | Kind::Printed));
        if told > 0.4 && form::imperative_share(case.lines) <= 0.0 && form::announces(case.text) {
            pile.add(class, 12.0, "an announcement");
        }
        if form::labelled_share(case.lines) > 0.5 && !case.text.contains("\n  ") {
            // Where every label has its value already, a program told them.
            let told =
                form::valued(case.text) && case.near.says(Topic::Message) < 2 && case.near.says(Topic::Config) < 3;
            let class = if told { BlockClass::Output } else { class };
            pile.add(class, 5.0, "labels to be filled in, or with their values");
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
        Tag::Code if shapes::is_trace(case.lines) => pile.add(class, 2.0, "tagged as another language"),
        Tag::Code => pile.add(class, 7.0, "tagged as another language"),
        Tag::Windows => pile.add(class, 6.0, "tagged as a shell of Windows"),
        Tag::Markdown => {
            // A list to be ticked is a person's, even as Markdown; what has headings is a document.
            let headed = case.lines.iter().any(|line| line.text.starts_with('#'));
            pile.add(class, if headed { 9.5 } else { 8.0 }, "tagged as text to be copied");
        }
        Tag::Http => pile.add(class, 4.0, "tagged as HTTP"),
        Tag::Unknown => pile.add(class, 2.5, "an unknown tag"),
        _ => {}
    }
    if case.text.starts_with("#!/") && !form::shebang_is_shell(case.text) {
        pile.add(class, 12.0, "another language's shebang");
    }
}

/// Sentences that tell nobody what to do, with blanks to be filled in or led to as a message.
fn letter(case: &Case, counts: &Counts, pile: &mut Pile) {
    let told = counts.share(|kind| matches!(kind, Kind::Prose | Kind::Unknown | Kind::WeakCommand));
    if told < 0.5 || form::imperative_share(case.lines) > 0.0 || case.tag.is_shell() {
        return;
    }
    pile.add(BlockClass::Other, 2.0 * shapes::blanks(case.text).min(4) as f32 * told, "sentences with blanks");
    if case.near.says(Topic::Message) >= 2 {
        pile.add(BlockClass::Other, 4.0 * told, "sentences, where the text announces a message");
    }
}
