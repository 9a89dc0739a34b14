//! The two streams: data on stdout, everything else on stderr. A reader that went away (`| head`) ends the program
//! quietly.

use std::io::{self, Write};
use std::process;

/// Writes data to stdout.
pub(crate) fn data(text: impl AsRef<str>) {
    finish(anstream::stdout().lock().write_all(text.as_ref().as_bytes()));
}

/// Writes a line of data to stdout.
pub(crate) fn line(text: impl std::fmt::Display) {
    finish(writeln!(anstream::stdout().lock(), "{text}"));
}

/// Writes data that has styles only when [`stdout_colors`] says that stdout takes them.
pub(crate) fn painted(text: &str) {
    let mut stdout = io::stdout().lock();
    finish(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()));
}

/// Writes a line about a run that goes on: a reader that went away must not end it half-way. The journal has it all.
pub(crate) fn event(text: impl std::fmt::Display) {
    let _ = writeln!(anstream::stdout().lock(), "{text}");
}

/// Writes a line for the person to stderr.
pub(crate) fn say(text: impl std::fmt::Display) {
    // Nothing can be told about a stderr that is gone.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Whether stdout takes colours.
pub(crate) fn stdout_colors() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

fn finish(result: io::Result<()>) {
    match result {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => process::exit(0),
        Err(error) => {
            let _ = writeln!(io::stderr(), "sereno: stdout: {error}");
            process::exit(1);
        }
    }
}
