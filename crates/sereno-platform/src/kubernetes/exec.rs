//! A program in a container of a pod, over WebSocket: its output as it comes, its input, and how it ended.

use super::Kubernetes;
use super::api::unanswered;
use super::error::ClusterError;
use crate::call::ClusterRequest;
use crate::{Call, Keyboard, PlatformError, Said, Wires};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::api::{Api, AttachParams, AttachedProcess, TerminalSize};
use sereno_model::Text;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{mpsc, watch};

/// How long it may take until the program has started, or could not.
const START: Duration = Duration::from_secs(10);

/// What a role has to allow.
const ACTION: &str = "create pods/exec";

/// How much is taken from a stream at once.
const PIECE: usize = 16 * 1024;

/// What is to run, and where.
#[derive(Debug, Clone)]
pub struct ExecIn<'a> {
    pub pod: &'a str,
    /// The pod's usual one when none is named.
    pub container: Option<&'a str>,
    pub argv: &'a [String],
    /// A terminal: then what it writes to either stream comes on the first.
    pub tty: bool,
}

/// A piece of what a program wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Out(Vec<u8>),
    Err(Vec<u8>),
}

/// Why no end of a program is known.
#[derive(Debug)]
pub enum ExecError {
    /// It did not start: no such pod, container or program, or no permission.
    NotStarted(ClusterError),
    /// It started, and the connection was lost: it may have ended, or go on.
    Lost { said: Text },
}

impl ExecError {
    pub fn text(&self) -> Text {
        match self {
            Self::NotStarted(error) => error.text(),
            Self::Lost { said } => Text::new(
                format!("the connection was lost while it ran, and how it ended is not known: {}", said.en),
                format!("se perdió la conexión mientras corría, y no se sabe cómo terminó: {}", said.es),
            ),
        }
    }

    /// Whether it may have done something.
    pub fn leaves_doubt(&self) -> bool {
        match self {
            Self::NotStarted(error) => error.leaves_doubt(),
            Self::Lost { .. } => true,
        }
    }
}

impl Kubernetes {
    /// Whether this server can be told the end of a program's input. Older ones cannot: there a program that reads to the
    /// end would wait for ever.
    pub fn can_end_input(&self) -> bool {
        self.minor.is_none_or(|minor| minor >= super::INPUT_ENDS_SINCE)
    }

    /// Runs a program in a container, and gives the code that it ended with. What it writes goes to `to` as it comes; what
    /// comes from `input` goes to it; `sizes` tells how large the terminal is, first of all and whenever that changes.
    pub async fn exec_in<R>(
        &self,
        what: &ExecIn<'_>,
        input: Option<R>,
        sizes: Option<mpsc::Receiver<(u16, u16)>>,
        to: mpsc::Sender<Piece>,
    ) -> Result<i32, ExecError>
    where
        R: AsyncRead + Unpin + Send,
    {
        if input.is_some() && !what.tty && !self.can_end_input() {
            return Err(ExecError::NotStarted(ClusterError::NoEndOfInput { server: self.api.server.clone() }));
        }
        let client = self.api.streams().map_err(ExecError::NotStarted)?;
        let pods: Api<Pod> = Api::namespaced(client, &self.paths.namespace);
        let how = AttachParams {
            container: what.container.map(str::to_owned),
            stdin: input.is_some(),
            stdout: true,
            stderr: !what.tty,
            tty: what.tty,
            max_stdin_buf_size: Some(PIECE),
            max_stdout_buf_size: Some(PIECE),
            max_stderr_buf_size: Some(PIECE),
        };
        let starting = tokio::time::timeout(START, pods.exec(what.pod, what.argv.iter().cloned(), &how));
        let process = match starting.await {
            Ok(started) => started.map_err(|error| ExecError::NotStarted(self.api.said(ACTION.to_owned(), error)))?,
            Err(_) => return Err(ExecError::NotStarted(self.api.silent())),
        };
        self.attend(process, input, sizes, &to).await
    }

    async fn attend<R>(
        &self,
        mut process: AttachedProcess,
        input: Option<R>,
        sizes: Option<mpsc::Receiver<(u16, u16)>>,
        to: &mpsc::Sender<Piece>,
    ) -> Result<i32, ExecError>
    where
        R: AsyncRead + Unpin + Send,
    {
        let status = process.take_status();
        let (out, err) = (process.stdout(), process.stderr());
        let (stdin, terminal) = (process.stdin(), process.terminal_size());
        let reading = futures_util::future::join(pass(out, to, Piece::Out), pass(err, to, Piece::Err));
        let feeding = async {
            if let (Some(input), Some(mut stdin)) = (input, stdin) {
                feed(input, &mut stdin).await;
                // A server that cannot be told of an end would take it for the end of all.
                if self.can_end_input() {
                    // A program that has ended reads nothing any more, which is no error.
                    let _ = stdin.shutdown().await;
                }
                std::future::pending::<()>().await;
            }
            std::future::pending::<()>().await;
        };
        let sizing = async {
            if let (Some(mut sizes), Some(mut terminal)) = (sizes, terminal) {
                while let Some((width, height)) = sizes.recv().await {
                    // A program that has ended has no terminal any more.
                    if terminal.try_send(TerminalSize { width, height }).is_err() && terminal.is_closed() {
                        break;
                    }
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            _ = reading => {}
            () = feeding => {}
            () = sizing => {}
        }
        let ended = match status {
            Some(status) => status.await,
            None => None,
        };
        if let Some(status) = ended {
            return code(&status).map_err(|said| {
                let code = status.code.and_then(|code| u16::try_from(code).ok()).unwrap_or(500);
                ExecError::NotStarted(ClusterError::Said { action: ACTION.to_owned(), code, said })
            });
        }
        let said = match process.join().await {
            Err(error) => unanswered(self.api.server.clone(), &error).text(),
            Ok(()) => Text::new("it was closed before the end", "se cerró antes del final"),
        };
        Err(ExecError::Lost { said })
    }
}

/// The code that a program ended with, as the server words it; else why it did not start.
fn code(status: &Status) -> Result<i32, String> {
    if status.status.as_deref() == Some("Success") {
        return Ok(0);
    }
    let causes = status.details.as_ref().and_then(|details| details.causes.as_deref()).unwrap_or_default();
    let code = causes.iter().find(|cause| cause.reason.as_deref() == Some("ExitCode"));
    let code = code.and_then(|cause| cause.message.as_deref()).and_then(|code| code.parse().ok());
    code.ok_or_else(|| status.message.clone().unwrap_or_default())
}

/// Sends on what comes, until there is no more or nobody listens.
async fn pass(from: Option<impl AsyncRead + Unpin>, to: &mpsc::Sender<Piece>, piece: fn(Vec<u8>) -> Piece) {
    let Some(mut from) = from else { return };
    let mut buffer = vec![0; PIECE];
    // A stream that breaks ends: what became of the program is told by its status, or by there being none.
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if to.send(piece(buffer[..read].to_vec())).await.is_err() {
            return;
        }
    }
}

/// Hands the input over until it ends, or the program has.
async fn feed(mut input: impl AsyncRead + Unpin, stdin: &mut (impl AsyncWrite + Unpin)) {
    let mut buffer = vec![0; PIECE];
    while let Ok(read @ 1..) = input.read(&mut buffer).await {
        if stdin.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

/// Runs the program of a call, with what is connected to it.
pub(super) async fn run(cluster: &Kubernetes, call: &Call, wires: Wires) -> Result<i32, PlatformError> {
    let Call::Cluster { request: ClusterRequest::Exec { pod, container, argv, terminal } } = call else {
        return Err(Box::new(not_a_change(&call.to_string())).into());
    };
    let what = ExecIn { pod, container: container.as_deref(), argv, tty: *terminal };
    let (to, mut pieces) = mpsc::channel(64);
    let (input, sizes, typing) = match wires.keyboard {
        Some(Keyboard { typed, size }) => {
            let (near, far) = tokio::io::duplex(PIECE);
            let (resized, sizes) = mpsc::channel(1);
            (Some(far), Some(sizes), Some(futures_util::future::join(hand_over(typed, near), resize(size, resized))))
        }
        None => (None, None, None),
    };
    let output = wires.output;
    let showing = async {
        while let Some(piece) = pieces.recv().await {
            let said = match piece {
                Piece::Out(bytes) => Said::Out(bytes),
                Piece::Err(bytes) => Said::Err(bytes),
            };
            // Nobody listens any more: the program goes on, and its end counts.
            let _ = output.send(said).await;
        }
    };
    let running = async {
        let running = cluster.exec_in(&what, input, sizes, to);
        let Some(typing) = typing else { return running.await };
        tokio::pin!(running);
        tokio::select! {
            ended = &mut running => ended,
            // What is typed has ended; the program has not.
            _ = typing => running.await,
        }
    };
    let (ended, ()) = futures_util::future::join(running, showing).await;
    ended.map_err(|error| match error {
        ExecError::NotStarted(error) if !error.leaves_doubt() => Box::new(error).into(),
        error => {
            let text = error.text();
            PlatformError::Cut { en: text.en, es: text.es }
        }
    })
}

async fn hand_over(mut typed: mpsc::Receiver<Vec<u8>>, mut to: impl AsyncWrite + Unpin) {
    while let Some(keys) = typed.recv().await {
        if to.write_all(&keys).await.is_err() {
            return;
        }
    }
}

async fn resize(mut size: watch::Receiver<(u16, u16)>, to: mpsc::Sender<(u16, u16)>) {
    size.mark_changed();
    while size.changed().await.is_ok() {
        let now = *size.borrow_and_update();
        if to.send(now).await.is_err() {
            return;
        }
    }
}

/// A request that was to be made in another way.
pub(super) fn not_a_change(what: &str) -> ClusterError {
    ClusterError::Said { action: ACTION.to_owned(), code: 400, said: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_program_ended_is_read_from_what_the_server_says() {
        let read = |text: &str| code(&serde_json::from_str(text).expect("a status"));
        assert_eq!(read(r#"{"status":"Success"}"#), Ok(0));
        let failed = r#"{"status":"Failure","reason":"NonZeroExitCode","message":"command terminated with non-zero exit code",
            "details":{"causes":[{"reason":"ExitCode","message":"3"}]}}"#;
        assert_eq!(read(failed), Ok(3));
        let not_started = r#"{"status":"Failure","reason":"InternalError","message":"no such container","code":500}"#;
        assert_eq!(read(not_started), Err("no such container".to_owned()));
    }
}
