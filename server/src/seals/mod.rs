//! The chain of seals: the audit log and the trail of movements cannot be changed unnoticed.
//!
//! Behind the back of whoever writes them, [`seal`] gives each entry a seal: the hash of what it says, and of the seal
//! before it in its organization's chain. [`verify`] reads everything again and says what does not fit, and where. Who
//! can write to the database can make a whole chain anew; that shows when the last seal of an earlier day, noted
//! elsewhere, is asked for again.

pub mod api;
pub mod model;
pub mod rules;
pub mod seal;
mod store;
pub mod verify;

pub use store::{
    entries, entries_of_corrections, freeze, hash, head, sealed, stands, strange_corrections, strange_spans,
};
