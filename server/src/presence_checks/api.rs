//! Endpoints of presence checks.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Duration, Utc};
use kernel::{
    db::Actor,
    ids::{MeetingId, PresenceCheckId, UserId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    model::{CheckOutcome, CheckedPerson, LatestCheck},
    rules::{self, Unconfirmed},
    store,
};
use crate::{
    access::{Caller, Scoped, guest::Attending, policy::Action, scope},
    app::App,
    attendance::report::AttendeeUser,
    http::{Checks, Json, Listing, PageQuery, Path, Problem, Query, Result},
    meetings::{
        self,
        api::{refused, require},
        model::MeetingStatus,
    },
    room,
};

/// How people are to be asked.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPresenceCheck {
    /// How long they can answer, 20 to 300 seconds; 60 when absent.
    pub seconds: Option<u16>,
}

/// Asks everybody in the room whether they are there. Host and co-hosts may, one check at a time; whoever asks from within
/// the room has confirmed by it.
#[utoipa::path(post, path = "/meetings/{id}/presence-checks", tag = "attendance", operation_id = "ask_who_is_there",
    params(("id" = MeetingId, Path)), request_body = NewPresenceCheck,
    responses((status = 201, body = LatestCheck), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn ask(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
    Json(body): Json<NewPresenceCheck>,
) -> Result<(StatusCode, Json<LatestCheck>)> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, id, Action::Moderate).await?;
    let mut checks = Checks::default();
    let fits = body.seconds.is_none_or(|seconds| rules::SECONDS.contains(&seconds));
    checks.require(fits, "/seconds", "OUT_OF_RANGE", "People have 20 to 300 seconds to answer.");
    checks.done()?;
    let meeting = meetings::store::lock(&mut tx, id).await?.ok_or_else(meetings::api::not_found)?;
    meeting.state.open().map_err(refused)?;
    if meeting.state.status() != MeetingStatus::InProgress {
        return Err(Problem::conflict("NOT_IN_PROGRESS", "The meeting has not begun."));
    }
    tx.act_for(Actor::System).await?;
    let now = app.clock.now();
    match store::open_one(&mut tx, id).await? {
        Some((_, closes_at)) if now < closes_at => {
            return Err(Problem::conflict("CHECK_OPEN", "People are being asked already."));
        }
        // One whose time is over is not in the way of the next.
        Some((before, _)) => super::close(&mut tx, before, now).await?,
        None => {}
    }
    let time = body.seconds.map_or(rules::TIME_TO_ANSWER, |seconds| Duration::seconds(seconds.into()));
    let when = store::When { slot: None, opened_at: now, closes_at: now + time };
    if store::open(&mut tx, id, when, Some(caller.user_id)).await?.is_none() {
        return Err(Problem::conflict("NOBODY_THERE", "Nobody is in the room."));
    }
    let made = store::latest(&mut tx, id, caller.user_id.0, true).await?.ok_or_else(no_check)?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// The last check of a meeting.
#[derive(Debug, Serialize, ToSchema)]
pub struct Latest {
    /// `null` when nobody was asked yet.
    pub check: Option<LatestCheck>,
}

/// The last check of a meeting, open or closed, and what the caller made of it: for a page that comes late, and for those
/// who moderate to see how it stands. People who take part see it, guests too.
#[utoipa::path(get, path = "/meetings/{id}/presence-checks/latest", tag = "attendance", operation_id = "latest_check",
    params(("id" = MeetingId, Path)),
    responses((status = 200, body = Latest), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn latest(
    State(app): State<App>,
    attending: Attending,
    Path(id): Path<MeetingId>,
) -> Result<Json<Latest>> {
    let mut tx = app.begin_for(&attending).await?;
    room::require_follower(&mut tx, &attending, id).await?;
    let moderates = match &attending {
        Attending::Person(caller) => require(&mut tx, caller, id, Action::Chat).await?.may(Action::Moderate),
        Attending::Guest(_) => false,
    };
    tx.act_for(Actor::System).await?;
    let check = store::latest(&mut tx, id, attending.id(), moderates).await?;
    Ok(Json(Latest { check }))
}

/// That somebody is there.
#[derive(Debug, Serialize, ToSchema)]
pub struct Confirmation {
    /// Which check.
    pub id: PresenceCheckId,
    /// When they confirmed, which is the first time that they did.
    pub confirmed_at: DateTime<Utc>,
}

/// Confirms that one is there. Whoever is in the room may, guests too, asked or not, until the check closes: then 409
/// `CHECK_CLOSED`. Saying it again changes nothing.
#[utoipa::path(post, path = "/meetings/{id}/presence-checks/{check}/confirm", tag = "attendance",
    operation_id = "confirm_presence", params(("id" = MeetingId, Path), ("check" = PresenceCheckId, Path)),
    responses((status = 200, body = Confirmation), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub async fn confirm(
    State(app): State<App>,
    attending: Attending,
    Path((id, check)): Path<(MeetingId, PresenceCheckId)>,
) -> Result<Json<Confirmation>> {
    let mut tx = app.begin_for(&attending).await?;
    room::require_follower(&mut tx, &attending, id).await?;
    tx.act_for(Actor::System).await?;
    let now = app.clock.now();
    let found = store::to_confirm(&mut tx, id, check, attending.id()).await?.ok_or_else(no_check)?;
    if let Some(confirmed_at) = found.confirmed_at {
        return Ok(Json(Confirmation { id: check, confirmed_at }));
    }
    rules::may_confirm(found.time, found.is_there, now).map_err(|why| match why {
        Unconfirmed::Closed => Problem::conflict("CHECK_CLOSED", "The time to answer is over."),
        Unconfirmed::Absent => Problem::conflict("NOT_PRESENT", "You are not in the room."),
    })?;
    let is_guest = matches!(attending, Attending::Guest(_));
    let confirmed_at = store::confirm(&mut tx, check, attending.id(), is_guest, now).await?;
    tx.commit().await?;
    Ok(Json(Confirmation { id: check, confirmed_at }))
}

/// A check with everybody whom it asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct PresenceCheck {
    /// Its id.
    pub id: PresenceCheckId,
    /// The host who asked; `null` for one that came by itself.
    pub asked_by: Option<AttendeeUser>,
    /// When it opened.
    pub opened_at: DateTime<Utc>,
    /// Until when it can be confirmed.
    pub closes_at: DateTime<Utc>,
    /// When it was closed; `null` while it has not been.
    pub closed_at: Option<DateTime<Utc>>,
    /// How many were asked.
    pub asked: usize,
    /// How many of them have confirmed.
    pub confirmed: usize,
    /// How many were there to its end and have not.
    pub missed: usize,
    /// Who was asked, and who confirmed without being asked, by name.
    pub people: Vec<CheckedPerson>,
}

impl PresenceCheck {
    fn new(row: store::Row, people: Vec<CheckedPerson>) -> Self {
        let count = |outcome: CheckOutcome| {
            people.iter().filter(|person| person.was_asked && person.outcome == outcome).count()
        };
        let asker = |id: UserId| AttendeeUser { id, name: row.asker.unwrap_or_default() };
        Self {
            id: row.id,
            opened_at: row.opened_at,
            closes_at: row.closes_at,
            closed_at: row.closed_at,
            asked: people.iter().filter(|person| person.was_asked).count(),
            confirmed: count(CheckOutcome::Confirmed),
            missed: count(CheckOutcome::Missed),
            asked_by: row.asked_by.map(asker),
            people,
        }
    }
}

/// The checks of a meeting with who was asked, confirmed and missed them, the oldest first. The host and officers see it.
#[utoipa::path(get, path = "/meetings/{id}/presence-checks", tag = "attendance", operation_id = "presence_checks",
    params(("id" = MeetingId, Path), PageQuery),
    responses((status = 200, body = Listing<PresenceCheck>), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path(id): Path<MeetingId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<PresenceCheck>>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, id, Action::SeeAttendance).await?;
    tx.act_for(Actor::System).await?;
    let rows = store::list(&mut tx, id, after, limit + 1).await?;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let mut people = store::people(&mut tx, &ids).await?;
    let items = rows.into_iter().map(|row| {
        let of_it = people.extract_if(.., |(check, _)| *check == row.id).map(|(_, person)| person).collect();
        PresenceCheck::new(row, of_it)
    });
    Ok(Json(Listing::from_one_more(items.collect(), limit, |check: &PresenceCheck| check.id)))
}

fn no_check() -> Problem {
    Problem::not_found("presence check")
}
