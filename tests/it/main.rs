//! Tests of the service over HTTP, one file per slice. Requirement ids stand beside the tests that show them.

mod accounts;
mod architecture;
mod attendance;
mod audit;
mod chat;
mod contract;
mod events;
mod idempotency;
mod jobs;
mod join;
mod mail;
mod matrix;
mod meetings;
mod oidc;
mod orgs;
mod participants;
mod recordings;
mod rights;
mod rls;
mod service_access;
mod sign_in;
mod system;
mod webhooks;
