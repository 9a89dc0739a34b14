//! Free TCP ports on loopback.

use std::net::{Ipv4Addr, TcpListener};

use crate::failure::{Failure, Result};

/// Below the range from which Linux gives outgoing connections their ports, so that a port found free stays free.
const SEARCH: std::ops::Range<u16> = 20_000..30_000;

pub(crate) fn is_free(port: u16) -> bool {
    // Both addresses, because a container engine publishes on all of them and a server may hold only one.
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
        && TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}

/// The preferred port if nobody holds it, else one from the search range that is not among `taken`.
pub(crate) fn choose(preferred: u16, taken: &[u16]) -> Result<u16> {
    if !taken.contains(&preferred) && is_free(preferred) {
        return Ok(preferred);
    }
    let span = SEARCH.end - SEARCH.start;
    // Two labs that start together begin their search in different places.
    let offset = (std::process::id() % u32::from(span)) as u16;
    (0..span)
        .map(|step| {
            SEARCH.start + (((u32::from(offset) + u32::from(step) * 7) % u32::from(span)) as u16)
        })
        .find(|port| !taken.contains(port) && is_free(*port))
        .ok_or_else(|| Failure::new("no free TCP port between 20000 and 30000"))
}
