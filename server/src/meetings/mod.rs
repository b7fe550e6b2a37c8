//! Meetings: scheduled by officers, held in a LiveKit room, moved on by what happens there.

pub mod api;
pub mod bulk;
pub mod create;
pub mod elsewhere;
pub mod history;
pub mod input;
pub mod lists;
pub mod model;
mod rules;
pub(crate) mod store;

pub use rules::check_presence;
