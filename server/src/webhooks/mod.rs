//! Webhooks in: the signature is checked over the raw body, the event is stored once, and only then answered. A worker
//! does what it asks for.

pub mod api;
pub mod worker;
