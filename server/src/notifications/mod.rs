//! What people are told outside of the pages. So far: mail.

pub mod api;
pub mod mail;
mod mailbox;
mod outbox;

pub use outbox::Outbox;
