//! `sereno check`: every lint fires where it should, stays silent where it should, and says so in both languages.

use sereno_effects::Knowledge;
use sereno_model::{Diagnostic, Lang};
use sereno_runbook::lint::{LintContext, check, lints, render, render_reference};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn today() -> jiff::civil::Date {
    jiff::civil::date(2026, 11, 21)
}

fn findings(text: &str) -> Vec<Diagnostic> {
    with(text, Some(&|_| false), Some(&BTreeMap::new()))
}

fn with(
    text: &str,
    project_files: Option<&dyn Fn(&str) -> bool>,
    drilled: Option<&BTreeMap<String, jiff::civil::Date>>,
) -> Vec<Diagnostic> {
    let (runbook, _) = sereno_runbook::read(text.as_bytes());
    let context = LintContext { today: today(), project_files, drilled, knowledge: Knowledge::builtin() };
    check(&runbook, &context)
}

fn codes(text: &str) -> Vec<String> {
    findings(text).into_iter().map(|finding| finding.code).collect()
}

#[test]
fn every_lint_finds_its_bad_example_and_not_its_good_one() {
    let mut wrong = String::new();
    for lint in lints() {
        if !codes(&lint.bad.page()).iter().any(|code| code == lint.code) {
            let _ = writeln!(wrong, "{}: silent on its bad example; found {:?}", lint.code, codes(&lint.bad.page()));
        }
        if codes(&lint.good.page()).iter().any(|code| code == lint.code) {
            let _ = writeln!(wrong, "{}: fires on its good example", lint.code);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_registry_is_sound() {
    let mut seen = std::collections::HashSet::new();
    for lint in lints() {
        assert!(seen.insert(lint.code), "{} twice", lint.code);
        assert!(lint.code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{}", lint.code);
        for words in [lint.title, lint.why, lint.fix] {
            assert!(!words.en.is_empty() && !words.es.is_empty(), "{}", lint.code);
        }
    }
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn runbooks() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    if shared.is_dir() {
        return Some(shared);
    }
    eprintln!("skipped: no shared runbooks beside the workspace");
    None
}

/// Prints all findings of real runbooks, for a person to judge: `LINT_SHOW=1 cargo test … show -- --nocapture`.
#[test]
fn show() {
    let Some(shared) = runbooks() else { return };
    if std::env::var_os("LINT_SHOW").is_none() {
        return;
    }
    let wanted = std::env::var("LINT_SHOW").unwrap_or_default();
    for file in markdown(&shared.join(&wanted)) {
        let text = std::fs::read_to_string(&file).unwrap();
        for finding in with(&text, Some(&|_| false), None) {
            println!(
                "{}:{}:{} {} {} | {}",
                file.file_stem().unwrap().to_string_lossy(),
                finding.line,
                finding.column,
                finding.severity as u8,
                finding.code,
                finding.message.get(Lang::En)
            );
        }
    }
}

fn markdown(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(markdown(&path));
        } else if path.extension().is_some_and(|end| end == "md") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[test]
fn sarif_has_what_the_format_requires() {
    let list: Vec<_> = findings("```bash\ndocker system prune -a --volumes -f\n```\n")
        .into_iter()
        .map(|f| ("a b.md".to_owned(), f))
        .collect();
    let log = render::to_sarif(&list, Lang::Es);
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(log["runs"][0]["tool"]["driver"]["name"], "sereno");
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), list.len());
    for result in results {
        let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]));
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b.md");
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
    }
    let json = render::to_json(&list, Lang::En);
    assert_eq!(json[0]["file"], "a b.md");
    assert_eq!(json.as_array().unwrap().len(), list.len());
}

#[test]
fn the_committed_reference_is_the_generated_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/lints.md");
    if std::env::var_os("SERENO_BLESS").is_some() {
        std::fs::write(&file, render_reference()).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == render_reference(), "docs/reference/lints.md is stale: run this test with SERENO_BLESS=1");
}

/// Code, a page on which it must stay silent although it looks alike, and why.
const NEAR_MISSES: &[(&str, &str, &str)] = &[
    (
        "swallowed-failure",
        "```bash\ngrep -q ready log || echo \"not yet\"\n```",
        "a look-up that found nothing is no failure",
    ),
    ("swallowed-failure", "```bash\ncurl -f https://a.io/health || exit 1\n```", "it leaves"),
    ("fixed-sleep", "```bash\nuntil pg_isready; do\n  sleep 1\ndone\n```", "a pause between two looks at a condition"),
    ("endless-step", "```bash\ntimeout 60 docker logs -f api\ndocker ps\n```", "it is bounded"),
    (
        "endless-step",
        "```bash\ndocker-compose -f compose.prod.yml logs --tail=5 api\ndocker ps\n```",
        "this -f names a file",
    ),
    ("status-not-shown", "```bash\ncurl https://a.io/orders\n# 25 orders per page\n```", "no status code is expected"),
    ("volumes-pruned", "```bash\ndocker volume ls\n```", "it lists"),
    ("prompt-becomes-redirection", "```bash\necho hello > LLEN\n```", "a redirection that is meant"),
    ("cron-in-shell", "```bash\ncrontab - <<EOF\n0 2 * * * /srv/x.sh\nEOF\n```", "the body of a here-document"),
    ("renamed-column", "```sql\nSELECT query, mean_exec_time FROM pg_stat_statements;\n```", "the new name"),
    ("renamed-column", "```sql\nSELECT total_time FROM trips;\n```", "a table of one's own"),
    ("delete-without-where", "```sql\nSELECT count(*) FROM sessions;\n```", "it reads"),
    ("not-an-address", "Version 2024.10.300.1 and 10.0.0.255 and 192.168.300\n", "a version, an address, too short"),
    ("restore-tool-mismatch", "```bash\npsql -f backup.sql\n```", "text goes to psql"),
    (
        "wrong-shell-variable",
        "```bash\nNAMESPACE=shop\nkubectl exec -n $NAMESPACE api-0 -- ls\n```",
        "set here and used here",
    ),
    (
        "wrong-shell-variable",
        "```bash\nPOD=api-0\nkubectl exec api-0 -- sh -c 'echo $DATABASE_URL'\n```",
        "left to the inner shell",
    ),
    ("secret-in-clear", "Key: sk_live_xxxxxxxxxxxxxxxxxxxx\n", "a placeholder"),
    ("secret-shown", "```bash\nkubectl get secret db -o json | jq '.data | keys'\n```", "names only"),
    (
        "missing-namespace",
        "```bash\nkubectl get pods -n shop\nkubectl logs -n shop a\nkubectl get nodes\n```",
        "nodes have no namespace",
    ),
    ("to-do-left", "Clean TODO el historial antes de seguir.\n", "the Spanish word for all"),
    (
        "unset-variable",
        "```bash\nTOKEN=$(cat token)\ncurl -H \"Authorization: Bearer $TOKEN\" https://a.io/me\n```",
        "it was set",
    ),
    (
        "scaled-to-zero-to-restart",
        "```bash\nkubectl scale deployment/api --replicas=0\npg_restore -d new a.dump\nkubectl scale deployment/api --replicas=3\n```",
        "stopped for a reason",
    ),
    (
        "resolve-is-not-rollback",
        "## Failed migration\n\n```bash\n# if it failed, mark it\nnpx prisma migrate resolve --rolled-back 2026_x\n```",
        "what the command is for",
    ),
    ("contact-missing", "## Deploy\n\nUse [Name] of the service.\n", "not a contact"),
    ("index-link-broken", "[x](#despliegue)\n\n## Despliegue\n", "accents and case do not matter"),
    ("pool-raised-when-full", "### Too many connections\n\nReduce pool_size=10 from 20.\n", "it is lowered"),
    ("xargs-leaves-the-container", "```bash\nredis-cli --scan | xargs -r redis-cli UNLINK\n```", "both run here"),
    (
        "certbot-outside-the-container",
        "```bash\nsudo certbot renew --nginx\nsudo nginx -t\n```",
        "nginx is on this host",
    ),
    ("alternatives-in-sequence", "```bash\n# Option 1: restart\npm2 restart api\n```", "only one of them"),
    ("backups-deleted-by-age", "```bash\nfind /var/cache -mtime +7 -delete\n```", "no backups"),
    ("any-pod", "```bash\nkubectl exec deployment/api -- printenv NODE_ENV\n```", "it only looks"),
    (
        "checked-too-soon",
        "```bash\nsystemctl restart api\nsystemctl status api\ncurl -f -m 5 http://localhost/health\n```",
        "something stands between",
    ),
    ("checked-too-soon", "```bash\ndocker compose up -d --wait\ncurl -f -m 5 http://localhost/health\n```", "up waits"),
    ("grep-too-wide", "```bash\nkubectl logs api-0 --tail=9 | grep -A 200 panic\n```", "lines around a word"),
    ("allocated-is-not-used", "```bash\nkubectl describe node n1 | grep -i pressure\n```", "conditions of the node"),
    ("admin-without-credentials", "```bash\ncurl -u ops https://a.io/admin/jobs\n```", "it has an account"),
    (
        "password-changed-on-one-side",
        "```bash\nkubectl create secret generic mail -n a --from-literal=password=\"$NEW\"\n```",
        "no database",
    ),
    (
        "signing-key-changed-at-once",
        "### Rotate\n\n```bash\necho new VENDOR_SECRET_KEY\n```",
        "a vendor's key signs nothing here",
    ),
    ("redirect-without-root", "```bash\nsudo nginx -t\necho x > /tmp/y\n```", "everybody may write there"),
    (
        "script-leaves-a-gap",
        "```bash\n#!/bin/sh\n# A shop's script\n\n# Restart it\nsystemctl restart shop\n```",
        "the comment has its command",
    ),
    ("built-with-other-dependencies", "```bash\ngit checkout v2\nyarn\nyarn build\n```", "bare yarn installs"),
    ("sql-file-unprotected", "```bash\npsql -1 -f undo.sql app\n```", "whole or not at all"),
    (
        "script-from-the-network",
        "```bash\ncurl -s https://a.io/list | python3 parse.py\n```",
        "a program of one's own reads it",
    ),
    ("killed-at-once", "```bash\npkill -f worker\nsleep 9\npkill -9 -f worker\n```", "it was asked first"),
    ("firewall-opened", "```bash\niptables -L -n\n```", "it lists"),
    ("percent-in-crontab", "```cron\n0 2 * * * /srv/x.sh > /var/log/x-$(date +\\%F).log 2>&1\n```", "escaped"),
    ("percent-in-crontab", "```bash\ndate +%F\n```", "no crontab"),
    ("promoted-beside-the-old", "```bash\nsystemctl stop postgresql\npg_ctl promote\n```", "the old one was stopped"),
    ("everything-scaled-alike", "```bash\nkubectl scale deploy --all --replicas=0\n```", "all stop alike"),
    (
        "backups-stay-here",
        "```bash\npg_dump -Fc -f a.dump a\n# the NAS pulls it at night\n```",
        "another machine takes it",
    ),
    ("unquoted-setting", "```env\nA=one\nB=\"two <x@y.io>\"\n```", "a line end is no blank"),
    (
        "parameter-in-command",
        "```bash\nNODE='<value of the node label from the alert>'\n```",
        "it says where it comes from",
    ),
    ("unset-variable", "```bash\n: \"${TAG:?}\"\ndocker pull \"api:$TAG\"\n```", "it is asked for"),
    (
        "alert-without-procedure",
        "### Critical alerts\n\n- **QueueStuck** - jobs wait > 9 min: [what to do](#queue)\n\n### Queue\n",
        "it links to its section",
    ),
    ("exec-needs-terminal", "```bash\nkubectl exec -it api-0 -- rails console\n```", "somebody types there"),
];

#[test]
fn lints_stay_silent_where_it_only_looks_alike() {
    for (code, page, why) in NEAR_MISSES {
        let found = codes(page);
        assert!(!found.iter().any(|c| c == code), "{code} fires, though {why}:\n{page}\n{found:?}");
    }
}

#[test]
fn the_very_words_are_meant() {
    let place = |page: &str, code: &str| {
        let finding = findings(page).into_iter().find(|f| f.code == code).unwrap_or_else(|| panic!("{code} in {page}"));
        (finding.line, finding.column, page[finding.span].to_owned())
    };
    let page = "# Añadir\n\n1. Paso\n   ```bash\n   docker exec c redis-cli FLUSHALL\n   ```\n";
    assert_eq!(place(page, "flushes-redis"), (5, 18, "redis-cli FLUSHALL".to_owned()));
    let page = "```bash\npsql -U a -c \"\n  SELECT query\n  FROM pg_stat_statements ORDER BY total_time;\"\n```\n";
    assert_eq!(place(page, "renamed-column"), (4, 36, "total_time".to_owned()));
    let page = "Bloquear ñ: deny 123.456.789.0;\n";
    assert_eq!(place(page, "not-an-address"), (1, 18, "123.456.789.0".to_owned()));
}

#[test]
fn an_answered_finding_is_left_out() {
    let fires = |page: &str| codes(page).iter().any(|c| c == "flushes-redis");
    assert!(fires("```bash\nredis-cli FLUSHALL\n```\n"));
    assert!(!fires("<!-- sereno: allow flushes-redis it is a cache only -->\n```bash\nredis-cli FLUSHALL\n```\n"));
    assert!(!fires("```bash\n# sereno: allow flushes-redis it is a cache only\nredis-cli FLUSHALL\n```\n"));
    assert!(fires("<!-- sereno: allow redis-keys -->\n```bash\nredis-cli FLUSHALL\n```\n"));
}

#[test]
fn files_and_drills_are_judged_only_when_known() {
    let page = "## Restore\n\n```bash\nbash scripts/restore.sh\n```\n";
    let missing =
        |files: Option<&dyn Fn(&str) -> bool>| with(page, files, None).iter().any(|f| f.code == "missing-file");
    assert!(missing(Some(&|_| false)));
    assert!(!missing(Some(&|path| path == "scripts/restore.sh")));
    assert!(!missing(None));
    assert!(!with(page, None, None).iter().any(|f| f.code == "never-drilled"));
}

#[test]
fn any_text_is_checked_without_harm() {
    for page in [
        "",
        "\u{feff}",
        "```",
        "```bash\n$(\n```",
        "```bash\n\"\\\n```",
        "# \n```sql\n'\n",
        "|a|\n|-|\n|`|",
        "```bash\n<<EOF\n```",
        "ñ\r\n```sh\r\nécho <ñ>\r\n```",
    ] {
        let _ = findings(page);
    }
}

#[test]
fn a_page_cut_anywhere_is_checked_without_harm_and_places_stay_inside() {
    let mut whole = String::new();
    for lint in lints() {
        let _ = writeln!(
            whole,
            "## {}

{}",
            lint.title.es,
            lint.bad.page()
        );
    }
    let step = whole.len() / 7;
    for cut in (0..whole.len()).step_by(step.max(1)).filter(|at| whole.is_char_boundary(*at)) {
        for page in [&whole[..cut], &whole[cut..]] {
            for finding in findings(page) {
                assert!(page.get(finding.span.clone()).is_some(), "{} at {:?}", finding.code, finding.span);
            }
        }
    }
}

#[test]
fn a_file_that_is_no_runbook_is_not_checked_for_ever() {
    let page = format!("```bash\n{}```\n", "docker restart api; docker logs api\n".repeat(12_000));
    assert_eq!(codes(&page), ["too-large-to-check"]);
}

/// How much is found in real runbooks. The bounds catch a lint that falls silent and one that begins to shout.
#[test]
fn real_runbooks_give_about_as_much_as_a_reviewer_finds() {
    let Some(shared) = runbooks() else { return };
    for (name, errors, all) in
        [("cafeterias", 16, 70), ("eventos", 10, 60), ("lotolink", 30, 100), ("orion", 8, 58), ("pedidos", 13, 48)]
    {
        let text = std::fs::read_to_string(shared.join(format!("runbooks/clean/{name}.md"))).unwrap();
        let found = with(&text, Some(&|_| false), None);
        let serious = found.iter().filter(|f| f.severity == sereno_model::Severity::Error).count();
        assert!(
            serious >= errors && found.len() >= all && found.len() <= all * 8 / 5,
            "{name}: {serious} errors of {}",
            found.len()
        );
    }
    let quiet: usize = markdown(&shared.join("corpus/prometheus-operator"))
        .iter()
        .map(|file| with(&std::fs::read_to_string(file).unwrap(), None, None).len())
        .sum();
    assert!(quiet < 90, "{quiet} findings in runbooks that mostly only look");
}

#[test]
fn commands_of_lists_are_judged_like_those_of_blocks() {
    let page = "## Troubleshooting\n\n### Cola llena\n\n**Soluciones:**\n1. Ñandú trabado → `redis-cli FLUSHALL`\n2. Nada → mirar\n\n\
                ```bash\nredis-cli KEYS '*'\n```\n";
    let found = findings(page);
    let flush = found.iter().find(|f| f.code == "flushes-redis").expect("a list's command is judged");
    assert_eq!((flush.line, flush.column, &page[flush.span.clone()]), (6, 21, "redis-cli FLUSHALL"));
    let keys = found.iter().find(|f| f.code == "redis-keys").expect("and the block after it keeps its place");
    assert_eq!((keys.line, keys.column), (10, 1));
}

#[test]
fn a_rollback_that_stands_elsewhere_is_named() {
    let page =
        "## Incidents\n\n### Down\n\n```bash\n./ship.sh rollback\n```\n\n## Deploy\n\n```bash\n./deploy.sh\n```\n";
    let finding = findings(page).into_iter().find(|f| f.code == "no-rollback").unwrap();
    assert!(finding.message.get(Lang::En).contains("line 6"), "{:?}", finding.message);
}
