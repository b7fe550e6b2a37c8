//! Baraza.
fn main() {}
