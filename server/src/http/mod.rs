//! What every endpoint shares: the error shape, checked input, pages of a list, correlation ids.

pub mod browser;
pub mod client;
pub mod correlate;
pub mod csp;
pub mod csv;
pub mod error;
pub mod etag;
pub mod extract;
pub mod idempotent;
pub mod outside;
pub mod page;
pub mod upload;
pub mod web;

pub use csv::harmless;
pub use error::{Problem, Result};
pub use etag::{Conditions, Tagged};
pub use extract::{Checks, Json, Path, Query};
pub use page::{Listing, PageQuery};
