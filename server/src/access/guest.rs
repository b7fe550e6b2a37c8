//! Guests: people without an account, each bound to one meeting.

use axum::{extract::FromRequestParts, http::request::Parts};
use kernel::{
    db::{self, Actor},
    ids::{GuestId, MeetingId},
};
use uuid::Uuid;

use super::caller::{Caller, bearer};
use crate::{
    app::App,
    http::{Problem, Result},
};

/// Somebody who came by a guest link. Whether they may still is for the database to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guest {
    /// Who.
    pub guest_id: GuestId,
    /// The only meeting that they know.
    pub meeting_id: MeetingId,
}

/// A signed-in person or a guest: whoever can be in a meeting. Handlers that take [`Caller`] never see a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attending {
    /// A signed-in person.
    Person(Caller),
    /// A guest.
    Guest(Guest),
}

impl Attending {
    /// For whom the database acts.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Person(caller) => caller.actor(),
            Self::Guest(guest) => Actor::Guest { guest: guest.guest_id, meeting: guest.meeting_id },
        }
    }

    /// Their id among those who take part.
    pub fn id(&self) -> Uuid {
        match self {
            Self::Person(caller) => caller.user_id.0,
            Self::Guest(guest) => guest.guest_id.0,
        }
    }
}

impl FromRequestParts<App> for Attending {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let guest = bearer(&parts.headers).and_then(|token| app.tokens.read_guest(token, app.clock.now()));
        match guest {
            Some(guest) => {
                db::acts_for(Actor::Guest { guest: guest.guest_id, meeting: guest.meeting_id });
                Ok(Self::Guest(guest))
            }
            None => Caller::from_request_parts(parts, app).await.map(Self::Person),
        }
    }
}

/// The guest that a request says it comes from, if it does: whoever comes back keeps who they were.
pub struct Returning(pub Option<Guest>);

impl FromRequestParts<App> for Returning {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> std::result::Result<Self, Self::Rejection> {
        let token = bearer(&parts.headers);
        Ok(Self(token.and_then(|token| app.tokens.read_guest(token, app.clock.now()))))
    }
}
