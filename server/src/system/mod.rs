//! The administrators of the system: all organizations, and nothing of what is in them.

pub mod api;
mod store;
