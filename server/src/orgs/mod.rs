//! Organizations, their members, and invitations to them.

pub mod api;
mod rules;
mod store;
pub mod suspension;

pub use store::{accept_invitation, active_members, create, lock_invitation, timezone};
