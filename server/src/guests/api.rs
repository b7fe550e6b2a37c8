//! Endpoints of guest links, for those who invite.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{GuestLinkId, MeetingId},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::store::{self, NewLink};
use crate::{
    access::{
        caller::Caller,
        policy::{MeetingRole, Permission},
        tokens::{hash_secret, random_secret},
    },
    app::App,
    http::{Checks, Json, Listing, PageQuery, Path, Problem, Query, Result},
    jobs,
    livekit::afterwards::Afterwards,
    meetings::{
        self,
        api::{not_found, refused},
    },
    orgs::api::not_permitted,
    participants,
};

/// A link by which people without an account enter a meeting.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GuestLink {
    /// Its id.
    pub id: GuestLinkId,
    /// The meeting.
    pub meeting_id: MeetingId,
    /// For whom it is, in the words of whoever made it.
    pub name: String,
    /// Until when it opens the meeting; `null` for as long as the meeting does.
    pub expires_at: Option<DateTime<Utc>>,
    /// How many people may enter by it; `null` for any number. Whoever comes back is counted once.
    pub max_uses: Option<i32>,
    /// How many have.
    pub uses: i32,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A new link.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct NewGuestLink {
    /// For whom it is, at most 100 characters.
    pub name: String,
    /// Until when it opens the meeting.
    pub expires_at: Option<DateTime<Utc>>,
    /// How many people may enter by it, 1 to 10,000.
    pub max_uses: Option<i32>,
}

/// A link with its address.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeGuestLink {
    /// The link.
    #[serde(flatten)]
    pub link: GuestLink,
    /// Its address. It is shown this once.
    pub url: String,
}

/// Makes a link for guests. Host, co-hosts and whoever has `guests.invite` may, as long as the organization and the meeting allow guests.
#[utoipa::path(post, path = "/meetings/{id}/guest-links", tag = "guests", params(("id" = MeetingId, Path)), request_body = NewGuestLink,
    responses((status = 201, body = MadeGuestLink), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
    Json(body): Json<NewGuestLink>,
) -> Result<(StatusCode, Json<MadeGuestLink>)> {
    let mut tx = app.begin(&caller).await?;
    require_inviter(&mut tx, &caller, id).await?;
    let now = app.clock.now();
    check(&body, now)?;
    let meeting = meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    meeting.state.open().map_err(refused)?;
    if !store::allowed(&mut tx, id).await? {
        return Err(not_allowed());
    }
    let token = random_secret();
    let link = NewLink {
        id: GuestLinkId::new(now),
        organization: meeting.organization_id,
        meeting: id,
        name: body.name.trim(),
        token_hash: &hash_secret(&token),
        expires_at: body.expires_at,
        max_uses: body.max_uses,
        now,
        by: caller.user_id,
    };
    let made = link.id;
    store::create(&mut tx, link).await?;
    let link = store::find(&mut tx, made).await?.ok_or_else(no_link)?;
    tx.commit().await?;
    let url = format!("{}/guest/{token}", app.config.server.public_url);
    Ok((StatusCode::CREATED, Json(MadeGuestLink { link, url })))
}

fn check(link: &NewGuestLink, now: DateTime<Utc>) -> Result<()> {
    let mut checks = Checks::default();
    checks.text(&link.name, "/name", 0..=100);
    let later = link.expires_at.is_none_or(|at| at > now);
    checks.require(later, "/expires_at", "IN_THE_PAST", "The link must expire in the future.");
    let fits = link.max_uses.is_none_or(|uses| (1..=10_000).contains(&uses));
    checks.require(fits, "/max_uses", "OUT_OF_RANGE", "Between 1 and 10,000 people may enter by a link.");
    checks.done()
}

/// The links of a meeting, the newest first, without their addresses. Host, co-hosts and whoever has `guests.invite` see them.
#[utoipa::path(get, path = "/meetings/{id}/guest-links", tag = "guests", params(("id" = MeetingId, Path), PageQuery),
    responses((status = 200, body = Listing<GuestLink>), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<GuestLink>>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let mut tx = app.begin(&caller).await?;
    require_inviter(&mut tx, &caller, id).await?;
    let found = store::list(&mut tx, id, after, limit + 1).await?;
    Ok(Json(Listing::from_one_more(found, limit, |link| link.id)))
}

/// Revokes a link: it opens nothing any more, and whoever came by it is out at once. Host, co-hosts and whoever
/// has `guests.invite` may.
#[utoipa::path(delete, path = "/guest-links/{id}", tag = "guests", params(("id" = GuestLinkId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<GuestLinkId>,
) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    let link = store::find(&mut tx, id).await?.ok_or_else(no_link)?;
    require_inviter(&mut tx, &caller, link.meeting_id).await?;
    let meeting = meetings::store::lock(&mut tx, link.meeting_id).await?.ok_or_else(not_found)?;
    store::revoke(&mut tx, id, app.clock.now(), caller.user_id).await?;
    let guests = store::guests_of(&mut tx, id).await?;
    for guest in &guests {
        participants::emit(&mut tx, meeting.id, "participant.removed", &json!({"user_id": guest})).await?;
    }
    let remove = guests.iter().map(|guest| format!("guest:{guest}")).collect();
    let out = Afterwards { close: false, remove };
    let taken = out.take(&mut tx, &meeting.room_name, app.clock.now()).await?;
    tx.commit().await?;
    jobs::run_taken(&app, taken).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Requires that the caller may invite guests: whoever moderates the meeting may, and whoever has `guests.invite`.
async fn require_inviter(tx: &mut Tx, caller: &Caller, meeting: MeetingId) -> Result<()> {
    let standing = meetings::store::standing(tx, meeting, caller.user_id).await?.ok_or_else(not_found)?;
    let moderates = standing.meeting_role.is_some_and(MeetingRole::moderates);
    if moderates || standing.member.may(Permission::GuestsInvite) {
        return Ok(());
    }
    Err(not_permitted(Permission::GuestsInvite))
}

/// 403: the organization or the meeting allows no guests.
pub(super) fn not_allowed() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "GUESTS_NOT_ALLOWED", "Guests are not allowed in this meeting.")
}

fn no_link() -> Problem {
    Problem::not_found("link")
}
