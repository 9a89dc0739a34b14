//! The systems of the lab. A new one is a folder here, a folder in `lab/systems/`, and a line in [`all`].

pub(crate) mod cafeterias;
pub(crate) mod eventos;
pub(crate) mod lotolink;
pub(crate) mod pedidos;

use crate::failure::{Failure, Result};
use crate::system::System;

pub(crate) fn all() -> &'static [&'static dyn System] {
    &[&cafeterias::Cafeterias, &eventos::Eventos, &lotolink::LotoLink, &pedidos::Pedidos]
}

pub(crate) fn find(name: &str) -> Result<&'static dyn System> {
    let found = all().iter().find(|system| system.name() == name).copied();
    found.ok_or_else(|| {
        let names: Vec<&str> = all().iter().map(|system| system.name()).collect();
        Failure::new(format!("no system is called {name}")).hint(format!("one of {}", names.join(", ")))
    })
}
