//! When people spoke, as their own devices tell it.
//!
//! LiveKit tells of active speakers to clients only, so each page tells of its own person: when LiveKit's speaker updates
//! named them. What a device says of others is never taken, and nothing outside of the person's own connections counts; but
//! a device that lies about its own person is believed. Organizations can switch it off.

pub mod api;
pub mod rules;
mod store;

pub use store::is_measured;
