//! Organizations, their members, and invitations to them.

pub mod api;
mod rules;
mod store;
pub mod suspension;

pub use store::{accept_invitation, active_members, create, is_last_admin, lock_invitation, timezone};
