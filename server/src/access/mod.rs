//! Who is asking, and may they.

pub mod caller;
pub mod ended;
pub mod guest;
pub mod machines;
pub mod policy;
pub mod scope;
pub mod seal;
mod store;
pub mod throttle;
pub mod tokens;

pub use caller::{Caller, Device, DeviceOr, Scoped};
