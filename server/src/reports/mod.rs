//! Reports over time: an organization's meetings, a member's attendance, absences, groups, and engagement.

pub mod absences;
pub mod activity;
pub mod api;
pub mod engagement;
pub mod groups;
pub mod issued;
pub mod member;
mod rules;
mod store;
