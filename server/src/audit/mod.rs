//! The audit log: who changed what. Triggers of the database write it; this slice reads it, and writes what changes
//! no row.

pub mod api;
mod store;

pub use store::{Event, record};
