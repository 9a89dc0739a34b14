//! The step of `sereno exec`: a program inside a component, its output passed on, its terminal too where it has one.

use crate::context::Context;
use crate::exit::Exit;
use crate::output;
use crate::report::{Failure, Result};
use crate::system::{self, failure};
use rustix::termios::{self, OptionalActions, Termios};
use sereno_engine::session::{Doubt, STEP_MARKER, SessionError};
use sereno_model::{Lang, Text};
use sereno_operations::service::{self, StepRequest};
use sereno_platform::{Keyboard, PlatformError, Said, Wires};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

/// What a shell ends with that cannot begin a program at all.
const NOT_BEGUN: Exit = Exit::Program(125);

pub(super) async fn exec(context: &Context, step: &StepRequest) -> Result<Exit> {
    let folder = PathBuf::from(std::env::var_os(STEP_MARKER).unwrap_or_default());
    let doubt = cast(&folder, step)?;
    let raw = if step.terminal { Some(Raw::take().map_err(|error| no_terminal(&error))?) } else { None };
    let ended = run(context, step).await;
    drop(raw);
    match ended {
        Ok(code) => {
            doubt.lift().map_err(not_written)?;
            tell_missing(context.lang, step, code);
            Ok(if code == 0 { Exit::Done } else { Exit::Program(u8::try_from(code).unwrap_or(u8::MAX)) })
        }
        Err(error @ PlatformError::Cut { .. }) => {
            doubt.because(&error.text()).map_err(not_written)?;
            Err(Failure { exit: Exit::Unknown, ..failure(&error) })
        }
        Err(error) => {
            doubt.lift().map_err(not_written)?;
            Err(Failure { exit: NOT_BEGUN, ..failure(&error) })
        }
    }
}

/// However this process ends before it knows, nobody can tell how the program did.
fn cast(folder: &Path, step: &StepRequest) -> Result<Doubt> {
    let place = step.instances.join(", ");
    let why = Text::new(
        format!("what waited for the program ended before it did: it may still run in {place}"),
        format!("lo que esperaba al programa terminó antes que él: puede seguir en marcha en {place}"),
    );
    Doubt::cast(folder, &why).map_err(not_written)
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed over by map_err")]
fn not_written(error: SessionError) -> Failure {
    Failure::of(NOT_BEGUN, error.text())
}

async fn run(context: &Context, step: &StepRequest) -> std::result::Result<i32, PlatformError> {
    let platform = system::platform(context).await.map_err(|failure| PlatformError::Refused {
        en: failure.message.en,
        es: failure.message.es,
        hint: failure.hint.map(Box::new),
    })?;
    let (to, from) = mpsc::channel(64);
    let keyboard =
        step.terminal.then(keyboard).transpose().map_err(|error| {
            PlatformError::refused(format!("the terminal: {error}"), format!("la terminal: {error}"))
        })?;
    let showing = tokio::spawn(show(from, context.lang));
    let ended = service::exec(platform.as_ref(), step, Wires { output: to, keyboard }).await;
    // What came is shown before the end is told; showing it cannot fail.
    let _ = showing.await;
    ended
}

/// Passes on what the program says. A reader that went away does not end the program: the record has it all.
async fn show(mut from: mpsc::Receiver<Said>, lang: Lang) {
    while let Some(said) = from.recv().await {
        match said {
            Said::Out(bytes) => {
                let mut stdout = std::io::stdout().lock();
                let _ = stdout.write_all(&bytes).and_then(|()| stdout.flush());
            }
            Said::Err(bytes) => {
                let _ = std::io::stderr().lock().write_all(&bytes);
            }
            Said::CutOff => output::say(match lang {
                Lang::En => {
                    "sereno: the connection was cut and the program runs on: waiting for its end; what it says is lost"
                }
                Lang::Es => {
                    "sereno: se cortó la conexión y el programa sigue: se espera su final; lo que dice se pierde"
                }
            }),
        }
    }
}

/// 126 and 127 are what engines and shells say of a program that is not there or may not be run, and not all of them agree on
/// which is which.
fn tell_missing(lang: Lang, step: &StepRequest, code: i32) {
    if !matches!(code, 126 | 127) {
        return;
    }
    let (program, place) = (step.program.first().map_or("", String::as_str), step.instances.join(", "));
    output::say(match lang {
        Lang::En => format!("sereno: {code}: there is no program `{program}` in {place}, or it cannot be run there"),
        Lang::Es => format!("sereno: {code}: no hay un programa `{program}` en {place}, o no se puede ejecutar ahí"),
    });
}

/// What a person types, read by a thread of its own: a read of a terminal cannot be given up.
fn keyboard() -> std::io::Result<Keyboard> {
    let tty = File::options().read(true).open("/dev/tty")?;
    let window = tty.try_clone()?;
    let (to, typed) = mpsc::channel(16);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = (&tty).read(&mut buffer) {
            if to.blocking_send(buffer.get(..read).unwrap_or_default().to_vec()).is_err() {
                return;
            }
        }
    });
    let (resized, size) = watch::channel(columns_and_rows(&window));
    let mut changes = signal(SignalKind::window_change())?;
    tokio::spawn(
        async move { while changes.recv().await.is_some() && resized.send(columns_and_rows(&window)).is_ok() {} },
    );
    Ok(Keyboard { typed, size })
}

fn columns_and_rows(tty: &File) -> (u16, u16) {
    termios::tcgetwinsize(tty).map_or((80, 24), |size| (size.ws_col, size.ws_row))
}

/// The terminal passes every key on while this lives, Ctrl-C too: they are the program's.
struct Raw {
    tty: File,
    before: Termios,
}

impl Raw {
    fn take() -> std::io::Result<Self> {
        let tty = File::options().read(true).write(true).open("/dev/tty")?;
        let before = termios::tcgetattr(&tty)?;
        let mut raw = before.clone();
        raw.make_raw();
        termios::tcsetattr(&tty, OptionalActions::Drain, &raw)?;
        Ok(Self { tty, before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // A terminal that is gone needs no mending.
        let _ = termios::tcsetattr(&self.tty, OptionalActions::Drain, &self.before);
    }
}

fn no_terminal(error: &std::io::Error) -> Failure {
    Failure::new(NOT_BEGUN, format!("the terminal: {error}"), format!("la terminal: {error}"))
}
