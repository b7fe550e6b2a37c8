//! Chat: messages, reactions, raised hands and polls, kept for good and announced to the room and its pages.
//!
//! What was written can be changed and taken back ([`changes`]). The room sees what stands there now; what stood there
//! before stays in the record, for the host and officers.

pub mod api;
pub mod changes;
pub mod export;
pub mod polls;
pub mod reads;
mod rules;
mod store;
