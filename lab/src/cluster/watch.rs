//! What a cluster says of its endpoints, line by line as it changes.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::sleep;

use super::Kube;
use crate::service::log;

const FORMAT: &str = r#"jsonpath={.metadata.namespace} {.metadata.name} {.subsets[*].addresses[*].ip}{"\n"}"#;

/// Tells each change of a service's endpoints, for ever: `NAMESPACE NAME ADDRESS ADDRESS…`.
pub(super) async fn endpoints(kube: &Kube, which: &[&str], mut told: impl FnMut(&str, &str, Vec<std::net::Ipv4Addr>)) {
    let arguments = [&["get", "endpoints", "--watch", "-o", FORMAT], which].concat();
    loop {
        let child = Command::new("kubectl")
            .args(kube.words(&arguments))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        match child {
            Ok(mut child) => {
                let Some(out) = child.stdout.take() else { return };
                let mut lines = BufReader::new(out).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    let mut words = line.split_whitespace();
                    if let (Some(namespace), Some(name)) = (words.next(), words.next()) {
                        told(namespace, name, words.filter_map(|word| word.parse().ok()).collect());
                    }
                }
            }
            Err(error) => log::warn("kubectl does not run", &serde_json::json!({"error": error.to_string()})),
        }
        // A watch ends after a while, which is no trouble; a cluster that does not answer is left alone for a moment.
        sleep(Duration::from_millis(500)).await;
    }
}
