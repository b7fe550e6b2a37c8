//! The LiveKit Egress engine: a recording is made by LiveKit's own recording service and stored by it in our vault.
//!
//! The handler holds the lease as for its own engine, and only conducts: `run` asks the service for an egress, follows it to
//! its end and looks at the file; `client` makes the calls; `rules` decides, without any call; `film` reads the file, which
//! somebody else has written. What is known of the egress stands in the recording's row, so that a handler which takes the
//! recording over goes on with the same one.

mod client;
mod film;
mod rules;
mod run;

pub use client::Service;
pub use run::conduct;
