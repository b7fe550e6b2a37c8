//! Fields that organizations add to their meetings: their definitions, and the values held against them.

pub mod api;
pub mod model;
pub mod rules;
mod store;

pub use store::of_meetings as definitions;
