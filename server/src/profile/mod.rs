//! What a person says of themselves: name, phone, time zone, language, picture, and what they agree to.

pub mod api;
pub mod avatar;
mod picture;
mod store;
