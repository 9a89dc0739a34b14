//! Steps run as one session: what they carry, what they survive, and what they cost.

mod carry;
mod corpus;
mod cost;
mod endings;
mod generated;
mod interactive;
mod output;
mod refusals;
mod support;
