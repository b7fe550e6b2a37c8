//! The control plane of Baraza: REST, web pages, webhooks, live events and jobs.

pub mod access;
pub mod accounts;
pub mod app;
pub mod attendance;
pub mod audit;
pub mod chat;
pub mod http;
pub mod jobs;
pub mod livekit;
pub mod meetings;
pub mod notifications;
pub mod oidc;
pub mod ops;
pub mod orgs;
pub mod participants;
pub mod recordings;
pub mod rights;
pub mod room;
pub mod router;
pub mod serve;
pub mod service_access;
pub mod system;
pub mod up;
pub mod webhooks;
pub mod work;
