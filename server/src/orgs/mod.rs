//! Organizations, their members, and invitations to them.

pub mod api;
pub mod import;
pub mod invitations;
mod rules;
mod store;
mod store_people;
pub mod suspension;

pub use store::{accept_invitation, active_members, create, is_last_admin, lock_invitation, timezone};
