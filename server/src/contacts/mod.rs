//! People whom an organization knows and who have no account, in groups: whom one asks to come.

pub mod api;
pub mod groups;
pub mod import;
mod rules;
mod store;
