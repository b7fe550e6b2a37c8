//! Who is asking: proof of a sign-in, taken from the request.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use kernel::{
    db,
    ids::{SessionId, UserId},
};

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

/// The credential of a request.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let bearer = bearer(&parts.headers).ok_or_else(Problem::unauthenticated)?;
        let caller = app.tokens.read(bearer, app.clock.now()).ok_or_else(Problem::unauthenticated)?;
        if app.ended.contains(caller.session_id) {
            return Err(Problem::session_ended());
        }
        db::acts_for(db::Actor::User(caller.user_id));
        Ok(caller)
    }
}
