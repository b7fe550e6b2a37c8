//! From which address a request comes.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::request::Parts,
};

use super::{Problem, Result};
use crate::app::App;

/// The client's address: the peer's, or what the reverse proxy says when there is one (`server.behind_proxy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client(pub IpAddr);

impl FromRequestParts<App> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let peer = ConnectInfo::<SocketAddr>::from_request_parts(parts, app).await;
        let ConnectInfo(peer) = peer.map_err(Problem::internal)?;
        let told = parts.headers.get_all("x-forwarded-for").iter().next_back();
        let told = told.filter(|_| app.config.server.behind_proxy).and_then(|value| value.to_str().ok());
        Ok(Self(told.and_then(last).unwrap_or_else(|| peer.ip().to_canonical())))
    }
}

/// The address that our own proxy added; those before it were said by the client.
fn last(forwarded: &str) -> Option<IpAddr> {
    forwarded.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_our_proxy_added_counts() {
        assert_eq!(last("1.2.3.4, 10.0.0.7"), Some("10.0.0.7".parse().expect("an address")));
        assert_eq!(last("::1"), Some("::1".parse().expect("an address")));
        assert_eq!(last("unknown"), None);
    }
}
