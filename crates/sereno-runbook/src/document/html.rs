//! The little HTML and the shortcodes that stand in Markdown.

/// Hugo's `{{< hint >}}` and `{{% /hint %}}` and Jekyll's `{% raw %}`, alone on a line.
pub(super) fn is_shortcode(line: &str) -> bool {
    let line = line.trim();
    let wrapped = |open: &str, close: &str| line.starts_with(open) && line.ends_with(close);
    wrapped("{{<", ">}}") || wrapped("{{%", "%}}") || wrapped("{%", "%}")
}

pub(super) fn is_html_name(name: &str) -> bool {
    const NAMES: [&str; 30] = [
        "a",
        "abbr",
        "b",
        "blockquote",
        "center",
        "code",
        "del",
        "details",
        "div",
        "em",
        "font",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "mark",
        "ol",
        "p",
        "pre",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "summary",
        "sup",
        "u",
        "ul",
    ];
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

pub(super) fn summary(html: &str) -> Option<String> {
    let (_, rest) = html.split_once("<summary")?;
    let (_, rest) = rest.split_once('>')?;
    let (inside, _) = rest.split_once("</summary>")?;
    let mut words = String::new();
    let mut in_tag = false;
    for c in inside.chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            _ if !in_tag => words.push(c),
            _ => {}
        }
    }
    let words = words.trim();
    (!words.is_empty()).then(|| words.to_owned())
}
