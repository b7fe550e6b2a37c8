//! People's accounts: set-up of the platform, sign-in, sessions, and who one is.

pub mod api;
mod password;
mod store;

pub use password::{check as check_password, hash as hash_password};
pub use store::{Person, create as create_person, find_by_email, is_set_up};
