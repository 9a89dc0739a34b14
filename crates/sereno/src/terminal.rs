//! Asking a person at the terminal. The terminal is `/dev/tty`, not standard input: a pipe cannot say yes.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::time::{Duration, Instant};

/// A person's terminal.
#[derive(Debug)]
pub(crate) struct Terminal {
    tty: File,
}

impl Terminal {
    /// The terminal that this process belongs to, if it stands in the foreground of one and shows its output there.
    pub(crate) fn open() -> Option<Self> {
        use std::io::IsTerminal as _;
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        let tty = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
        Some(Self { tty })
    }

    /// Asks, and returns the line that was typed without its end; `None` at the end of input (Ctrl-D).
    pub(crate) fn ask(&mut self, prompt: &str) -> Option<String> {
        write!(self.tty, "{prompt}").ok()?;
        self.tty.flush().ok()?;
        let mut line = String::new();
        let read = BufReader::new(&self.tty).read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim_end_matches(['\n', '\r']).to_owned())
    }

    /// Asks without showing what is typed.
    pub(crate) fn ask_secret(&mut self, prompt: &str) -> Option<String> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(&self.tty).ok()?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&self.tty, OptionalActions::Flush, &hidden).ok()?;
        let answer = self.ask(prompt);
        // A terminal left without echo would be worse than a lost error.
        let _ = tcsetattr(&self.tty, OptionalActions::Flush, &before);
        let _ = writeln!(self.tty);
        answer
    }

    /// Lets a pause pass that is meant to be felt, counting it down; what is typed meanwhile is thrown away.
    pub(crate) fn pause(&mut self, length: Duration, words: &str) {
        let end = Instant::now() + length;
        while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            let _ = write!(self.tty, "\r{words} {} s ", left.as_secs() + 1);
            let _ = self.tty.flush();
            std::thread::sleep(left.min(Duration::from_millis(200)));
        }
        let _ = write!(self.tty, "\r{:width$}\r", "", width = words.chars().count() + 8);
        let _ = rustix::termios::tcflush(&self.tty, rustix::termios::QueueSelector::IFlush);
    }
}
