//! Endpoints of corrections, for the host and officers.

use axum::{extract::State, http::StatusCode};
use kernel::{
    db::{Actor, Tx},
    ids::{CorrectionId, GuestId, MeetingId, SpanId},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    model::{Correction, GuestMember, NewCorrection},
    rules::{self, Wanted},
    store,
};
use crate::{
    access::{Caller, policy::Action},
    app::App,
    attendance::report::SpanTimes,
    http::{Checks, Json, Listing, PageQuery, Path, Problem, Query, Result},
    meetings::{
        self,
        api::{not_found, require},
        model::Meeting,
    },
    participants,
};

/// Corrects the record: gives a span other times, strikes it (`void`), or adds the presence of a member whom nothing had
/// seen. What was recorded stays as it is beside it. The host and officers may, once the meeting has begun.
#[utoipa::path(post, path = "/meetings/{id}/attendance/corrections", tag = "attendance", operation_id = "correct",
    params(("id" = MeetingId, Path)), request_body = NewCorrection,
    responses((status = 201, body = Correction), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
    Json(body): Json<NewCorrection>,
) -> Result<(StatusCode, Json<Correction>)> {
    let (mut tx, meeting) = begin(&app, &caller, id).await?;
    let at = app.clock.now();
    let wanted = rules::check(&body, &meeting, at)?;
    let correction = CorrectionId::new(at);
    let (span, before) = if let Some(span) = body.span_id {
        let before = store::span(&mut tx, id, span).await?.ok_or_else(|| Problem::not_found("span"))?;
        if before.joined_at.is_some() && before.left_at.is_none() {
            let detail = "This person is still there; please correct it when they have left.";
            return Err(Problem::conflict("STILL_OPEN", detail));
        }
        (span, before)
    } else {
        participants::require_member(&mut tx, meeting.organization_id, body.user_id, "/user_id").await?;
        let nothing = store::Span { user: body.user_id, guest: None, joined_at: None, left_at: None };
        (SpanId(correction.0), nothing)
    };
    let former = before.joined_at.zip(before.left_at);
    let new = store::New {
        span: Some(span),
        guest: before.guest,
        user: before.user,
        times: match wanted {
            Wanted::There(times) => Some(times),
            Wanted::Void => None,
        },
        former_user: before.user,
        former: former.map(|(joined_at, left_at)| SpanTimes { joined_at, left_at }),
        ..blank(correction, &meeting, &caller, &body.reason, at)
    };
    store::add(&mut tx, &new).await?;
    let made = finish(tx, id, correction).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// The corrections of a meeting's record, the newest first. The host and officers see them.
#[utoipa::path(get, path = "/meetings/{id}/attendance/corrections", tag = "attendance", operation_id = "corrections",
    params(("id" = MeetingId, Path), PageQuery),
    responses((status = 200, body = Listing<Correction>), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<Correction>>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, id, Action::SeeAttendance).await?;
    let found = store::list(&mut tx, id, None, after, limit + 1).await?;
    Ok(Json(Listing::from_one_more(found, limit, |correction| correction.number)))
}

/// Says that a guest was this member: from now on the record counts what the guest did for the member. The host and
/// officers may, once the meeting has begun.
#[utoipa::path(put, path = "/meetings/{id}/guests/{guest}/member", tag = "attendance", operation_id = "recognize_guest",
    params(("id" = MeetingId, Path), ("guest" = GuestId, Path)), request_body = GuestMember,
    responses((status = 200, body = Correction), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn recognize(
    State(app): State<App>,
    caller: Caller,
    Path((id, guest)): Path<(MeetingId, GuestId)>,
    Json(body): Json<GuestMember>,
) -> Result<Json<Correction>> {
    Checks::default().text(&body.reason, "/reason", 1..=500).done()?;
    let (mut tx, meeting) = begin(&app, &caller, id).await?;
    let former = store::member_of(&mut tx, id, guest).await?.ok_or_else(no_guest)?;
    participants::require_member(&mut tx, meeting.organization_id, Some(body.user_id), "/user_id").await?;
    let at = app.clock.now();
    let correction = CorrectionId::new(at);
    let blank = blank(correction, &meeting, &caller, &body.reason, at);
    let new = store::New { guest: Some(guest), user: Some(body.user_id), former_user: former, ..blank };
    store::add(&mut tx, &new).await?;
    finish(tx, id, correction).await.map(Json)
}

/// Why a guest is no member after all.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct TakeBackQuery {
    /// Why, at most 500 characters.
    pub reason: String,
}

/// Takes back that a guest was a member: the guest stands for themselves again. The host and officers may.
#[utoipa::path(delete, path = "/meetings/{id}/guests/{guest}/member", tag = "attendance", operation_id = "take_back_guest",
    params(("id" = MeetingId, Path), ("guest" = GuestId, Path), TakeBackQuery),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 422, body = Problem)))]
pub async fn take_back(
    State(app): State<App>,
    caller: Caller,
    Path((id, guest)): Path<(MeetingId, GuestId)>,
    Query(query): Query<TakeBackQuery>,
) -> Result<StatusCode> {
    Checks::default().text(&query.reason, "/reason", 0..=500).done()?;
    let (mut tx, meeting) = begin(&app, &caller, id).await?;
    let former = store::member_of(&mut tx, id, guest).await?.ok_or_else(no_guest)?;
    if former.is_some() {
        let at = app.clock.now();
        let correction = CorrectionId::new(at);
        let blank = blank(correction, &meeting, &caller, &query.reason, at);
        store::add(&mut tx, &store::New { guest: Some(guest), former_user: former, ..blank }).await?;
        tx.commit().await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The meeting, locked, for whoever may correct its record: corrections of it come one after the other. The transaction
/// acts for the system afterwards, in the caller's name.
async fn begin(app: &App, caller: &Caller, id: MeetingId) -> Result<(Tx, Meeting)> {
    let mut tx = app.begin(caller).await?;
    require(&mut tx, caller, id, Action::CorrectAttendance).await?;
    tx.act_for(Actor::System).await?;
    let meeting = meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    rules::may_correct(&meeting.state).map_err(|(code, detail)| Problem::conflict(code, detail))?;
    Ok((tx, meeting))
}

/// The correction as it is shown, when it is stored for good.
async fn finish(mut tx: Tx, meeting: MeetingId, id: CorrectionId) -> Result<Correction> {
    let made = store::list(&mut tx, meeting, Some(id), None, 1).await?.pop();
    tx.commit().await?;
    made.ok_or_else(|| Problem::internal("a correction that was not stored"))
}

fn blank<'a>(
    id: CorrectionId,
    meeting: &Meeting,
    caller: &Caller,
    reason: &'a str,
    at: chrono::DateTime<chrono::Utc>,
) -> store::New<'a> {
    store::New {
        id,
        organization: meeting.organization_id,
        meeting: meeting.id,
        span: None,
        guest: None,
        user: None,
        times: None,
        former_user: None,
        former: None,
        reason: reason.trim(),
        author: caller.user_id,
        at,
    }
}

fn no_guest() -> Problem {
    Problem::not_found("guest")
}
