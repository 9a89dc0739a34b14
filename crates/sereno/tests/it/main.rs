//! Black-box tests of the binary: one target to link, everything through the command line.

mod bound;
mod commands;
mod compose_harness;
mod exec;
mod faults;
mod harness;
mod init;
mod kubernetes;
mod locks;
mod maintenance;
mod pedidos;
mod people;
mod pm2;
mod processes;
mod processes_harness;
mod proofs;
mod runs;
mod secrets;
mod server;
mod services;
mod up_and_down;
mod world;
