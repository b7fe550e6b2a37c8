//! The media server: what a token grants, calls to its API, and what its webhooks mean.

pub mod afterwards;
pub mod client;
pub mod events;
pub mod grants;
