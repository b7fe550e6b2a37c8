//! Who is asking, and may they.

pub mod caller;
pub mod policy;
pub mod seal;
pub mod tokens;
