//! What stands before a cluster's service where its users are: takes connections on loopback and passes each to a pod
//! that is ready. It answers as a load balancer does: 502 when there is none, 504 when one does not answer.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{Kube, watch};
use crate::failure::{Doing, Result};
use crate::service::{log, told_to_stop};

const CONNECT: Duration = Duration::from_secs(1);
const ANSWER: Duration = Duration::from_secs(8);

type Pods = Arc<Mutex<Vec<Ipv4Addr>>>;

pub(crate) async fn serve(kube: Kube, service: &str, pod_port: u16, port: u16) -> Result<()> {
    let pods = Pods::default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.doing(|| format!("listening on {port}"))?;
    let known = pods.clone();
    let selected = format!("metadata.name={service}");
    let which = ["--field-selector", selected.as_str()];
    let watching = watch::endpoints(&kube, &which, move |_, _, addresses| {
        log::info("endpoints", &json!({"addresses": addresses}));
        *known.lock().unwrap_or_else(PoisonError::into_inner) = addresses;
    });
    let accepting = async {
        let mut turn = 0_usize;
        loop {
            // One connection that breaks while it is accepted is no reason to end.
            let Ok((client, _)) = listener.accept().await else { continue };
            turn = turn.wrapping_add(1);
            let mut order = pods.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let first = turn.checked_rem(order.len()).unwrap_or(0);
            order.rotate_left(first);
            tokio::spawn(pass(client, order, pod_port));
        }
    };
    tokio::select! {
        () = watching => {}
        () = accepting => {}
        () = told_to_stop() => {}
    }
    Ok(())
}

async fn pass(mut client: TcpStream, pods: Vec<Ipv4Addr>, port: u16) {
    for pod in pods {
        let address = SocketAddr::from((pod, port));
        if let Ok(Ok(upstream)) = timeout(CONNECT, TcpStream::connect(address)).await {
            // A client that goes away in the middle is its own affair.
            let _ = Box::pin(exchange(client, upstream)).await;
            return;
        }
    }
    log::warn("no pod takes the connection", &json!({"status": 502}));
    hear_out(&mut client).await;
    let _ = refuse(&mut client, "502 Bad Gateway").await;
}

/// Takes what the client says first: who is cut off while speaking does not hear the answer.
async fn hear_out(client: &mut TcpStream) {
    let mut head = Vec::new();
    let hearing = async {
        while head.len() < 64 * 1024 && !head.windows(4).any(|four| four == b"\r\n\r\n") {
            match client.read_buf(&mut head).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return,
            }
        }
    };
    // One who says nothing is answered all the same.
    let _ = timeout(CONNECT, hearing).await;
}

async fn exchange(mut client: TcpStream, mut upstream: TcpStream) -> std::io::Result<()> {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_pod, mut to_pod) = upstream.split();
    let asking = async {
        if copy(&mut from_client, &mut to_pod).await.is_ok() {
            let _ = to_pod.shutdown().await;
        }
        // What counts is when the answer ends.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = asking => Ok(()),
        answered = answer(&mut from_pod, &mut to_client) => answered,
    }
}

async fn answer(pod: &mut (impl AsyncRead + Unpin), client: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
    let mut first = [0; 16 * 1024];
    match timeout(ANSWER, pod.read(&mut first)).await {
        Err(_) => refuse(client, "504 Gateway Timeout").await,
        Ok(Ok(0) | Err(_)) => refuse(client, "502 Bad Gateway").await,
        Ok(Ok(length)) => {
            client.write_all(first.get(..length).unwrap_or_default()).await?;
            copy(pod, client).await?;
            client.shutdown().await
        }
    }
}

async fn refuse(client: &mut (impl AsyncWrite + Unpin), status: &str) -> std::io::Result<()> {
    let body = format!("{status}\n");
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nConnection: close\r\n");
    client.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).await?;
    client.shutdown().await
}
