//! The media server: what a token grants, calls to its API, and what its webhooks mean.

pub mod client;
pub mod grants;
