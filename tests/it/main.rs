//! Tests of the service over HTTP, one file per slice. Requirement ids stand beside the tests that show them.

mod accounts;
mod architecture;
mod attendance;
mod audit;
mod chat;
mod contract;
mod custom_fields;
mod events;
mod idempotency;
mod jobs;
mod join;
mod lists;
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
mod settings;
mod sign_in;
mod system;
mod webhooks;
