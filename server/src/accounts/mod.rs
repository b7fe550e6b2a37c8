//! People's accounts: set-up of the platform, sign-in, sessions, passwords, the second factor, and who one is.

pub mod api;
pub(crate) mod password;
pub mod passwords;
mod rules;
pub mod second_factor;
pub mod sessions;
mod store;

pub use password::{check as check_password, hash as hash_password};
pub use passwords::{RESET, mail_reset};
pub use rules::is_email;
pub use store::{
    Person, create as create_person, ended_since, find_by_email, is_set_up, is_system_admin, person,
};
