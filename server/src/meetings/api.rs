//! Endpoints of meetings.

use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, OrganizationId, UserId},
    jobs::Job,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

pub use super::input::MOST_INVITEES;
use super::{
    elsewhere::ExternalUrl,
    input::MeetingChange,
    model::{
        EndedBy, Meeting, MeetingSettings, MeetingStatus, MeetingType, Refusal, RelatedObject, ScheduleKind,
        ShowStatus, VenueMode,
    },
    rules, store,
};
use crate::{
    access::{
        Caller, Scoped,
        policy::{self, Action, Field, MeetingRole, Membership, Standing},
        scope,
    },
    app::App,
    custom_fields,
    http::{Checks, Conditions, Json, Path, Problem, Query, Result, Tagged},
    jobs,
    livekit::afterwards::Afterwards,
    orgs,
    participants::{
        self,
        model::{Participant, ParticipantStatus},
    },
    reactions,
};

/// How many people stand inside a meeting when they are asked for.
const MOST_INCLUDED: i64 = 50;

/// A meeting as the caller sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeetingOut {
    /// Its id.
    pub id: MeetingId,
    /// Its organization.
    pub organization_id: OrganizationId,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// What will be talked about, as Markdown.
    pub agenda: String,
    /// Where people meet.
    pub venue_mode: VenueMode,
    /// The place.
    pub location: String,
    /// Whether it was scheduled, begun at once, or is part of a series.
    pub schedule_kind: ScheduleKind,
    /// Scheduled start.
    pub scheduled_start: DateTime<Utc>,
    /// Scheduled end.
    pub scheduled_end: Option<DateTime<Utc>>,
    /// IANA time zone in which it was scheduled.
    pub timezone: String,
    /// When LiveKit saw the first person in the room.
    pub actual_start: Option<DateTime<Utc>>,
    /// When it ended.
    pub actual_end: Option<DateTime<Utc>>,
    /// Where it stands.
    pub status: MeetingStatus,
    /// How it ended.
    pub ended_by: Option<EndedBy>,
    /// Whether it is known to take place, or that nobody came.
    pub show_status: ShowStatus,
    /// Since when it is known to take place.
    pub shown_at: Option<DateTime<Utc>>,
    /// Its media.
    pub meeting_type: MeetingType,
    /// Who holds it; `null` when that account was erased.
    pub host: Option<HostOut>,
    /// Whose room it takes place in: `livekit` for ours, or `zoom`, `google_meet`, `teams`, `webex`, `other`.
    pub provider: String,
    /// The room elsewhere; `null` for a room of ours, and for whoever is not invited.
    pub external_url: Option<String>,
    /// Name of the LiveKit room; `null` for whoever is not invited.
    pub room_name: Option<String>,
    /// The page of the room; empty for whoever is not invited.
    pub join_url: String,
    /// How many are invited, the host included.
    pub participant_count: i64,
    /// How many may be in the room at once.
    pub max_participants: Option<i32>,
    /// Whether recording starts with the meeting.
    pub auto_record: bool,
    /// Whether joiners wait until a host lets them in.
    pub require_approval: bool,
    /// Switches of this meeting.
    pub settings: MeetingSettings,
    /// Fields that the organization added.
    #[schema(value_type = Object)]
    pub custom_fields: Value,
    /// The business object that it belongs to.
    pub related_object: Option<RelatedObject>,
    /// `human`, `ai` or `system`.
    pub created_by_type: String,
    /// Why it was cancelled.
    pub cancel_reason: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// The caller's part in it.
    pub my: My,
    /// With `include=participants`: the first 50 of them, host and co-hosts first; absent for whoever may not see them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub participants: Option<Vec<Participant>>,
}

/// Who holds a meeting.
#[derive(Debug, Serialize, ToSchema)]
pub struct HostOut {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: String,
}

/// The caller's part in a meeting.
#[derive(Debug, Serialize, ToSchema)]
pub struct My {
    /// Role; `null` when not invited.
    pub role: Option<MeetingRole>,
    /// Status; `null` when not invited.
    pub status: Option<ParticipantStatus>,
    /// What the caller may do, whatever the meeting's state.
    pub can: Vec<Action>,
}

impl MeetingOut {
    pub(super) fn of(app: &App, caller: &Caller, row: store::Row) -> Self {
        let member = caller.as_member(Membership::new(row.org_role, &row.decisions));
        let mut can = Standing { member, meeting_role: row.my_role }.can();
        if caller.key().is_some() {
            can.retain(|action| policy::key_may(*action, row.created_by_type == "ai"));
        }
        let invited = row.my_role.is_some();
        let out = Self {
            join_url: if invited {
                format!("{}/meetings/{}", app.config.server.public_url, row.id)
            } else {
                String::new()
            },
            room_name: invited.then_some(row.room_name),
            host: row.host_id.zip(row.host_name).map(|(id, name)| HostOut { id, name }),
            related_object: row.related_object.map(|object| object.0),
            my: My { role: row.my_role, status: row.my_status, can },
            id: row.id,
            organization_id: row.organization_id,
            title: row.title,
            description: row.description,
            agenda: row.agenda,
            venue_mode: row.venue_mode,
            location: row.location,
            schedule_kind: row.schedule_kind,
            participants: None,
            scheduled_start: row.scheduled_start,
            scheduled_end: row.scheduled_end,
            timezone: row.timezone,
            actual_start: row.actual_start,
            actual_end: row.actual_end,
            status: row.status,
            ended_by: row.ended_by,
            show_status: row.show_status,
            shown_at: row.shown_at,
            meeting_type: row.meeting_type,
            provider: row.provider,
            external_url: row.external_url.filter(|_| invited),
            participant_count: row.participant_count,
            max_participants: row.max_participants,
            auto_record: row.auto_record,
            require_approval: row.require_approval,
            settings: MeetingSettings::read(&row.settings, MeetingSettings::default()),
            custom_fields: row.custom_fields,
            created_by_type: row.created_by_type,
            cancel_reason: row.cancel_reason,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        out.seen_by(member)
    }

    /// Without what is hidden from `viewer`: texts are empty, and so are custom fields.
    fn seen_by(mut self, viewer: Membership) -> Self {
        if viewer.hides(Field::MeetingDescription) {
            self.description.clear();
        }
        if viewer.hides(Field::MeetingAgenda) {
            self.agenda.clear();
        }
        if viewer.hides(Field::MeetingRelatedObject) {
            self.related_object = None;
        }
        if viewer.hides(Field::MeetingCustomFields) {
            self.custom_fields = Value::Object(Map::new());
        }
        self
    }
}

/// What stands inside a meeting besides itself.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Inclusion {
    /// What to put inside each meeting.
    #[param(inline)]
    pub include: Option<Included>,
}

/// What can stand inside a meeting.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Included {
    /// The first 50 of those who take part.
    Participants,
}

/// One meeting. Members who are not invited see what it is, not how to get in.
#[utoipa::path(get, path = "/meetings/{id}", tag = "meetings", params(("id" = MeetingId, Path), Inclusion),
    responses((status = 200, body = MeetingOut), (status = 304), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    caller: Scoped<scope::MeetingsRead>,
    Path(id): Path<MeetingId>,
    Query(inclusion): Query<Inclusion>,
    conditions: Conditions,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    let mut found = read_out(&app, &mut tx, &caller, id).await?;
    include(&mut tx, inclusion.include, std::slice::from_mut(&mut found)).await?;
    conditions.answer(&found)
}

/// Puts inside the meetings what was asked for, with one query for all of them.
pub(super) async fn include(
    tx: &mut Tx,
    wanted: Option<Included>,
    meetings: &mut [MeetingOut],
) -> Result<()> {
    let Some(Included::Participants) = wanted else { return Ok(()) };
    let ids: Vec<MeetingId> = meetings
        .iter()
        .filter(|meeting| meeting.my.can.contains(&Action::SeeParticipants))
        .map(|meeting| meeting.id)
        .collect();
    let mut found = participants::first_of(tx, &ids, MOST_INCLUDED).await?;
    for meeting in meetings {
        if ids.contains(&meeting.id) {
            meeting.participants = Some(found.remove(&meeting.id).unwrap_or_default());
        }
    }
    Ok(())
}

/// Changes a meeting. Only its host may, until it has ended.
#[utoipa::path(patch, path = "/meetings/{id}", tag = "meetings", params(("id" = MeetingId, Path)),
    request_body = MeetingChange,
    responses((status = 200, body = MeetingOut), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(app): State<App>,
    caller: Scoped<scope::MeetingsWrite>,
    Path(id): Path<MeetingId>,
    conditions: Conditions,
    Json(body): Json<MeetingChange>,
) -> Result<Tagged<MeetingOut>> {
    let mut tx = app.begin(&caller).await?;
    let standing = require(&mut tx, &caller, id, Action::Change).await?;
    orgs::api::require_open(standing.member, body.sets())?;
    let meeting = store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    if conditions.wants_unchanged() {
        conditions.unchanged(&read_out(&app, &mut tx, &caller, id).await?)?;
    }
    meeting.state.open().map_err(refused)?;
    let place = body.external_url.as_ref().map(|url| url.as_ref().map(ExternalUrl::as_str));
    let moves = place.is_some_and(|url| url != meeting.external_url.as_deref());
    if moves && meeting.state.status() == MeetingStatus::InProgress {
        let detail = "People are in the room. It can be moved elsewhere before or after.";
        return Err(Problem::conflict("MEETING_IN_PROGRESS", detail));
    }
    let mut checks = Checks::default();
    body.check(&mut checks);
    rules::check_times(
        &mut checks,
        body.scheduled_start.unwrap_or(meeting.scheduled_start),
        body.scheduled_end.unwrap_or(meeting.scheduled_end),
    );
    let settings = body.settings.as_ref().map(|settings| (settings, settings.onto(&meeting.settings)));
    if let Some((change, set)) = &settings {
        let after = MeetingSettings::read(set, MeetingSettings::default());
        rules::check_settings(&mut checks, change, &after);
    }
    let mut fields = None;
    if let Some(given) = &body.custom_fields {
        let definitions = custom_fields::definitions(&mut tx, meeting.organization_id).await?;
        let stored = Some(&meeting.custom_fields);
        let kept = custom_fields::rules::check_values(&mut checks, &definitions, given, stored);
        fields = Some(Value::Object(kept));
    }
    checks.done()?;
    let change = store::Change {
        title: body.title.as_deref().map(str::trim),
        description: body.description.as_deref(),
        agenda: body.agenda.as_deref(),
        location: body.location.as_deref().map(str::trim),
        scheduled_start: body.scheduled_start,
        scheduled_end: body.scheduled_end,
        timezone: body.timezone.as_deref(),
        meeting_type: body.meeting_type,
        venue_mode: body.venue_mode,
        external_url: body.external_url.as_ref().map(Option::as_ref),
        max_participants: body.max_participants,
        auto_record: body.auto_record,
        require_approval: body.require_approval,
        settings: settings.as_ref().map(|(_, set)| set),
        custom_fields: fields.as_ref(),
        related_object: body.related_object.as_ref().map(Option::as_ref),
    };
    store::update(&mut tx, id, &change, caller.user_id).await?;
    if settings.is_some() {
        participants::tell_quorum(&mut tx, id).await?;
    }
    let out = read_out(&app, &mut tx, &caller, id).await?;
    let mut taken = None;
    if body.meeting_type.is_some_and(|kind| kind != meeting.meeting_type) {
        taken = participants::take_rights(&mut tx, id, None, app.clock.now()).await?;
    }
    tx.commit().await?;
    jobs::run_taken(&app, taken).await;
    Ok(Tagged(out))
}

/// Changes a meeting, as PATCH does: what is absent stays.
#[utoipa::path(put, path = "/meetings/{id}", tag = "meetings", params(("id" = MeetingId, Path)),
    request_body = MeetingChange,
    responses((status = 200, body = MeetingOut), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn replace(
    state: State<App>,
    caller: Scoped<scope::MeetingsWrite>,
    id: Path<MeetingId>,
    conditions: Conditions,
    body: Json<MeetingChange>,
) -> Result<Tagged<MeetingOut>> {
    change(state, caller, id, conditions, body).await
}

/// Why a meeting is called off.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct Cancellation {
    /// At most 1000 characters.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Calls a meeting off. Only its host may; everybody in the room is sent out.
#[utoipa::path(post, path = "/meetings/{id}/cancel", tag = "meetings", params(("id" = MeetingId, Path)),
    request_body = Cancellation,
    responses((status = 200, body = MeetingOut), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn cancel(
    State(app): State<App>,
    caller: Scoped<scope::MeetingsWrite>,
    Path(id): Path<MeetingId>,
    Json(body): Json<Cancellation>,
) -> Result<Json<MeetingOut>> {
    Checks::default().text(body.reason.as_deref().unwrap_or_default(), "/reason", 0..=1000).done()?;
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, id, Action::Cancel).await?;
    let meeting = store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    let taken = call_off(&app, &mut tx, &caller, meeting, body.reason.as_deref()).await?;
    let out = read_out(&app, &mut tx, &caller, id).await?;
    tx.commit().await?;
    jobs::spawn_taken(&app, taken);
    Ok(Json(out))
}

/// Calls a locked meeting off; what it gives is to be done after the commit.
async fn call_off(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    meeting: Meeting,
    reason: Option<&str>,
) -> Result<Vec<Job>> {
    let (from, now) = (meeting.state.status(), app.clock.now());
    let cancelled = meeting.state.cancel(now).map_err(refused)?;
    store::save_state(tx, meeting.id, from, &cancelled, Some(caller.user_id), reason).await?;
    Ok(Afterwards::closing().take(tx, &meeting.room_name, now).await?)
}

/// Calls a meeting off that belongs to something that is cancelled; one that is over stays as it is. What it gives is to
/// be done after the commit.
///
/// # Errors
/// 403 unless the caller may call it off.
pub async fn call_off_unless_over(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    id: MeetingId,
) -> Result<Vec<Job>> {
    require(tx, caller, id, Action::Cancel).await?;
    match store::lock(tx, id).await? {
        Some(meeting) if meeting.state.open().is_ok() => call_off(app, tx, caller, meeting, None).await,
        _ => Ok(Vec::new()),
    }
}

/// Calls a meeting off, as `POST …/cancel` does. The row stays.
#[utoipa::path(delete, path = "/meetings/{id}", tag = "meetings", params(("id" = MeetingId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(
    state: State<App>,
    caller: Scoped<scope::MeetingsWrite>,
    id: Path<MeetingId>,
) -> Result<StatusCode> {
    cancel(state, caller, id, Json(Cancellation::default())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a meeting for all. Host and co-hosts may.
#[utoipa::path(post, path = "/meetings/{id}/end", tag = "meetings", params(("id" = MeetingId, Path)),
    responses((status = 200, body = MeetingOut), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn end(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
) -> Result<Json<MeetingOut>> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, id, Action::End).await?;
    let meeting = store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    let from = meeting.state.status();
    let ended = meeting.state.end(app.clock.now()).map_err(refused)?;
    reactions::meeting_ends(&mut tx, &caller, id, app.clock.now()).await?;
    store::save_state(&mut tx, id, from, &ended, Some(caller.user_id), None).await?;
    let out = read_out(&app, &mut tx, &caller, id).await?;
    let taken = Afterwards::closing().take(&mut tx, &meeting.room_name, app.clock.now()).await?;
    tx.commit().await?;
    jobs::spawn_taken(&app, taken);
    Ok(Json(out))
}

/// The caller's standing, when it allows `action`.
///
/// # Errors
/// 404 when the meeting is not visible to the caller, 403 when it is but the action is not theirs.
pub async fn require(tx: &mut Tx, caller: &Caller, id: MeetingId, action: Action) -> Result<Standing> {
    let found = store::standing(tx, id, caller.user_id).await?.ok_or_else(not_found)?;
    let standing = Standing { member: caller.as_member(found.member), ..found };
    if !standing.may(action) {
        return Err(Problem::forbidden(not_allowed(action)));
    }
    if caller.key().is_some() && !policy::key_may(action, store::is_by_agent(tx, id).await?) {
        let detail = "An API key may only cancel meetings that an API key made.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "NOT_CREATED_BY_AGENT", detail));
    }
    Ok(standing)
}

pub(super) fn not_allowed(action: Action) -> &'static str {
    match action {
        Action::Join | Action::Chat => "Only people who are invited to this meeting may do this.",
        Action::Show => "Only people who are invited, and officers, say whether a meeting takes place.",
        Action::SeeParticipants => "Only people who are invited, and officers, see who takes part.",
        Action::SeeAttendance => "Only the host and officers see the attendance.",
        Action::Excuse => "Only the host, co-hosts and officers excuse people.",
        Action::CorrectAttendance => "Only the host and officers correct the attendance.",
        Action::Invite => "Only the host and officers invite people.",
        Action::Change | Action::Cancel | Action::ShareRecordings => {
            "Only the host of the meeting may do this."
        }
        Action::End | Action::Moderate | Action::Record => "Only the host and co-hosts may do this.",
    }
}

/// 404 for a meeting.
pub fn not_found() -> Problem {
    Problem::not_found("meeting")
}

/// 409 with the contract's code for why a meeting's state does not allow something.
pub fn refused(refusal: Refusal) -> Problem {
    let code = match refusal {
        Refusal::Cancelled => "MEETING_CANCELLED",
        Refusal::Ended => "MEETING_ENDED",
    };
    Problem::conflict(code, refusal.to_string())
}

/// A meeting as the caller sees it.
///
/// # Errors
/// 404 when it is not visible to the caller.
pub(super) async fn read_out(app: &App, tx: &mut Tx, caller: &Caller, id: MeetingId) -> Result<MeetingOut> {
    let row = store::find(tx, id, caller.user_id).await?.ok_or_else(not_found)?;
    Ok(MeetingOut::of(app, caller, row))
}
