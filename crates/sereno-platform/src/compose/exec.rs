//! A program inside a container, through the Docker Engine's API.

use super::engine_said;
use crate::{Keyboard, PlatformError, Said, Wires};
use bollard::Docker;
use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::exec::{CreateExecOptions, ResizeExecOptions, StartExecOptions, StartExecResults};
use bollard::models::ExecInspectResponse;
use futures_util::stream::{Stream, StreamExt as _};
use std::pin::Pin;
use std::time::{Duration, Instant};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// How long the engine may take to know of an end that its stream has told already, or to answer again.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a program whose stream has ended may run on before the person is told that they see no more of it.
const UNSEEN: Duration = Duration::from_secs(1);

type Output = Pin<Box<dyn Stream<Item = Result<LogOutput, Error>> + Send>>;
type Input = Pin<Box<dyn AsyncWrite + Send>>;

/// Runs it to its end. Only after the request to start it may it have begun.
pub(super) async fn run(
    engine: &Docker,
    container: &str,
    argv: &[String],
    terminal: bool,
    mut wires: Wires,
) -> Result<i32, PlatformError> {
    let asked = CreateExecOptions {
        attach_stdin: Some(terminal),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(terminal),
        cmd: Some(argv.to_vec()),
        ..Default::default()
    };
    let created = engine.create_exec(container, asked).await.map_err(engine_said("preparing a program"))?;
    let how = StartExecOptions { tty: terminal, ..StartExecOptions::default() };
    match engine.start_exec(&created.id, Some(how)).await {
        Ok(StartExecResults::Attached { output, input }) => {
            talk(engine, &created.id, (output, input), &mut wires).await;
        }
        Ok(StartExecResults::Detached) => {}
        Err(error @ Error::DockerResponseServerError { .. }) => return Err(engine_said("starting a program")(error)),
        // No answer came: whether it began is for the engine to say.
        Err(_) => {}
    }
    ended(engine, &created.id, &wires).await
}

/// Passes on what goes in and what comes out, until the stream ends, for whatever reason.
async fn talk(engine: &Docker, id: &str, (mut output, mut input): (Output, Input), wires: &mut Wires) {
    let mut keyboard = wires.keyboard.take();
    if let Some(keyboard) = &mut keyboard {
        keyboard.size.mark_changed();
    }
    loop {
        tokio::select! {
            said = output.next() => match said {
                Some(Ok(said)) => pass_on(said, wires).await,
                // A stream that breaks off and one that ends look the same: how the program ended is asked in any case.
                Some(Err(_)) | None => return,
            },
            hand = next(&mut keyboard) => match hand {
                Hand::Typed(bytes) => {
                    // A program that is gone reads no more; its end is told by its output.
                    let _ = input.write_all(&bytes).await;
                    let _ = input.flush().await;
                }
                Hand::Resized(width, height) => {
                    // A window of the wrong size is no reason to end what runs in it.
                    let _ = engine.resize_exec(id, ResizeExecOptions { width, height }).await;
                }
                Hand::Gone => {
                    keyboard = None;
                    let _ = input.shutdown().await;
                }
            },
        }
    }
}

/// What a person does at the keyboard.
enum Hand {
    Typed(Vec<u8>),
    Resized(u16, u16),
    Gone,
}

async fn next(keyboard: &mut Option<Keyboard>) -> Hand {
    let Some(Keyboard { typed, size }) = keyboard else { return std::future::pending().await };
    tokio::select! {
        bytes = typed.recv() => bytes.map_or(Hand::Gone, Hand::Typed),
        Ok(()) = size.changed() => {
            let (width, height) = *size.borrow_and_update();
            Hand::Resized(width, height)
        }
    }
}

async fn pass_on(said: LogOutput, wires: &Wires) {
    let said = match said {
        LogOutput::StdErr { message } => Said::Err(message.to_vec()),
        LogOutput::StdOut { message } | LogOutput::Console { message } | LogOutput::StdIn { message } => {
            Said::Out(message.to_vec())
        }
    };
    // Nobody listens any more: the program goes on, and its end counts.
    let _ = wires.output.send(said).await;
}

/// How it ended, as the engine says. One that runs on without its stream is waited for as long as the engine answers.
async fn ended(engine: &Docker, id: &str, wires: &Wires) -> Result<i32, PlatformError> {
    let (begun, mut silent_since, mut told) = (Instant::now(), None::<Instant>, false);
    loop {
        let looked = engine.inspect_exec(id).await;
        match looked.as_ref().map(state) {
            Ok(State::Ended(code)) => return Ok(code),
            Ok(State::Runs) => {
                silent_since = None;
                if !told && begun.elapsed() > UNSEEN {
                    told = true;
                    let _ = wires.output.send(Said::CutOff).await;
                }
            }
            Ok(State::NotBegun) | Err(_) => {
                if silent_since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                    return Err(nobody_can_tell(looked.err()));
                }
            }
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

enum State {
    Runs,
    Ended(i32),
    NotBegun,
}

fn state(seen: &ExecInspectResponse) -> State {
    match (seen.running, seen.exit_code) {
        (Some(true), _) => State::Runs,
        (_, Some(code)) => State::Ended(i32::try_from(code).unwrap_or(i32::MAX)),
        (_, None) => State::NotBegun,
    }
}

fn nobody_can_tell(error: Option<Error>) -> PlatformError {
    match error {
        Some(error) => PlatformError::Cut {
            en: format!("the connection to the Docker Engine was cut while the program ran: {error}"),
            es: format!("se cortó la conexión con el Docker Engine mientras el programa se ejecutaba: {error}"),
        },
        None => PlatformError::Cut {
            en: "the Docker Engine was asked to start the program and does not say that it did".to_owned(),
            es: "se pidió al Docker Engine que iniciara el programa y no dice que lo hiciera".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_one_only_with_a_code() {
        let seen = |text: &str| state(&serde_json::from_str(text).expect("the engine's JSON"));
        assert!(matches!(seen(r#"{"Running":false,"ExitCode":137}"#), State::Ended(137)));
        assert!(matches!(seen(r#"{"Running":true,"ExitCode":null}"#), State::Runs));
        assert!(matches!(seen(r#"{"Running":true,"ExitCode":0}"#), State::Runs), "the engine's 0 says nothing yet");
        assert!(matches!(seen(r#"{"Running":false,"ExitCode":null}"#), State::NotBegun));
    }
}
