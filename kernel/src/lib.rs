//! What both programs of Baraza use, and nothing that only one of them needs.

pub mod clock;
pub mod config;
pub mod db;
pub mod egress;
pub mod idempotency;
pub mod ids;
pub mod inbox;
pub mod jobs;
pub mod livekit;
pub mod recording;
pub mod telemetry;
pub mod together;
pub mod vault;
