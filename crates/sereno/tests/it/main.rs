//! Black-box tests of the binary: one target to link, everything through the command line.

mod bound;
mod commands;
mod exec;
mod faults;
mod harness;
mod init;
mod kubernetes;
mod locks;
mod lotolink;
mod pedidos;
mod people;
mod pm2;
mod processes;
mod processes_harness;
mod proofs;
mod runs;
mod server;
mod services;
mod world;
