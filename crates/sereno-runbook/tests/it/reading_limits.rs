//! Any bytes: broken fences, other encodings, hostile files.

use super::reading::runbook;
use proptest::prelude::*;
use sereno_model::BlockClass;
use sereno_runbook::read;
use std::time::{Duration, Instant};

fn codes(bytes: &[u8]) -> Vec<String> {
    read(bytes).1.into_iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn blocks_are_cut_as_their_authors_meant() {
    for (text, lines, code) in [
        ("```bash\nls\n```\n", &[(1, 3)][..], None),
        ("a\r\n\r\n```bash\r\nls\r\n```\r\n", &[(3, 5)], None),
        ("```bash\nls\n", &[(1, 2)], Some("unclosed-fence")),
        ("```bash\nls\n``\n\ntext\n\n```sh\nps\n```\n", &[(1, 3), (7, 9)], Some("uneven-fence")),
        ("````bash\nls\n```\n\n```sh\nps\n```\n", &[(1, 3), (5, 7)], Some("uneven-fence")),
        ("````md\n```sh\nls\n```\n````\n", &[(1, 5)], None),
        ("Use ```ls -l``` here\n", &[], None),
        ("```redis-cli info\n# Server\n```\n", &[(1, 3)], Some("swallowed-command")),
        ("```bash title=\"x\"\nls\n```\n", &[(1, 3)], None),
        ("1. a\n   ```sh\n   ls\n   ```\n2. b\n```sh\nps\n```\n", &[(2, 4), (6, 8)], None),
        ("1. a\n   ```sh\nls\n   ```\n", &[(2, 2), (4, 4)], Some("unclosed-fence")),
        ("text\n\n    ls -l\n    ps\n\ntext\n", &[(3, 4)], None),
        ("<details>\n<summary>More</summary>\n\n```sh\nls\n```\n\n</details>\n", &[(4, 6)], None),
        ("---\ntitle: x\n---\n```sh\nls\n```\n", &[(4, 6)], None),
        ("{{< hint >}}\n```sh\nls\n```\n{{< /hint >}}\n", &[(2, 4)], None),
    ] {
        let (runbook, diagnostics) = read(text.as_bytes());
        let found: Vec<_> = runbook.blocks.iter().map(|block| (block.line, block.end_line)).collect();
        assert_eq!(found, lines, "{text}");
        let found = diagnostics
            .iter()
            .find(|d| d.code.contains("fence") || d.code.contains("swallowed"))
            .map(|d| d.code.as_str());
        assert_eq!(found, code, "{text}");
    }
}

#[test]
fn line_offsets_point_into_the_source() {
    let text =
        "1. a\n   ```sh\n   ls\n   ps aux\n   ```\n\n> ```\n> x\n> ```\n\n``\n\n```sh\nls\n``\n\n```sh\nuptime\n```\n";
    for block in &runbook(text).blocks {
        for (line, offset) in block.text.lines().zip(&block.line_offsets) {
            assert!(text[*offset..].starts_with(line), "{line} at {offset}");
        }
    }
}

#[test]
fn other_encodings_give_the_same_text() {
    let text = "# Guía de operación\n\n¿Está caída? Reiniciar.\n";
    let utf16: Vec<u16> = text.encode_utf16().collect();
    let le: Vec<u8> = utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let be: Vec<u8> = utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(c as u32).unwrap()).collect();
    let with = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
    for (bytes, detected, bom) in [
        (text.as_bytes().to_vec(), "utf-8", false),
        (with(b"\xEF\xBB\xBF", text.as_bytes()), "utf-8", true),
        (with(b"\xFF\xFE", &le), "utf-16le", true),
        (with(b"\xFE\xFF", &be), "utf-16be", true),
        (le, "utf-16le", false),
        (be, "utf-16be", false),
        (latin, "windows-1252", false),
        (text.replace('\n', "\r\n").into_bytes(), "utf-8", false),
    ] {
        let (runbook, _) = read(&bytes);
        assert_eq!(runbook.source, text, "{detected}");
        assert_eq!((runbook.encoding.detected.as_str(), runbook.encoding.bom), (detected, bom));
    }
}

#[test]
fn what_is_no_text_is_told() {
    assert_eq!(codes(b""), ["empty-file"]);
    assert_eq!(codes(b"  \n\n"), ["empty-file"]);
    assert_eq!(codes(b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00"), ["binary-file"]);
    assert!(codes(b"# Gu\xEDa\n").contains(&"not-utf8".to_owned()));
}

#[test]
fn hostile_files_end() {
    const SIZE: usize = 40_000;
    for seed in [
        "`",
        "```\n",
        "````",
        "``\n",
        "> ",
        ">",
        "- ",
        "* ",
        "1. ",
        "[",
        "![",
        "](",
        "*a **b ",
        "_a __b ",
        "<a ",
        "<!--",
        "<?",
        "&amp",
        "|a",
        "a|b\n-|-\n",
        "# x\n",
        "- [ ] x\n",
        "**a:**\n",
        "**a:**\n\n",
        "\t",
        "    \n",
        "```sh\n# 1. x\n```\n",
        "→",
        "> 5% ",
        "\\\n",
        "[a]: b\n",
        "[a][b]",
        "1. a\n   - b\n",
        "Si x: y\n\n",
        "0 2 * * * x\n",
        "(",
        "$(",
        "\"",
        "<<A\n",
        "# a\n## b\n### c\n",
        "x@y.z ",
        "http://a ",
        "贸",
        "√≥ ",
        "**",
        "a\u{300}",
    ] {
        let text = seed.repeat(SIZE / seed.len());
        for text in [text.clone(), format!("```sh\n{text}\n```\n")] {
            let started = Instant::now();
            read(text.as_bytes());
            let took = started.elapsed();
            assert!(took < Duration::from_mins(1), "{seed:?} took {took:?}");
        }
    }
}

#[test]
fn more_than_the_limit_is_not_read() {
    let line = "Reiniciar el servicio.\n\n";
    let text = line.repeat(sereno_runbook::document::MAX_TEXT_BYTES / line.len() + 10);
    let (runbook, diagnostics) = read(text.as_bytes());
    assert!(runbook.source.len() <= sereno_runbook::document::MAX_TEXT_BYTES);
    assert!(diagnostics.iter().any(|diagnostic| diagnostic.code == "file-too-large"));
}

#[test]
fn more_blocks_than_a_person_writes_are_kept_and_not_judged() {
    let many = "```bash\nls\n```\n".repeat(20_100);
    let long = format!("```bash\n{}```\n```bash\nls\n```\n", "ls -l /srv\n".repeat(200_000));
    for text in [many, long] {
        let (runbook, diagnostics) = read(text.as_bytes());
        assert_eq!(runbook.blocks.len(), text.matches("```bash").count());
        let told = diagnostics.iter().find(|diagnostic| diagnostic.code == "too-many-blocks").expect("a diagnostic");
        for block in &runbook.blocks {
            let judged = block.class == BlockClass::Shell;
            assert_eq!(judged, block.span.start < told.span.start, "the block on line {}", block.line);
            assert!(judged || block.statements.is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        read(&bytes);
    }

    #[test]
    fn anything_like_markdown_is_read(parts in proptest::collection::vec(part(), 0..40)) {
        let text = parts.concat();
        let (runbook, _) = read(text.as_bytes());
        let lines = runbook.source.lines().count().max(1);
        for block in &runbook.blocks {
            prop_assert!(block.line >= 1 && block.line <= lines && block.end_line >= block.line);
        }
        for step in runbook.procedures.iter().flat_map(|procedure| &procedure.steps) {
            prop_assert!(step.line >= 1 && step.line <= lines);
            prop_assert!(!step.runnable || step.why_not.is_none());
        }
    }
}

fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "\n",
            "\n\n",
            "# ",
            "## ",
            "### Pasos\n",
            "## Incidentes\n",
            "- ",
            "1. ",
            "   ",
            "\t",
            "```",
            "```bash\n",
            "```\n",
            "``\n",
            "````\n",
            "> ",
            "**",
            "**Síntomas:**",
            ":",
            " → ",
            "->",
            "| a | b |\n|---|---|\n",
            "| > 5% | x |\n",
            "[ ] ",
            "`",
            "<x>",
            "<!--",
            "-->",
            "Si x: y",
            "# 1. a\n",
            "# Opción 2: b\n",
            "# O\n",
            "# Si c:\n",
            "ls -l\n",
            "for i in 1 2; do\n",
            "done\n",
            "<<EOF\n",
            "EOF\n",
            "---\n",
            "{{< x >}}\n",
            "0 2 * * * x\n",
            "Severidad 1 (x):\n",
            "> 5% por 5min",
            "diario a las 2 AM",
            "á",
            "🚨",
            "\r\n",
            "\u{feff}",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,12}",
        "\\PC{0,6}",
    ]
}
