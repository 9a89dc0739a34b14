//! Repository tasks: `cargo xtask gen` writes the generated references, `cargo xtask gen --check` fails where a
//! committed one is not what the code says. The rules of the repository are tests, in `tests/tidy.rs`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

/// What is generated: the argument of `sereno __reference`, and the file that it fills.
const GENERATED: &[(&str, &str)] = &[
    ("cli", "docs/reference/cli.md"),
    ("lints", "docs/reference/lints.md"),
    ("exit-codes", "docs/reference/exit-codes.md"),
    ("settings", "docs/reference/settings.md"),
    ("schema", "docs/reference/runbook.schema.json"),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["gen"] => generate(false),
        ["gen", "--check"] => generate(true),
        _ => {
            say("usage: cargo xtask gen [--check]");
            ExitCode::from(2)
        }
    }
}

fn generate(check: bool) -> ExitCode {
    let root = root();
    let sereno = match build(&root) {
        Ok(sereno) => sereno,
        Err(message) => {
            say(&message);
            return ExitCode::FAILURE;
        }
    };
    let mut stale = Vec::new();
    for (what, file) in GENERATED {
        let text = match reference(&sereno, what) {
            Ok(text) => text,
            Err(message) => {
                say(&message);
                return ExitCode::FAILURE;
            }
        };
        let path = root.join(file);
        if fs::read_to_string(&path).is_ok_and(|committed| committed == text) {
            continue;
        }
        if check {
            stale.push(*file);
        } else if let Err(error) = fs::write(&path, text) {
            say(&format!("{file}: {error}"));
            return ExitCode::FAILURE;
        } else {
            say(&format!("wrote {file}"));
        }
    }
    if stale.is_empty() {
        return ExitCode::SUCCESS;
    }
    say(&format!("not what the code says: {} (run `cargo xtask gen` and commit)", stale.join(", ")));
    ExitCode::FAILURE
}

/// The binary as the whole workspace builds it: built by itself, its dependencies would have other features and be built again.
fn build(root: &Path) -> Result<PathBuf, String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).current_dir(root).args(["build", "--quiet", "--workspace", "--bins"]).status();
    match built {
        Ok(status) if status.success() => env::current_exe()
            .map(|xtask| xtask.with_file_name("sereno"))
            .map_err(|error| format!("where this program is: {error}")),
        Ok(_) => Err("sereno does not build".to_owned()),
        Err(error) => Err(format!("cargo: {error}")),
    }
}

fn reference(sereno: &Path, what: &str) -> Result<String, String> {
    let output = Command::new(sereno)
        .args(["__reference", what])
        .env("LANG", "C")
        .env("SERENO_LANG", "en")
        .output()
        .map_err(|error| format!("{}: {error}", sereno.display()))?;
    if !output.status.success() {
        return Err(format!("sereno __reference {what}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("{what}: {error}"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

#[expect(clippy::print_stderr, reason = "a task speaks to the person who runs it")]
fn say(text: &str) {
    eprintln!("xtask: {text}");
}
