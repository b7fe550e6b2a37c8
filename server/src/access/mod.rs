//! Who is asking, and may they.

pub mod caller;
pub mod ended;
pub mod policy;
pub mod seal;
pub mod throttle;
pub mod tokens;
