//! Bookings: a time, and what is taken for it; all of it or nothing.

pub mod api;
pub mod busy;
pub mod input;
pub mod model;
mod store;
