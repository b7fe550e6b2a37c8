//! Who is asking: proof of a sign-in, taken from the request.

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use kernel::ids::{SessionId, UserId};

use crate::{
    app::App,
    http::{Problem, Result},
};

/// A signed-in person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The person.
    pub user_id: UserId,
    /// Their sign-in.
    pub session_id: SessionId,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let bearer = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or_else(Problem::unauthenticated)?;
        app.tokens.read(bearer, app.clock.now()).ok_or_else(Problem::unauthenticated)
    }
}
