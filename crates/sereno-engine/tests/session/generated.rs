//! Scripts made by chance out of statements that touch each other's variables, options and directories.

use crate::carry::assert_same;

/// Numbers that are the same on every run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// `V` and `W` become variables, `F` a function, `N` a number.
const STATEMENTS: &[&str] = &[
    "V=N",
    "V=\"$W and N\"",
    "V+=_N",
    "declare -i V=N",
    "declare -a V=(N \"$W\" three)",
    "declare -A V=([k]=N [\"$W\"]=x)",
    "export V",
    "readonly V_N=N",
    "unset V",
    "local_free=N",
    "V=$(echo sub $W; exit N)",
    "V=$((N * 2 + ${#W}))",
    "((V_c += N))",
    "echo \"$V|${W-}|$?\"",
    "echo \"${V[@]}\" \"${!V[@]}\" \"${#V[@]}\"",
    "printf '%s,' \"$@\" \"$#\" \"$*\"; echo",
    "F() { echo \"F $# $V $?\"; return N; }",
    "F() { local V=inner; W=N; echo \"$V\"; }",
    "type F >/dev/null 2>&1 && F a b",
    "F x 2>/dev/null || echo \"failed $?\"",
    "unset -f F",
    "export -f F 2>/dev/null || echo no function",
    "set -- N \"$V\" 'c d'",
    "shift 2>/dev/null",
    "set -u; : ${V:=N} ${W:=N}",
    "set +u",
    "set -o pipefail",
    "set +o pipefail",
    "set -f",
    "set +f",
    "shopt -s nullglob extglob",
    "shopt -u nullglob",
    "IFS=,",
    "IFS=$' \\t\\n'",
    "cd /",
    "cd /usr && pwd",
    "cd - >/dev/null 2>&1; pwd",
    "pushd /etc >/dev/null; dirs",
    "popd >/dev/null 2>&1; dirs",
    "(exit N)",
    "false | (exit N) | true",
    "! true",
    "echo \"${PIPESTATUS[*]} $?\"",
    "[[ $V =~ ([0-9]+) ]] && echo \"${BASH_REMATCH[1]}\"",
    "if [[ -n ${V-} ]]; then echo set; else echo empty; fi",
    "for V in a b N; do echo -n \"$V \"; done; echo",
    "while read -r V; do echo \"<$V>\"; done <<EOF\none $W\ntwo\nEOF",
    "case ${V-} in [0-9]*) echo number;; '') echo nothing;; *) echo word;; esac",
    "trap 'echo \"bye ${V-}\"' EXIT",
    "trap 'echo \"err $?\"' ERR",
    "trap - ERR",
    "umask 0NN",
    "shopt -s expand_aliases; alias a_N='echo alias N'",
    "alias",
    "declare -n ref_N=V",
    "read -r V W <<< \"x y N\"",
    "mapfile -t V < <(echo N; echo \"$W\")",
    "echo \"$_\"",
    "{ V=N; echo grouped; } 2>/dev/null",
    "V=N W=N; echo $V $W",
    "test -e nothing",
    "eval \"V=N; echo \\$V\"",
];

/// One in eight scripts has one of these, where it may end everything.
const ENDINGS: &[&str] = &["exit N", "set -e", "set -e; false", "exit", "set -eu"];

fn script(seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut text = String::new();
    let length = 5 + random.below(8);
    let ends = (random.below(8) == 0).then(|| random.below(length));
    for index in 0..length {
        let statements = if ends == Some(index) { ENDINGS } else { STATEMENTS };
        let template = statements[random.below(statements.len())];
        let mut word = String::new();
        for c in template.chars() {
            // Only a name on its own is a hole.
            let letter_before = word.chars().last().is_some_and(|last| last.is_ascii_alphanumeric());
            match c {
                'V' | 'W' if !letter_before => {
                    word.push_str(["alpha", "beta", "gamma"][random.below(3)]);
                }
                'F' if !letter_before => word.push_str(["fun_a", "fun_b"][random.below(2)]),
                'N' => word.push_str(&random.below(7).to_string()),
                c => word.push(c),
            }
        }
        // `IFS` and `PIPESTATUS` are no holes.
        text.push_str(&restore_names(template, word));
        text.push('\n');
    }
    text
}

/// Templates with bash's own names are used as they are but for their numbers.
fn restore_names(template: &str, made: String) -> String {
    if ["IFS", "PIPESTATUS", "EOF", "EXIT", "ERR"].iter().any(|name| template.contains(name)) {
        let plain = template.replace("$W", "$beta").replace("${V-}", "${alpha-}").replace(" V;", " alpha;");
        return plain.replace("$V", "$alpha").replace("NN", "22");
    }
    made
}

#[test]
fn scripts_made_by_chance_carry_their_state() {
    let scripts: Vec<_> = (1..=120).map(script).collect();
    eprintln!("{} scripts by chance", scripts.len());
    assert_same(&scripts);
}
