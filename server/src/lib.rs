//! The control plane of Baraza: REST, web pages, webhooks, live events and jobs.

pub mod access;
pub mod accounts;
pub mod app;
pub mod http;
pub mod livekit;
pub mod meetings;
pub mod orgs;
pub mod participants;
pub mod room;
pub mod router;
pub mod serve;
pub mod up;
