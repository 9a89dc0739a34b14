//! What one step leaves, the next one has: every script runs once whole under bash and once split into steps, and
//! afterwards nothing may tell which was which.

use crate::support::{Session, bash, runner};
use sereno_effects::{Knowledge, analyze_shell};
use sereno_engine::session::{Runners, StepSpec, spawn_runner};
use sereno_model::redact::Redactor;
use std::fmt::Write as _;
use std::ops::Range;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Ends every script: writes down all that bash knows. Everything is compared but what differs between any two shells.
const DUMP: &str = r#"
{ printf 'status %s pipe %s last %s\n' "$?" "${PIPESTATUS[*]}" "$_"
printf 'argument %s\n' "$#" "$@"; set +o; shopt -p; trap -p; umask; ulimit -n; alias; dirs -l -p; pwd; declare -F
declare -f; declare -p; printf 'flags %s name %s\n' "$-" "$0"
} > "$DUMP_TO" 2>/dev/null
"#;

/// Variables of which each shell has its own.
/// `BASHOPTS` is compared by `shopt -p`: bash forgets to bring it up to date after `set +o posix`.
const VOLATILE: [&str; 19] = [
    "_",
    "BASHOPTS",
    "BASHPID",
    "BASH_ARGC",
    "BASH_ARGV",
    "BASH_CMDS",
    "BASH_COMMAND",
    "BASH_EXECUTION_STRING",
    "BASH_LINENO",
    "DUMP_TO",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "HISTCMD",
    "LINENO",
    "PIPESTATUS",
    "PPID",
    "RANDOM",
    "SECONDS",
    "SERENO_STEP",
];

/// What can be seen of a script from outside.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    stdout: String,
    code: Option<i32>,
    dump: Vec<String>,
    /// What went wrong around the script; nothing may.
    complaints: Vec<String>,
}

/// Where a text is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    EachStatement,
    /// In groups, by a seed.
    Groups(u64),
}

/// Runs the script both ways and says how they differ.
pub(crate) fn difference(script: &str, cut: Cut) -> Result<(), String> {
    let (whole, split) = (whole(script), split(script, cut));
    if whole == split {
        return Ok(());
    }
    let mut report = format!("--- {cut:?}\n{script}\n--- codes {:?} {:?}\n", whole.code, split.code);
    if whole.stdout != split.stdout {
        // Writing to a String cannot fail.
        let _ = writeln!(report, "--- whole said\n{}\n--- split said\n{}", whole.stdout, split.stdout);
    }
    for complaint in &split.complaints {
        let _ = writeln!(report, "complaint: {complaint}");
    }
    for (title, one, other) in [("whole", &whole.dump, &split.dump), ("split", &split.dump, &whole.dump)] {
        for line in one.iter().filter(|line| !other.contains(line)) {
            let _ = writeln!(report, "only {title}: {line}");
        }
    }
    Err(report)
}

/// Fails with every difference at once.
pub(crate) fn assert_same(scripts: &[String]) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let failures = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(script) = scripts.get(index) else {
                        return;
                    };
                    for cut in [Cut::EachStatement, Cut::Groups(index as u64)] {
                        if let Err(report) = difference(script, cut) {
                            failures.lock().expect("no thread panicked").push(report);
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no thread panicked");
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}

fn whole(script: &str) -> Seen {
    let session = Session::new();
    let dump = session.root.path().join("dump");
    let output = Command::new(bash())
        .args(["-c", "--", &format!("{script}\n{DUMP}"), "bash"])
        .current_dir(session.work())
        .env_clear()
        .envs(environment(&session))
        .stdin(Stdio::null())
        .output()
        .expect("bash runs");
    let code = output.status.code().or_else(|| output.status.signal().map(|signal| 128 + signal));
    // What a runner keeps is without secrets, and a block may well look as if it held some.
    let stdout = Redactor::new([]).redact_bytes(&output.stdout).into_owned();
    seen(&session, &stdout, code, &dump)
}

fn split(script: &str, cut: Cut) -> Seen {
    let mut session = Session::new();
    let dump = session.root.path().join("dump");
    session.env = environment(&session).into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    let (mut stdout, mut complaints) = (Vec::new(), Vec::new());
    for piece in pieces(script, cut) {
        let went = session.step(&script[piece]);
        complaints.extend(went.result.state_error.iter().map(|text| text.en.clone()));
        complaints.extend(went.result.restore_notes.clone());
        stdout.extend_from_slice(&went.stdout);
        if went.result.completed == Some(false) {
            return Seen { complaints, ..seen(&session, &stdout, went.result.exit_code(), &dump) };
        }
    }
    let last: StepSpec = StepSpec { is_last: true, ..session.spec(DUMP) };
    let went = crate::support::finish(spawn_runner(runner(), &last).expect("the runner starts"));
    stdout.extend_from_slice(&went.stdout);
    complaints.extend(went.result.restore_notes.clone());
    Seen { complaints, ..seen(&session, &stdout, went.result.exit_code(), &dump) }
}

fn environment(session: &Session) -> Vec<(String, String)> {
    let root = session.root.path();
    [
        ("HOME", root.join("work").display().to_string()),
        ("PATH", root.join("no such directory").display().to_string()),
        ("LANG", "C.UTF-8".to_owned()),
        ("PWD", session.work().display().to_string()),
        ("DUMP_TO", root.join("dump").display().to_string()),
        ("FROM_OUTSIDE", "kept as it was".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// The bytes of each step. Jobs stay with those that wait for them.
pub(crate) fn pieces(script: &str, cut: Cut) -> Vec<Range<usize>> {
    let statements = analyze_shell(script, Knowledge::builtin()).statements;
    let jobs: Vec<_> = statements.iter().enumerate().filter(|(_, s)| s.job_control).map(|(at, _)| at).collect();
    let tied = jobs.first().copied().unwrap_or(usize::MAX)..jobs.last().copied().unwrap_or(0);
    let mut random = crate::generated::Random::new(match cut {
        Cut::EachStatement => 0,
        Cut::Groups(seed) => seed,
    });
    let mut pieces: Vec<Range<usize>> = Vec::new();
    for (index, statement) in statements.iter().enumerate() {
        let with_last =
            index > 0 && (tied.contains(&(index - 1)) || matches!(cut, Cut::Groups(_)) && random.below(3) > 0);
        match pieces.last_mut() {
            Some(piece) if with_last => piece.end = statement.span.end,
            _ => pieces.push(statement.span.clone()),
        }
    }
    pieces
}

fn seen(session: &Session, stdout: &[u8], code: Option<i32>, dump: &Path) -> Seen {
    let here = session.root.path().display().to_string();
    let clean = |text: &str| text.replace(&here, "HERE");
    let dump = std::fs::read(dump).unwrap_or_default();
    let dump = clean(&String::from_utf8_lossy(&dump));
    Seen {
        stdout: clean(&String::from_utf8_lossy(stdout)),
        code,
        dump: dump.lines().filter(|line| !is_volatile(line)).map(str::to_owned).collect(),
        complaints: Vec::new(),
    }
}

fn is_volatile(line: &str) -> bool {
    let name = line.strip_prefix("declare -").and_then(|rest| rest.split_once(' ')).map(|(_, rest)| rest);
    name.is_some_and(|rest| VOLATILE.contains(&rest.split('=').next().unwrap_or_default()))
}

/// One script for each thing that bash remembers.
const SCRIPTS: &[&str] = &[
    // Variables and their attributes.
    "a=1\nb=\"two words\"\nc='it''s'\necho \"$a $b $c\"",
    "a=$'line\\none\\ttab\\x01\\x7f'\necho \"${#a}\"\nprintf '%q\\n' \"$a\"",
    "declare -i n=5\nn+=3\nn=n*2\necho $n",
    "declare -u up=abc\nup=xyz\necho $up\ndeclare -l low=ABC\nlow=QRS\necho $low",
    "export A=1\nB=2\nexport -n A\nexport B\n( echo \"${A-}${B-}\" )\ndeclare -p A B",
    "readonly R=1\necho $R\nR=2\necho after",
    "declare -r R=1\nunset R || echo kept\necho $R",
    "declare -a list=(one 'two words' three)\nlist+=(four)\nunset 'list[1]'\necho \"${list[@]}\" \"${!list[@]}\" ${#list[@]}",
    "list[5]=x\nlist[2]=y\ndeclare -p list\nfor i in \"${!list[@]}\"; do echo $i; done",
    "declare -A map=([a]=1 ['b c']='d \"e\"' [\"]\"]=bracket)\nmap[new]=x\nfor k in \"${!map[@]}\"; do echo \"$k=${map[$k]}\"; done | while read -r l; do echo \"$l\"; done\necho ${#map[@]}",
    "declare -a empty=()\ndeclare -A none\ndeclare unset_one\necho ${#empty[@]} ${unset_one-unset}\ndeclare -p empty none unset_one",
    "x=target\ndeclare -n ref=x\nref=changed\necho $x\nunset -n ref\necho ${ref-gone}",
    "declare -a arr=(1 2 3)\ndeclare -n item='arr[1]'\nitem=9\necho ${arr[@]}",
    "declare -ix count=1\ncount+=1\ndeclare -p count",
    "declare -ax xs=(1 2)\ndeclare -p xs",
    "x=1\nunset x\necho ${x-unset}\nunset HOME\necho ${HOME-nohome}",
    "unset PATH\necho ${PATH-nopath}\nPATH=/nowhere\necho $PATH",
    "export -n HOME\ndeclare -p HOME\nexport -n PWD\ndeclare -p PWD",
    "echo $FROM_OUTSIDE\nFROM_OUTSIDE=changed\ndeclare -p FROM_OUTSIDE",
    "big=$(printf 'x%.0s' {1..5000})\necho ${#big}",
    "q='a\"b$c`d\\e!f'\necho \"$q\"\nprintf '%s\\n' \"$q\"",
    "u='ñandú → 🐧'\necho \"$u ${#u}\"\nb=$'\\xff\\xfe'\nprintf '%q\\n' \"$b\"",
    "v=' lead and trail '\necho \"[$v]\" [$v]",
    "v=$'\\n\\n'\necho \"[$v]\"",
    "IFS=:\nset -- $(echo a:b:c)\necho $#\necho \"$*\"",
    "IFS=\nx='a b'\nset -- $x\necho $#",
    "unset IFS\nset -- a b\necho \"$*\"",
    "IFS=$',\\n'\nread -r a b <<< 'x,y'\necho \"$a $b\"",
    "OPTIND=1\nset -- -a -b val\ngetopts ab: o\necho $o\ngetopts ab: o\necho $o $OPTARG $OPTIND",
    "[[ abc123 =~ ([a-z]+)([0-9]+) ]]\necho \"${BASH_REMATCH[1]}-${BASH_REMATCH[2]}\"",
    "printf -v out '%05d' 42\necho $out\nmapfile -t rows <<< $'a\\nb'\necho ${rows[1]} ${#rows[@]}",
    "read -r first rest <<EOF\none two three\nEOF\necho \"$rest\"",
    "x=5\n((x++))\n((x+=2))\necho $x $((x*2))\nlet y=x+1\necho $y",
    ": ${D:=default}\necho $D\necho ${D/def/DEF} ${D^^} ${D:0:3} ${D%lt}",
    "A=1 B=2\necho $A$B\nA=3 true\necho $A",
    "SECONDS=100\necho $((SECONDS >= 100))",
    "PS4='# '\nHOSTNAME=other\necho $HOSTNAME $PS4\nOSTYPE=mine\necho $OSTYPE",
    // Functions.
    "f() { echo \"f $1 $#\"; return 4; }\nf a b\necho $?\nf",
    "f() { local v=in; v2=global; echo $v; }\nv=out\nf\necho $v $v2",
    "g() { h; }\nh() { echo from h; }\ng\nunset -f h\ng || echo gone",
    "f() { cat <<EOF\nheredoc \\$1 $1\nEOF\n}\ndeclare -f f\necho ok",
    "shopt -s extglob\nf() { case $1 in @(a|b)) echo ab;; !(c)) echo notc;; esac; }\nf a\nshopt -u extglob\nf x",
    "e() { echo exported; }\nexport -f e\ndeclare -F\nexport -nf e\ndeclare -F",
    "f() { echo one; }\nreadonly -f f\nf() { echo two; }\nf",
    "function with-dash { echo dash; }\nwith-dash\nfunction a.b() { echo dot; }\na.b",
    "fact() { (( $1 <= 1 )) && echo 1 || echo $(( $1 * $(fact $(( $1 - 1 ))) )); }\nfact 5",
    "f() { echo \"${FUNCNAME[0]} $#\"; }\nf 1 2 3",
    "cd() { builtin cd \"$@\" && echo moved; }\nmkdir_() { :; }\ncd /\npwd\necho() { builtin echo \"e: $*\"; }\necho hi",
    "set() { builtin echo fake; }\nx=1\nexit() { builtin echo no; }\nbuiltin echo $x",
    "f() { set -- inner; echo $1; }\nset -- outer\nf\necho $1",
    // Positional parameters.
    "set -- one 'two words' '' $'new\\nline'\necho $#\nprintf '[%s]' \"$@\"\nshift\necho $1\nshift 2\necho $#",
    "set -- -e -x --\necho \"$@\"\nset --\necho $#",
    "set -- {1..30}\necho ${10} ${30}\nfor a; do echo -n $a; done\necho",
    // Directories.
    "cd /\npwd\ncd /usr\necho $OLDPWD\ncd - >/dev/null\npwd",
    "cd ..\necho ${PWD##*/work}\ncd \"$OLDPWD\"\necho ${PWD##*/}",
    "pushd / >/dev/null\npushd /usr >/dev/null\ndirs\npopd\ndirs\npwd",
    "pushd / >/dev/null\npushd /etc >/dev/null\npushd +1 >/dev/null\ndirs -p\npopd -n >/dev/null\ndirs -p",
    "cd /bin\npwd\npwd -P | { read -r p; echo $p; }\ncd ..\npwd\ncd /bin\ncd -P ..\npwd",
    "PWD=lie\necho $PWD\ncd /\npwd",
    "unset OLDPWD\ncd - || echo none\ncd /\necho was $OLDPWD",
    "(cd /; pwd)\npwd\n{ cd /usr; }\npwd",
    // Options.
    "set -e\nx=1\nfalse || x=2\necho $x\nfalse\necho never",
    "set -e\nif false; then :; fi\n! true\necho $?\ntrue && false || echo or\necho end",
    "set -e\nfalse && true\necho still $?\n(exit 3) || echo $?\n(exit 4)\necho never",
    "set -u\nx=1\necho $x\necho $undefined_one\necho never",
    "set -u\necho ${y-default}\nset +u\necho [$y]",
    "set -o pipefail\nfalse | true\necho $?\nset +o pipefail\nfalse | true\necho $?",
    "set -euo pipefail\na=1\necho $a\nfalse | true\necho never",
    "set -C\necho a > file\necho b > file\necho $?\necho c >| file\nread -r l < file\necho $l",
    "set -f\necho /e*c\nset +f\necho /e?c",
    "set -a\nauto=1\nset +a\nmanual=2\ndeclare -p auto manual",
    "set -x\necho traced\nset +x\necho silent",
    "set -eux\nx=3\necho $x",
    "set -v\necho said\nset +v",
    "set -k\nset +k\nset -h\nset +h\nset -B\nset +B\necho {a,b}",
    "set -o posix\nx=1\necho $x\nset +o posix\nshopt expand_aliases",
    "set -o noglob\necho *\nset +o noglob",
    "set -T\nset -E\necho $-\nset +TE",
    "set -m\necho $-\nset +m",
    "set -b\nset -P\nset +P",
    "shopt -s nullglob\necho no_such_*\nshopt -u nullglob\necho no_such_*",
    "shopt -s globstar dotglob nocaseglob\nshopt -u sourcepath\necho /ET*\nshopt -q globstar && echo on",
    "shopt -s lastpipe\necho piped | read -r got\necho ${got-}",
    "shopt -s nocasematch\n[[ ABC == abc ]] && echo same\nshopt -s failglob\necho no_such_*\necho after",
    "shopt -s inherit_errexit\nset -e\nx=$(false; echo y) || echo caught\necho end",
    "shopt -s compat44\nshopt compat44\nshopt -u compat44",
    "shopt -s extglob\necho /@(etc|nope)\ncase ab in +(a|b)) echo plus;; esac",
    // Aliases.
    "shopt -s expand_aliases\nalias hi='echo hello'\nhi there\nunalias hi\nhi 2>/dev/null || echo gone",
    "shopt -s expand_aliases\nalias q='echo '\"'\"'quoted'\"'\"''\nq\nalias two='echo 1; echo 2'\ntwo",
    "alias quiet='echo never'\nalias\nquiet 2>/dev/null || echo not expanded",
    // Traps.
    "trap 'echo bye' EXIT\necho work\necho more",
    "trap 'echo bye $?' EXIT\necho work\nexit 3\necho never",
    "trap 'echo bye' EXIT\nset -e\nfalse\necho never",
    "trap 'echo one' EXIT\ntrap 'echo two' EXIT\ntrap - EXIT\necho end",
    "trap 'echo multi\necho line' EXIT\nx=1\necho $x",
    "trap 'echo err $?' ERR\nfalse\ntrue\n(exit 7)\ntrap - ERR\nfalse",
    "set -E\ntrap 'echo err' ERR\nf() { false; true; }\nf\necho end",
    "trap 'echo ret' RETURN\nf() { echo in; }\nf\ndeclare -ft f\nf",
    "trap 'n=$((n+0))' DEBUG\necho a\necho b\ntrap - DEBUG\necho c",
    "trap 'echo \"> $BASH_COMMAND\"' DEBUG\nx=1\necho $x\ntrap - DEBUG\necho done",
    "trap '' INT\ntrap 'echo usr' USR1\ntrap\nkill -USR1 $BASHPID\necho end",
    "trap \"echo 'quoted \\\"text\\\"'\" EXIT\ntrap -p EXIT\necho x",
    "f() { trap 'echo from f' EXIT; }\nf\necho x",
    "trap 'exit 9' ERR\necho a\nfalse\necho never",
    "(trap 'echo sub' EXIT; echo in)\necho out",
    // Status.
    "false\necho $?\n(exit 42)\necho $?\ntrue\necho $?",
    "true | (exit 3) | true\necho \"${PIPESTATUS[@]}\"\nfalse | true\necho $? ${PIPESTATUS[0]}",
    "! false | true\necho $? \"${PIPESTATUS[@]}\"\n! true\necho $?",
    "set -o pipefail\n(exit 2) | (exit 3) | true\necho $? \"${PIPESTATUS[@]}\"",
    "no_such_command_here\necho $?\n./no_such_file\necho $?",
    "(exit 130)\necho $?\n(kill -9 $BASHPID)\necho $?",
    "echo a b last\necho $_\n: one two\necho $_",
    "mkdir_() { :; }\nmkdir_ some/dir\necho \"$_\"",
    "x=5\necho [$_]\n[[ a == a ]]\necho [$?]",
    "if false; then :; fi\necho $?\nwhile false; do :; done\necho $?",
    "return 5\necho $?\nbreak\necho $?",
    // Endings.
    "echo a\nexit\necho never",
    "echo a\nexit 0\necho never",
    "echo a; exit 5; echo never\necho never",
    "f() { exit 6; }\necho a\nf\necho never",
    "(exit 7)\necho $?\nexit $(( 4 + 4 ))",
    "exec echo_not_there\necho never",
    "echo ${missing:?is missing}\necho never",
    "x=1\nif true; then exit 3; fi\necho never",
    "kill -TERM $BASHPID\necho never",
    "eval 'echo a; exit 4'\necho never",
    // Shapes.
    "for i in 1 2 3; do\n  echo $i\ndone\necho $i",
    "i=0\nwhile ((i < 3)); do\n  ((i++))\n  [[ $i == 2 ]] && continue\n  echo $i\ndone\necho $i",
    "case x in\n  x) y=1 ;;&\n  *) z=2 ;;\nesac\necho $y $z",
    "cat_() { while read -r l; do echo \"< $l\"; done; }\ncat_ <<EOF\nvalue ${v-none}\nEOF\nv=1\ncat_ <<'EOF'\nliteral $v\nEOF",
    "cat_() { while IFS= read -r l; do echo \"<$l\"; done; }\ncat_ <<-EOF\n\ttabbed\n\t\ttwice\n\tEOF\necho end",
    "x=$(echo sub; exit 3)\necho $x $?\ny=`echo tick`\necho $y",
    "echo one; echo two; x=3\necho $x",
    "a=1 &&\nb=2\necho $a$b\necho a \\\n  b",
    "# a comment\necho one # trailing\n\n# another\necho two",
    "{ echo grouped; g=1; }\necho $g\n(s=1; echo sub)\necho ${s-unset}",
    "select_() { PS3=x; }\nselect_\necho $PS3",
    "x=1; echo $x &\nwait\necho done",
    "coproc_() { :; }\nsleep_() { :; }\nsleep_ &\nwait $!\necho $?",
    "echo to_file > out.txt\nread -r l < out.txt\necho $l\nprintf '%s\\n' a b >> out.txt\nmapfile -t m < out.txt\necho ${#m[@]}",
    "exec 3> fd.txt\necho three >&3\nexec 3>&-\nread -r l < fd.txt\necho $l",
    "diff_() { read -r a < \"$1\"; read -r b < \"$2\"; echo $a $b; }\ndiff_ <(echo 1) <(echo 2)",
    "umask 077\numask\numask 022\numask -S",
    "ulimit -n 200\nulimit -n\nulimit -S -c 0\nulimit -c",
    "hash -p /nowhere/tool tool\nhash -t tool",
    "printf '%s\\n' {a..e}\necho ${BASH_VERSINFO[0]}\necho $0",
    "time_() { TIMEFORMAT=; time true; }\ntime_\necho $TIMEFORMAT",
    "eval 'x=1; y=2'\necho $x$y\nsource /dev/stdin <<< 'z=3'\necho $z",
    "echo 'multi\nline' \"string\n$x\"\nx=1",
    "let 'a=1' 'b=2'\necho $a$b\nbuiltin echo x\ncommand echo y",
    "type_() { type -t \"$1\"; }\ntype_ cd\ntype_ type_\ntype_ nothing || echo none",
];

#[test]
fn everything_that_bash_remembers_is_carried() {
    let scripts: Vec<_> = SCRIPTS.iter().map(|script| (*script).to_owned()).collect();
    eprintln!("{} scripts by hand", scripts.len());
    assert_same(&scripts);
}

#[test]
fn what_bash_has_no_name_for_is_handed_on_all_the_same() {
    let mut session = Session::new();
    session.env.push(("of.no-name".into(), "kept as it was = so".into()));
    session.env.push(("db.password".into(), "hunter22-and-more".into()));
    for another_runner in [false, false, true] {
        if another_runner {
            session.runners = Runners::new(runner());
        }
        let went = session.step("/usr/bin/env | while read -r l; do case $l in of.no*|db.*) echo \"$l\";; esac; done");
        let mut lines: Vec<_> = went.out().lines().map(str::to_owned).collect();
        lines.sort();
        assert_eq!(lines.len(), 2, "{went:?}");
        assert!(lines[0].starts_with("db.password=") && !lines[0].contains("hunter22"), "{lines:?}");
        assert_eq!(lines[1], "of.no-name=kept as it was = so");
    }
}

#[test]
fn options_that_the_author_exports_stay_exported() {
    let mut session = Session::new();
    session.step("set -f; export SHELLOPTS");
    session.step("export BASHOPTS");
    let went = session.step("declare -p SHELLOPTS BASHOPTS; \"$BASH\" -c 'echo *'");
    assert!(
        went.out().starts_with("declare -rx SHELLOPTS=") && went.out().contains("declare -rx BASHOPTS="),
        "{went:?}"
    );
    assert!(went.out().ends_with("\n*\n"), "{went:?}");
}
