//! Rooms and devices that can be booked.

pub mod api;
pub mod model;
mod store;
