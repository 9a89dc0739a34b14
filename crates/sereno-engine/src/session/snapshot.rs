//! The state that a step left: what the epilogue printed, cut into its parts.
//!
//! The file holds the parts one after the other, each ended by a NUL byte, which bash cannot have in any value. The last
//! part that bash prints is `end`: without it, the rest was cut short. What the runner adds follows:
//! the resource limits, and the environment that bash has no names for.

/// The parts, in the order in which the epilogue prints them. All but numbers stay bytes: bash has no encoding.
#[derive(Debug)]
pub(super) struct Snapshot<'a> {
    /// `trap -p`.
    pub(super) traps: &'a [u8],
    /// `set +o`.
    pub(super) options: &'a str,
    /// `shopt -p`.
    pub(super) shopts: &'a str,
    /// `$?`.
    pub(super) status: u8,
    /// `${PIPESTATUS[@]}`.
    pub(super) pipe: Vec<u8>,
    /// `$_`.
    pub(super) underscore: &'a [u8],
    pub(super) seconds: &'a str,
    pub(super) cwd: &'a [u8],
    /// `umask -p`.
    pub(super) umask: &'a str,
    /// `alias -p`.
    pub(super) aliases: &'a [u8],
    /// `hash -l`.
    pub(super) hashes: &'a [u8],
    /// `dirs -l -p`, the current directory first.
    pub(super) dirs: &'a [u8],
    /// `declare -f`.
    pub(super) functions: &'a [u8],
    /// `declare -F`.
    pub(super) function_attributes: &'a [u8],
    /// `declare -p`.
    pub(super) variables: &'a [u8],
    /// The positional parameters.
    pub(super) arguments: Vec<&'a [u8]>,
    /// `/proc/PID/limits` of bash.
    pub(super) limits: &'a str,
    /// What bash's environment holds that bash has no name for, as `name=value`: it hands it on to what it starts.
    pub(super) unnameable: Vec<&'a [u8]>,
}

/// The text before the epilogue ended in `|`, so that a subshell printed the state.
pub(super) fn is_of_subshell(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == 0).nth(7).is_some_and(|depth| depth != b"0")
}

/// Stands at the front of each file, so that a later version can tell an earlier one's.
pub(super) const VERSION: &str = "2";

impl<'a> Snapshot<'a> {
    /// `None` for a file that is cut short, or was not written by the step's own shell.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut parts = bytes.split(|byte| *byte == 0);
        let mut next = || parts.next();
        let traps = next()?;
        if next()? != VERSION.as_bytes() {
            return None;
        }
        let options = text(next()?)?;
        let shopts = text(next()?)?;
        let status = text(next()?)?.parse().ok()?;
        let pipe = text(next()?)?.split_whitespace().map(|code| code.parse().ok()).collect::<Option<_>>()?;
        let underscore = next()?;
        if next()? != b"0" {
            return None;
        }
        let seconds = text(next()?)?;
        let place = next()?.strip_suffix(b"\n")?;
        // The last line is `umask`'s; a directory's name may have lines of its own.
        let cut = place.iter().rposition(|byte| *byte == b'\n')?;
        let (cwd, umask) = (place.get(..cut)?, text(place.get(cut + 1..)?)?);
        let aliases = next()?;
        let hashes = next()?;
        let dirs = next()?;
        let functions = next()?;
        let function_attributes = next()?;
        let variables = next()?;
        let count: usize = text(next()?)?.parse().ok()?;
        let mut arguments = Vec::new();
        for _ in 0..count {
            arguments.push(next()?);
        }
        if next()? != b"end" {
            return None;
        }
        let limits = text(next()?)?;
        let unnameable = parts.collect();
        Some(Self {
            traps,
            options,
            shopts,
            status,
            pipe,
            underscore,
            seconds,
            cwd,
            umask,
            aliases,
            hashes,
            dirs,
            functions,
            function_attributes,
            variables,
            arguments,
            limits,
            unnameable,
        })
    }

    /// The commands that set the traps, one per signal, in bash's own words. A trap's text may go over several lines.
    pub(super) fn trap_commands(&self) -> Vec<&'a [u8]> {
        let mut commands = Vec::new();
        let mut rest = self.traps;
        while let Some(start) = find(rest, b"trap -- ") {
            rest = rest.get(start..).unwrap_or_default();
            let length = super::declare::line_length(rest).unwrap_or(rest.len());
            commands.push(rest.get(..length).unwrap_or_default());
            rest = rest.get(length..).unwrap_or_default();
        }
        commands
    }

    /// The author's `EXIT` trap is still to run.
    pub(super) fn has_exit_trap(&self) -> bool {
        self.trap_commands().iter().any(|command| command.ends_with(b" EXIT"))
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
