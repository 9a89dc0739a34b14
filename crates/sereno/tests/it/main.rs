//! Black-box tests of the binary: one target to link, everything through the command line.

mod bound;
mod commands;
mod harness;
mod locks;
mod pedidos;
mod people;
mod runs;
mod world;
