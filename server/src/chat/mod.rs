//! Chat: messages, reactions, raised hands and polls, kept for good and announced to the room and its pages.

pub mod api;
pub mod polls;
mod rules;
mod store;
