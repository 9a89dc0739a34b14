//! A cluster's names, for one that has no DNS of its own: `SERVICE.NAMESPACE.svc.cluster.local` are the addresses of the
//! pods behind the service that are ready. Every lab brings one; the first serves, the others wait for its place.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::sleep;

use super::{Kube, watch};
use crate::failure::{Failure, Result};
use crate::service::told_to_stop;

const ZONE: &str = ".svc.cluster.local";
const PORT: u16 = 53;

type Names = Arc<Mutex<BTreeMap<String, Vec<Ipv4Addr>>>>;

pub(crate) async fn serve(kube: Kube, at: Ipv4Addr) -> Result<()> {
    let names = Names::default();
    let known = names.clone();
    let watching = watch::endpoints(&kube, &["--all-namespaces"], move |namespace, name, addresses| {
        let key = format!("{name}.{namespace}{ZONE}");
        known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, addresses);
    });
    tokio::select! {
        () = watching => Ok(()),
        ended = answer_all(at, &names) => ended,
        () = told_to_stop() => Ok(()),
    }
}

async fn answer_all(at: Ipv4Addr, names: &Names) -> Result<()> {
    let socket = loop {
        match UdpSocket::bind((at, PORT)).await {
            Ok(socket) => break socket,
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => sleep(Duration::from_millis(250)).await,
            Err(error) => {
                return Err(Failure::new(format!("answering for names at {at}: {error}"))
                    .hint("port 53 needs root; a cluster with a DNS of its own needs none of this"));
            }
        }
    };
    let mut query = [0; 512];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut query).await else { continue };
        let look_up = |name: &str| names.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(reply) = query.get(..length).and_then(|query| reply(query, look_up)) {
            // Whoever asked and went away asks again.
            let _ = socket.send_to(&reply, from).await;
        }
    }
}

/// The reply to one question: addresses, none of that kind, or no such name.
fn reply(query: &[u8], look_up: impl Fn(&str) -> Option<Vec<Ipv4Addr>>) -> Option<Vec<u8>> {
    let header = query.get(..12)?;
    if header.get(2)? & 0x80 != 0 || header.get(4..6)? != [0, 1] {
        return None;
    }
    let (name, end) = name_at(query, 12)?;
    let question = query.get(12..end + 4)?;
    let kind = query.get(end..end + 2)?;
    let addresses = look_up(&name.to_ascii_lowercase()).filter(|addresses| !addresses.is_empty());
    let found = addresses.is_some();
    let answers = addresses.filter(|_| kind == [0, 1]).unwrap_or_default();
    let count = u16::try_from(answers.len().min(20)).ok()?;
    let mut reply = header.get(..2)?.to_vec();
    // An answer with authority; whether recursion was desired is given back; 3 is "no such name".
    reply.extend([0x84 | (header.get(2)? & 1), if found { 0 } else { 3 }, 0, 1]);
    reply.extend(count.to_be_bytes());
    reply.extend([0, 0, 0, 0]);
    reply.extend(question);
    for address in answers.iter().take(usize::from(count)) {
        // The name of the question, an address, in a second it may be another.
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4]);
        reply.extend(address.octets());
    }
    Some(reply)
}

/// A name and where it ends.
fn name_at(query: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        match length {
            0 => return Some((labels.join("."), at)),
            1..=63 => labels.push(String::from_utf8_lossy(query.get(at..at + length)?).into_owned()),
            // Questions are not compressed.
            _ => return None,
        }
        at += length;
    }
}

/// Whether somebody answers there for the cluster's own name.
pub(super) fn answers(at: Ipv4Addr) -> bool {
    let mut query = vec![0x5e, 0x12, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in ["kubernetes", "default", "svc", "cluster", "local"] {
        query.push(u8::try_from(label.len()).unwrap_or(0));
        query.extend(label.bytes());
    }
    query.extend([0, 0, 1, 0, 1]);
    let ask = || -> std::io::Result<bool> {
        let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.set_read_timeout(Some(Duration::from_millis(500)))?;
        socket.send_to(&query, SocketAddr::from((at, PORT)))?;
        let mut reply = [0; 512];
        let length = socket.recv(&mut reply)?;
        Ok(length > 12 && reply.get(3).is_some_and(|code| code % 16 == 0))
    };
    ask().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::reply;
    use std::net::Ipv4Addr;

    fn query(name: &str, kind: u8) -> Vec<u8> {
        let mut query = vec![7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            query.push(label.len() as u8);
            query.extend(label.bytes());
        }
        query.extend([0, 0, kind, 0, 1]);
        query
    }

    #[test]
    fn a_name_has_the_addresses_of_its_pods() {
        let known = |name: &str| match name {
            "db.prod.svc.cluster.local" => Some(vec![Ipv4Addr::new(10, 0, 0, 7), Ipv4Addr::new(10, 0, 0, 8)]),
            "empty.prod.svc.cluster.local" => Some(Vec::new()),
            _ => None,
        };
        let codes = |name: &str, kind: u8| {
            let reply = reply(&query(name, kind), known).unwrap();
            assert_eq!((&reply[..3], &reply[4..6]), (&[7, 9, 0x85][..], &[0, 1][..]));
            (reply[3], reply[7], reply.ends_with(&[0, 4, 10, 0, 0, 8]))
        };
        assert_eq!(codes("db.prod.svc.cluster.local", 1), (0, 2, true));
        assert_eq!(codes("DB.prod.svc.cluster.local", 28), (0, 0, false), "it is there and has no IPv6");
        assert_eq!(codes("empty.prod.svc.cluster.local", 1), (3, 0, false), "nobody is behind it");
        assert_eq!(codes("example.com", 1), (3, 0, false));
    }

    #[test]
    fn what_is_no_question_has_no_answer() {
        let good = query("a.b", 1);
        for length in 0..good.len() {
            assert!(reply(&good[..length], |_| None).is_none(), "{length}");
        }
        let mut answer = good.clone();
        answer[2] |= 0x80;
        assert!(reply(&answer, |_| None).is_none());
        let mut compressed = good;
        compressed[12] = 0xc0;
        assert!(reply(&compressed, |_| None).is_none());
    }
}
