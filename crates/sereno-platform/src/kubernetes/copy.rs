//! A file out of a container of a pod: its own `cat` says it.

use super::exec::{ExecError, ExecIn, Piece};
use super::{ClusterError, Kubernetes};
use crate::look::{not_copied, why};
use crate::{Component, Instance, PlatformError};
use sereno_model::Text;
use tokio::sync::mpsc;

/// How much of what it complains of is kept.
const COMPLAINT: usize = 4096;

pub(super) async fn copy(
    cluster: &Kubernetes,
    component: &Component,
    instance: &Instance,
    path: &str,
    to: mpsc::Sender<Vec<u8>>,
) -> Result<(), PlatformError> {
    let container =
        component.workload.as_ref().map(|workload| workload.container.as_str()).filter(|name| !name.is_empty());
    let argv = ["cat", "--", path].map(str::to_owned);
    let what = ExecIn { pod: &instance.name, container, argv: &argv, tty: false };
    let (piece_to, mut pieces) = mpsc::channel(16);
    let passing = async {
        let mut said = Vec::new();
        while let Some(piece) = pieces.recv().await {
            match piece {
                Piece::Out(bytes) => {
                    // Nobody wants the rest.
                    if to.send(bytes).await.is_err() {
                        break;
                    }
                }
                Piece::Err(bytes) => said.extend(bytes.into_iter().take(COMPLAINT.saturating_sub(said.len()))),
            }
        }
        String::from_utf8_lossy(&said).into_owned()
    };
    let running = cluster.exec_in(&what, None::<tokio::io::Empty>, None, piece_to);
    let (ended, said) = futures_util::future::join(running, passing).await;
    let refuse = |why: &Text| Err(not_copied(&instance.name, path, why));
    match ended {
        Ok(0) => Ok(()),
        Ok(code) if lacks_program(code, &said) => refuse(&no_cat()),
        Ok(code) if said.trim().is_empty() => refuse(&Text::same(format!("cat: {code}"))),
        Ok(_) => refuse(&why(&said)),
        Err(ExecError::NotStarted(ClusterError::Said { said, .. })) if lacks_program(126, &said) => refuse(&no_cat()),
        Err(ExecError::NotStarted(error)) => Err(Box::new(error).into()),
        Err(ExecError::Lost { said }) => refuse(&Text::new(
            format!("the connection was lost in the middle: {}", said.en),
            format!("se perdió la conexión en el medio: {}", said.es),
        )),
    }
}

/// Whether the container has no such program, as its runtime words it.
fn lacks_program(code: i32, said: &str) -> bool {
    let words = ["executable file not found", "no such file or directory: unknown"];
    matches!(code, 126 | 127) && (said.trim().is_empty() || words.iter().any(|words| said.contains(words)))
}

fn no_cat() -> Text {
    Text::new(
        "the container has no `cat` to read it with (kubectl debug brings one)",
        "el contenedor no tiene `cat` para leerlo (kubectl debug trae uno)",
    )
}

#[cfg(test)]
mod tests {
    use super::lacks_program;

    #[test]
    fn a_program_that_is_not_there_is_told_from_a_file_that_is_not() {
        let runtime = "OCI runtime exec failed: exec failed: unable to start container process: exec: \"cat\": executable file not found in $PATH: unknown";
        assert!(lacks_program(126, runtime) && lacks_program(127, ""));
        assert!(!lacks_program(1, "cat: /x: No such file or directory"));
        assert!(!lacks_program(126, "cat: permission denied"));
    }
}
