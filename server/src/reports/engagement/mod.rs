//! How reliable members are, and how much part they take: sums over a period, made into points and weighed as the
//! organization has decided.

pub mod api;
mod rules;
