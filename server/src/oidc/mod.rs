//! Sign-in through an OpenID Connect provider: code flow with PKCE, accounts by verified e-mail address, roles by the
//! provider's groups, and sessions that the provider can end.

pub mod api;
pub mod logout;
mod provider;
mod rules;
mod store;

pub use provider::Oidc;
