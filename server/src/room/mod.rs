//! What goes from the database into the room and to the pages: events of a meeting in their order.

pub mod watch;
