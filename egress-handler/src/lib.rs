//! The egress handler of Baraza: records rooms and keeps the recordings in the vault.
//!
//! `claim` takes a recording that the server wants, `record` conducts it, `engine` joins the room and gives pieces of a
//! file, `upload` brings them into the vault (`tracks` those of each person's microphone), `spool` keeps what waits for it
//! in one of the `folders`, `verify` looks at the result, `stills` makes pictures of it, and `ledger` notes every step.

pub mod claim;
pub mod doctor;
pub mod engine;
pub mod folders;
pub mod health;
pub mod layout;
pub mod ledger;
pub mod mp4;
pub mod record;
pub mod spool;
pub mod stills;
pub mod tracks;
pub mod upload;
pub mod verify;
