//! Corrections of the record, by the host and officers: other times than were recorded, a presence that nobody saw, one
//! that was none, and guests who turn out to be members.
//!
//! Nothing that was recorded is overwritten: a correction is a new entry with its author and reason, and the newest about
//! something counts. What is believed then (the database's `presence_spans`) is what reports and sums go by; each
//! correction is told by the audit log and stands in the trail of movements, both sealed.

pub mod api;
pub mod model;
pub mod rules;
mod store;
