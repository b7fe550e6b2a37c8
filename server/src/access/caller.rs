//! Who is asking: proof of a sign-in, an API key or a device token, taken from the request.

use std::{marker::PhantomData, ops::Deref};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use kernel::{
    db::{self, Actor},
    ids::{ApiKeyId, DeviceTokenId, OrganizationId, SessionId, UserId},
};

use super::{
    machines,
    policy::Membership,
    scope::{Required, Scopes},
    tokens::{API_KEY, DEVICE_TOKEN},
};
use crate::{
    app::App,
    http::{Problem, Result},
};

/// Who calls. As an extractor it admits people only; see [`Scoped`] and [`Device`] for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The person; for an API key, the account that it acts through.
    pub user_id: UserId,
    /// With what they proved it.
    pub credential: Credential,
}

/// With what a caller proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A sign-in of a person.
    Session(SessionId),
    /// An API key of a service.
    Key(Key),
}

/// An API key that was shown and is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Its id; the secret is not kept.
    pub id: ApiKeyId,
    /// The one organization that it is bound to.
    pub organization_id: OrganizationId,
    /// What it may do there.
    pub scopes: Scopes,
}

impl Caller {
    /// A person who signed in.
    pub const fn signed_in(user_id: UserId, session_id: SessionId) -> Self {
        Self { user_id, credential: Credential::Session(session_id) }
    }

    /// The sign-in; `None` for a key.
    pub const fn session_id(&self) -> Option<SessionId> {
        match self.credential {
            Credential::Session(id) => Some(id),
            Credential::Key(_) => None,
        }
    }

    /// The key; `None` for a person.
    pub const fn key(&self) -> Option<&Key> {
        match &self.credential {
            Credential::Session(_) => None,
            Credential::Key(key) => Some(key),
        }
    }

    /// What the caller may do in an organization in which their account is `member`.
    pub fn as_member(&self, member: Membership) -> Membership {
        self.key().map_or(member, |key| Membership::of_key(key.scopes.permissions()))
    }

    /// For whom the caller's transactions act.
    pub const fn actor(&self) -> Actor {
        match self.credential {
            Credential::Session(_) => Actor::User(self.user_id),
            Credential::Key(key) => Actor::Key { account: self.user_id, key: key.id },
        }
    }

    /// Whoever shows credentials in the header, person or key.
    async fn identify(parts: &Parts, app: &App) -> Result<Self> {
        let bearer = bearer(&parts.headers).ok_or_else(Problem::unauthenticated)?;
        if bearer.starts_with(API_KEY) {
            return machines::key(app, bearer).await?.ok_or_else(Problem::unauthenticated);
        }
        if bearer.starts_with(DEVICE_TOKEN) {
            machines::device(app, bearer).await?.ok_or_else(Problem::unauthenticated)?;
            let detail = "A device token can't be used here.";
            return Err(Problem::new(StatusCode::FORBIDDEN, "DEVICE_NOT_ALLOWED", detail));
        }
        let caller = app.tokens.read(bearer, app.clock.now()).ok_or_else(Problem::unauthenticated)?;
        match caller.session_id() {
            Some(session) if app.ended.contains(session) => Err(Problem::session_ended()),
            _ => Ok(caller),
        }
    }
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
        let caller = Self::identify(parts, app).await?;
        if caller.key().is_some() {
            let detail = "An API key can't be used here: this is for people who sign in.";
            return Err(Problem::new(StatusCode::FORBIDDEN, "KEY_NOT_ALLOWED", detail));
        }
        db::acts_for(caller.actor());
        Ok(caller)
    }
}

/// A person, or an API key that holds the scope `S`.
#[derive(Debug, Clone, Copy)]
pub struct Scoped<S>(Caller, PhantomData<S>);

impl<S> Deref for Scoped<S> {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl<S: Required> FromRequestParts<App> for Scoped<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let caller = Caller::identify(parts, app).await?;
        if caller.key().is_some_and(|key| !key.scopes.contains(S::SCOPE)) {
            let detail = format!("This API key lacks the scope {}.", S::SCOPE.name());
            return Err(Problem::forbidden(detail));
        }
        db::acts_for(caller.actor());
        Ok(Self(caller, PhantomData))
    }
}

/// A room tablet. Admitted by the handlers that ask for it, and by nothing else.
#[derive(Debug, Clone)]
pub struct Device {
    /// Its token's id.
    pub id: DeviceTokenId,
    /// Its name.
    pub label: String,
    /// The organization that it belongs to.
    pub organization_id: OrganizationId,
    /// That organization's name.
    pub organization_name: String,
    /// The room that it stands in.
    pub resource_id: Option<uuid::Uuid>,
}

impl FromRequestParts<App> for Device {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let bearer = bearer(&parts.headers).ok_or_else(Problem::unauthenticated)?;
        if bearer.starts_with(DEVICE_TOKEN) {
            let device = machines::device(app, bearer).await?.ok_or_else(Problem::unauthenticated)?;
            db::acts_for(Actor::Device(device.id));
            return Ok(device);
        }
        Caller::identify(parts, app).await?;
        let detail = "Only a device token can be used here.";
        Err(Problem::new(StatusCode::FORBIDDEN, "DEVICE_REQUIRED", detail))
    }
}

/// A room tablet, a person, or an API key that holds the scope `S`.
#[derive(Debug, Clone)]
pub enum DeviceOr<S> {
    /// A room tablet.
    Device(Device),
    /// A person or a key.
    Caller(Scoped<S>),
}

impl<S: Required> FromRequestParts<App> for DeviceOr<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        if bearer(&parts.headers).is_some_and(|bearer| bearer.starts_with(DEVICE_TOKEN)) {
            Device::from_request_parts(parts, app).await.map(Self::Device)
        } else {
            Scoped::from_request_parts(parts, app).await.map(Self::Caller)
        }
    }
}
