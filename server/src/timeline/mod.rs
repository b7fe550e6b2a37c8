//! The timeline: one story of a meeting out of the audit log, the trail of movements, and what was said.

pub mod api;
mod store;
