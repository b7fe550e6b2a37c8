//! What goes from the database into the room and to the pages: events of a meeting in their order.
//!
//! An event is a row of `meeting_events`, written in the transaction of what it tells of. Two things carry it on:
//! [`fanout`] into the LiveKit room, as data packets from the server, and [`api`] to pages, as Server-Sent Events
//! that [`hub`] feeds. Both are told by [`watch`] that there is something, and both can take up where they stopped.

pub mod api;
pub mod check;
pub mod event;
pub mod fanout;
pub mod hub;
mod store;
pub mod watch;

pub use store::require_follower;
