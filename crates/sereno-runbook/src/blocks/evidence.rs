//! The class of a block, by weighing evidence.
//!
//! Each feature adds weight to a class, with its reason; the heaviest class wins. Ten is what a block made of nothing
//! but one kind of lines weighs; a tag or a sentence before the block weighs three to five, so that they decide between
//! neighbours and never against the content.

use super::features::{comments_only, config, output, queries, shell};
use super::kind::Kind;
use super::lines::Line;
use super::near::Near;
use super::tag::Tag;
use super::telling::{diagram, manual, other};
use super::{dialect, json, languages};
use sereno_model::BlockClass;

/// What is known of a block before its class is.
pub(super) struct Case<'a> {
    pub(super) text: &'a str,
    pub(super) lines: &'a [Line<'a>],
    pub(super) tag: Tag,
    pub(super) near: &'a Near,
    /// The block above left the reader in a client's console.
    pub(super) in_console: bool,
    /// And nothing but that block stands above this one.
    pub(super) below_console: bool,
    /// The text of a section that it stands in names the console of its language.
    pub(super) console_named: bool,
    /// Nothing but a block of commands stands above: what they print may stand here.
    pub(super) below_commands: bool,
}

/// One reason for a class.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Evidence {
    pub(super) class: BlockClass,
    pub(super) weight: f32,
    pub(super) why: &'static str,
}

/// The class, and all that spoke for it and against it.
pub(super) fn class(case: &Case) -> (BlockClass, Vec<Evidence>) {
    let mut pile = Pile::default();
    let counts = Counts::of(case);
    if counts.content == 0 {
        comments_only(case, &mut pile);
    } else {
        for feature in
            [shell, dialect::weigh, languages::weigh, queries, config, json::weigh, output, diagram, manual, other]
        {
            feature(case, &counts, &mut pile);
        }
    }
    (pile.heaviest(), pile.0)
}

#[derive(Default)]
pub(super) struct Pile(Vec<Evidence>);

impl Pile {
    pub(super) fn add(&mut self, class: BlockClass, weight: f32, why: &'static str) {
        if weight.abs() > f32::EPSILON {
            self.0.push(Evidence { class, weight, why });
        }
    }

    /// What nothing speaks for is `other`, which never runs.
    fn heaviest(&self) -> BlockClass {
        let mut best = (BlockClass::Other, 0.0);
        for class in BlockClass::ALL {
            let sum: f32 = self.0.iter().filter(|one| one.class == class).map(|one| one.weight).sum();
            if sum > best.1 {
                best = (class, sum);
            }
        }
        best.0
    }
}

/// How many lines of each kind.
pub(super) struct Counts {
    /// Lines that are neither blank nor comments.
    content: usize,
    kinds: Vec<Kind>,
}

impl Counts {
    fn of(case: &Case) -> Self {
        let kinds: Vec<Kind> = case.lines.iter().map(|line| line.kind).filter(|kind| !kind.is_silent()).collect();
        Self { content: kinds.len(), kinds }
    }

    pub(super) fn count(&self, wanted: impl Fn(Kind) -> bool) -> usize {
        self.kinds.iter().filter(|kind| wanted(**kind)).count()
    }

    pub(super) fn share(&self, wanted: impl Fn(Kind) -> bool) -> f32 {
        self.count(wanted) as f32 / self.content.max(1) as f32
    }

    pub(super) fn first(&self) -> Kind {
        self.kinds.first().copied().unwrap_or(Kind::Blank)
    }

    /// The first lines that are not settings of variables.
    pub(super) fn first_act(&self) -> Kind {
        self.kinds.iter().copied().find(|kind| !matches!(kind, Kind::Assignment | Kind::Export)).unwrap_or(self.first())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{lines, tag::tag};
    use super::*;
    use crate::document::RawBlock;

    fn class_of(lang: &str, before: &str, text: &str) -> BlockClass {
        let tag = tag(Some(lang).filter(|lang| !lang.is_empty()));
        let raw = RawBlock { before: Some(before.to_owned()), ..RawBlock::default() };
        let lines = lines::lines(text, tag, &|_| false);
        let near = Near::of(&raw);
        class(&Case {
            text,
            lines: &lines,
            tag,
            near: &near,
            in_console: false,
            below_console: false,
            console_named: false,
            below_commands: false,
        })
        .0
    }

    #[test]
    fn the_content_outweighs_a_tag_that_lies() {
        for (lang, text, expected) in [
            ("bash", "SELECT 1 FROM t;", BlockClass::Sql),
            ("bash", "# The shop's panel\nhttps://panel.example.org/shops\n# Press Publish", BlockClass::Manual),
            ("bash", "$ # note what you did", BlockClass::Manual),
            ("", "info threads\n  2 Thread 0x7f11 (LWP 12) poll () from libc.so.6", BlockClass::Repl),
            ("", "set pagination off\nthread apply all bt", BlockClass::Repl),
            ("", " id │ shop\n────┼─────\n  1 │ north", BlockClass::Output),
            ("ruby", "from lib/shop.rb:12:in `sell'\nfrom lib/shop.rb:40:in `each'", BlockClass::Output),
            ("bash", "rate(x_total[5m])", BlockClass::Promql),
            ("shell", "NAME   READY   STATUS\nweb    1/1     Running", BlockClass::Output),
            ("bash", "services:\n  app:\n    image: x", BlockClass::Config),
            ("sql", "psql -c 'SELECT 1'", BlockClass::Shell),
            ("yaml", "kubectl get pods -n prod", BlockClass::Shell),
            ("text", "sudo systemctl restart nginx", BlockClass::Shell),
            ("bash", "# call the provider", BlockClass::Manual),
            ("bash", "# not\n--shop north\n# but\n--shop south", BlockClass::Other),
            ("", "SELECT count(*) FROM shops;\n\\q", BlockClass::Repl),
            ("", "Shops closed: 3\nCarts kept: 120\nTime: 4 s", BlockClass::Output),
            ("", "[FIRING:2] ShopDown (north)\nLabels:\n - alertname = ShopDown", BlockClass::Output),
            ("powershell", "[Guid]::NewGuid()", BlockClass::Other),
            ("shell", "/shop pause north --now", BlockClass::Other),
            ("ruby", "shop['web']['workers'] = 4", BlockClass::Config),
            ("ruby", "total = Shop.count\n=> 12", BlockClass::Repl),
            ("js", "use shop\ndb.carts.find({open: true})", BlockClass::Repl),
            ("diff", "- workers: 2\n+ workers: 4", BlockClass::Other),
            ("", "project = Shop.find(3)\nproject.close!", BlockClass::Other),
            ("", "1. Cause: ____\n2. Owner: ____", BlockClass::Other),
            (
                "",
                "Why 1: Why was it slow?\n  -> The disk was full\nWhy 2: Why was it full?\n  -> Nobody looked",
                BlockClass::Manual,
            ),
        ] {
            assert_eq!(class_of(lang, "", text), expected, "{lang}: {text}");
        }
    }

    #[test]
    fn the_sentence_before_decides_between_neighbours() {
        for (before, text, expected) in [
            ("Respuesta esperada:", "{\"a\": 1}", BlockClass::Output),
            ("Create `policy.json` with the following content:", "{\"a\": 1}", BlockClass::Config),
            ("Send this request body:", "{\"a\": 1}", BlockClass::Other),
            ("In the Rails console:", "Order.count", BlockClass::Repl),
            ("Add to `.env`:", "A=1\nB=2", BlockClass::Config),
            ("Change it in `redis.conf`:", "bind 10.0.0.7", BlockClass::Config),
            ("In the Redis console:", "info memory\nconfig get maxmemory", BlockClass::Repl),
            ("The request body looks like this:", "{\"shop\": 3}", BlockClass::Other),
            ("The response body looks like this:", "{\"shop\": 3}", BlockClass::Output),
            ("POST /shops", "{\"shop\": 3, \"status\": \"open\"}", BlockClass::Other),
            ("Resolved:", "The incident has been resolved. We apologize for the wait.", BlockClass::Other),
        ] {
            assert_eq!(class_of("", before, text), expected, "{before} {text}");
        }
    }

    #[test]
    fn what_nothing_speaks_for_is_other() {
        assert_eq!(class_of("", "", ""), BlockClass::Other);
    }

    #[test]
    fn every_class_comes_with_reasons() {
        let lines = lines::lines("ls -l", Tag::Shell, &|_| false);
        let near = Near::default();
        let case = Case {
            text: "ls -l",
            lines: &lines,
            tag: Tag::Shell,
            near: &near,
            in_console: false,
            below_console: false,
            console_named: false,
            below_commands: false,
        };
        let (class, reasons) = class(&case);
        assert_eq!(class, BlockClass::Shell);
        assert!(reasons.iter().any(|one| one.class == class && one.why == "lines that are commands"));
    }
}
