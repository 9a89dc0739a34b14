//! The bash around a step's text: how its state is saved at the end. (`restore` is the other half.)
//!
//! bash is started as `bash -c TEXT bash ARGUMENTS…`, with `BASH_ENV` naming the prologue, so that the author's first
//! line is line 1 and `$0` is `bash`. After the author's text stands one more command, which saves the state to a file and
//! leaves. Nothing else is visible: no helper function, no file descriptor, no variable but `SERENO_STEP`.
//!
//! What the last command looks like is due to what may stand before it:
//! - It has no quotes and no word that could close what stands open: its brace inside an open `[[` is an error already. So an
//!   unclosed quote, parenthesis or `if` before it ends in bash's own syntax error and not in something else being run. (An unclosed here-document would swallow it: see `heredoc`.)
//! - A blank line before it takes a trailing backslash.
//! - It runs in braces whose output goes nowhere, so that `set -x` and a `DEBUG` trap stay unheard.
//! - After a trailing `|` it runs in a subshell, says so, and its state is not taken.
//!
//! Known differences from one long script: `$$`, `$!`, `jobs`, `wait` and open file descriptors are each step's own, as
//! are `LINENO`, `RANDOM`'s sequence and `$-`'s `c`; a `DEBUG` trap runs a few times more at the seam, unheard. A
//! text longer than 120 KiB is read from a file, whose name is then `$0`.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// The author's text with the command that saves the state to the file `raw`.
pub(super) fn with_epilogue(script: &str, raw: &Path, epilogue: &Path) -> Vec<u8> {
    let raw = bare(raw);
    let mut text = script.as_bytes().to_vec();
    text.extend_from_slice(b"\n\n{ __sereno_s=$? __sereno_u=$_ __sereno_p=${PIPESTATUS[@]} __sereno_f=");
    text.extend_from_slice(&raw);
    text.extend_from_slice(b"; [[ -k ");
    text.extend_from_slice(&raw);
    text.extend_from_slice(b" ]] && \\builtin trap -p >|");
    text.extend_from_slice(&raw);
    text.extend_from_slice(b" && \\builtin . ");
    text.extend_from_slice(&bare(epilogue));
    text.extend_from_slice(b"; } >/dev/null 2>&1\n");
    text
}

/// The file that the last command reads. It prints bash's state, part by part (see `snapshot`), and leaves with the
/// status of the author's last command. The author's options are read first and switched off, so that none of them
/// disturbs the rest.
pub(super) const EPILOGUE: &[u8] = br#"\builtin trap - DEBUG ERR RETURN EXIT
{
\builtin printf '\0%s\0' 2
\builtin set +o
\builtin set +eufvx
\builtin printf '\0'
\builtin shopt -p
\builtin printf '\0%s\0%s\0%s\0%s\0%s\0' "$__sereno_s" "$__sereno_p" "$__sereno_u" "$BASH_SUBSHELL" "${SECONDS-}"
\builtin pwd -L
\builtin umask -p
\builtin printf '\0'
\builtin alias -p
\builtin printf '\0'
\builtin hash -l
\builtin printf '\0'
\builtin dirs -l -p
\builtin printf '\0'
\builtin declare -f
\builtin printf '\0'
\builtin declare -F
\builtin printf '\0'
\builtin declare -p
\builtin printf '\0%s' "$#" "$@" end
} >>"$__sereno_f"
\builtin exit "$__sereno_s"
"#;

/// A word in single quotes.
pub(super) fn quoted(bytes: &[u8]) -> Vec<u8> {
    let mut word = vec![b'\''];
    for byte in bytes {
        match byte {
            b'\'' => word.extend_from_slice(b"'\\''"),
            byte => word.push(*byte),
        }
    }
    word.push(b'\'');
    word
}

/// A path without quotes, each special byte escaped.
fn bare(path: &Path) -> Vec<u8> {
    let mut word = Vec::new();
    for byte in path.as_os_str().as_bytes() {
        if !(byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_') || !byte.is_ascii()) {
            word.push(b'\\');
        }
        word.push(*byte);
    }
    word
}
