//! The one integration test binary of this crate.

mod blocks;
mod blocks_of_others;
mod lint;
mod reading;
mod reading_facts;
mod reading_limits;
