//! What the tests stand on: the real service over HTTP on a database of its own, a clock that stands still, and a
//! media server that keeps state and speaks LiveKit's wire format.
//!
//! A test reads as a story:
//!
//! ```ignore
//! let app = TestApp::start().await;
//! let organization = app.organization().await;
//! let guest = organization.member("member").await;
//! let meeting = organization.meeting().invite(&guest).create().await;
//! let connection = app.enter(&guest, &meeting).await;
//! ```

#![allow(clippy::must_use_candidate, reason = "helpers of tests")]

pub mod api;
pub mod app;
pub mod builders;
pub mod database;
pub mod issuer;
pub mod livekit;
pub mod smtp;
pub mod spec;
pub mod statements;
pub mod transcriber;
pub mod vault;

pub use api::{Answer, Api, Event, Events};
pub use app::TestApp;
pub use builders::{Meeting, Organization, Person};
pub use livekit::{Connection, FakeLiveKit};
pub use serde_json::{Value, json};
