//! The door of a meeting: whether one has to be let in, waits for the host, or finds the room locked, and what is said to
//! those who wait. It is part of the meeting, so it holds for members and guests alike and outlives every process;
//! `request_join` and `request_guest_join` ask it each time.

pub mod api;
mod store;
