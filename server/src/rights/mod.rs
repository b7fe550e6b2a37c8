//! Who may do what in an organization, and why: decisions that take the place of the defaults.

pub mod api;
mod store;
