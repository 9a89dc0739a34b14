//! A file out of a container, running or not, as the engine packs it.

use super::engine_said;
use crate::look::{no_plain_file, not_copied, why};
use crate::tar::{Found, Reader};
use crate::{Instance, PlatformError};
use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::DownloadFromContainerOptionsBuilder;
use futures_util::stream::StreamExt as _;
use sereno_model::Text;
use tokio::sync::mpsc;

/// How many links are followed before they count as a ring.
const MOST_LINKS: usize = 20;

/// How long an engine may say nothing in the middle of a file.
const SILENCE: std::time::Duration = std::time::Duration::from_mins(1);

pub(super) async fn copy(
    engine: &Docker,
    instance: &Instance,
    path: &str,
    to: mpsc::Sender<Vec<u8>>,
) -> Result<(), PlatformError> {
    let mut place = path.to_owned();
    for _ in 0..MOST_LINKS {
        match one(engine, instance, path, &place, &to).await? {
            Some(link) => place = beside(&place, &link),
            None => return Ok(()),
        }
    }
    Err(not_copied(&instance.name, path, &Text::new("its links lead in a ring", "sus enlaces forman un círculo")))
}

/// Sends the file at a place; the target, where a link is there.
async fn one(
    engine: &Docker,
    instance: &Instance,
    path: &str,
    place: &str,
    to: &mpsc::Sender<Vec<u8>>,
) -> Result<Option<String>, PlatformError> {
    let refuse = |why: &Text| not_copied(&instance.name, path, why);
    let options = DownloadFromContainerOptionsBuilder::new().path(place).build();
    let mut pieces = std::pin::pin!(engine.download_from_container(&instance.id, Some(options)));
    let mut reader = Reader::default();
    loop {
        let piece = match tokio::time::timeout(SILENCE, pieces.next()).await {
            Ok(Some(Ok(piece))) => piece,
            Ok(Some(Err(Error::DockerResponseServerError { message, .. }))) => return Err(refuse(&why(&message))),
            Ok(Some(Err(error))) if reader.got == 0 => return Err(engine_said("reading a file")(error)),
            Ok(Some(Err(_)) | None) | Err(_) => return Err(refuse(&cut(reader.got))),
        };
        for found in reader.push(&piece).map_err(|said| refuse(&Text::same(said)))? {
            match found {
                Found::Bytes(bytes) => {
                    // Nobody wants the rest.
                    if to.send(bytes).await.is_err() {
                        return Ok(None);
                    }
                }
                Found::End => return Ok(None),
                Found::Link(target) => return Ok(Some(target)),
                Found::Folder => return Err(refuse(&why("is a directory"))),
                Found::Other(kind) => return Err(refuse(&no_plain_file(&kind.to_string()))),
            }
        }
    }
}

fn cut(got: u64) -> Text {
    Text::new(format!("it was cut off after {got} bytes"), format!("se cortó después de {got} bytes"))
}

/// Where a link leads that lies at a place.
fn beside(place: &str, link: &str) -> String {
    if link.starts_with('/') {
        return link.to_owned();
    }
    let folder = place.trim_end_matches('/').rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{link}")
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn a_link_leads_from_where_it_lies() {
        assert_eq!(beside("/var/log/app", "/data/app.log"), "/data/app.log");
        assert_eq!(beside("/var/log/app", "../run/x"), "/var/log/../run/x");
        assert_eq!(beside("app", "x"), "/x");
    }
}
