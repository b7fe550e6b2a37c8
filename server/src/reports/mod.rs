//! Reports over time: an organization's meetings, and a member's attendance.

pub mod api;
pub mod issued;
pub mod member;
mod rules;
mod store;
