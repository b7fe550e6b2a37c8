//! Meetings: scheduled by officers, held in a LiveKit room, moved on by what happens there.

pub mod api;
pub mod model;
mod rules;
pub(crate) mod store;
