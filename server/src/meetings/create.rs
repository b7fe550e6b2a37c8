//! New meetings: scheduled, begun at once, or made after another one.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, OrganizationId, UserId},
};
use rand::Rng;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    api::{MeetingOut, not_found, read_out, require},
    input::{InstantMeeting, NewMeeting, Plan},
    model::{MeetingSettings, MeetingSettingsChange, VenueMode},
    rules, store,
};
use crate::{
    access::{
        Caller, Scoped,
        policy::{Action, Permission},
        scope,
    },
    app::App,
    custom_fields,
    http::{Checks, Json, Path, Problem, Result, Tagged},
    orgs, participants, settings,
};

/// Schedules a meeting. Needs `meetings.schedule`; the caller becomes its host, unless they name another.
#[utoipa::path(post, path = "/organizations/{org}/meetings", tag = "meetings", params(("org" = OrganizationId, Path)),
    request_body = NewMeeting,
    responses((status = 201, body = MeetingOut), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<App>,
    caller: Scoped<scope::MeetingsWrite>,
    Path(org): Path<OrganizationId>,
    Json(body): Json<NewMeeting>,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    let (start, end) = (body.scheduled_start, body.scheduled_end);
    let id = make(&app, &mut tx, &caller, org, body.plan(start, end, false)).await?;
    answer(&app, tx, &caller, id).await
}

/// Makes a meeting that starts now. Needs `meetings.schedule`.
#[utoipa::path(post, path = "/organizations/{org}/meetings/instant", tag = "meetings",
    params(("org" = OrganizationId, Path)), request_body = InstantMeeting,
    responses((status = 201, body = MeetingOut), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn create_instant(
    State(app): State<App>,
    caller: Scoped<scope::MeetingsWrite>,
    Path(org): Path<OrganizationId>,
    Json(body): Json<InstantMeeting>,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    let plan = body.plan(app.clock.now(), None, true);
    let id = make(&app, &mut tx, &caller, org, plan).await?;
    answer(&app, tx, &caller, id).await
}

/// When the duplicate takes place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Duplicate {
    /// Scheduled start; the end follows with the same duration.
    pub scheduled_start: DateTime<Utc>,
}

/// Schedules a meeting like this one, with its people, switches and fields, at another time. Needs
/// `meetings.schedule`, and to see who takes part; the caller becomes its host.
#[utoipa::path(post, path = "/meetings/{id}/duplicate", tag = "meetings", params(("id" = MeetingId, Path)),
    request_body = Duplicate,
    responses((status = 201, body = MeetingOut), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn duplicate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
    Json(body): Json<Duplicate>,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, id, Action::SeeParticipants).await?;
    let row = store::find(&mut tx, id, caller.user_id).await?.ok_or_else(not_found)?;
    let org = row.organization_id;
    let mut custom_fields = row.custom_fields.as_object().cloned().unwrap_or_default();
    for field in custom_fields::definitions(&mut tx, org).await? {
        if field.retired_at.is_some() {
            custom_fields.remove(&field.key);
        }
    }
    let kept = MeetingSettings::read(&row.settings, MeetingSettings::default());
    let plan = Plan {
        title: row.title,
        description: row.description,
        agenda: row.agenda,
        location: row.location,
        start: body.scheduled_start,
        end: row
            .scheduled_end
            .and_then(|end| body.scheduled_start.checked_add_signed(end - row.scheduled_start)),
        timezone: Some(row.timezone),
        venue_mode: row.venue_mode,
        // A room elsewhere may be for one time only.
        external_url: None,
        meeting_type: Some(row.meeting_type),
        instant: false,
        max_participants: Some(row.max_participants),
        auto_record: Some(row.auto_record),
        require_approval: Some(row.require_approval),
        host_id: None,
        participants: Vec::new(),
        settings: Some(MeetingSettingsChange {
            late_threshold_minutes: Some(Some(kept.late_threshold_minutes)),
            allow_guests: Some(Some(kept.allow_guests)),
            recording_allowed: Some(Some(kept.recording_allowed)),
            presence_checks_per_hour: Some(Some(kept.presence_checks_per_hour)),
            min_presence_percent: Some(Some(kept.min_presence_percent)),
            quorum_members: Some(Some(kept.quorum_members)),
            quorum_percent: Some(Some(kept.quorum_percent)),
        }),
        custom_fields,
        related_object: row.related_object.map(|object| object.0),
    };
    orgs::api::require(&mut tx, &caller, org, Permission::MeetingsSchedule).await?;
    let mut checks = Checks::default();
    rules::check_times(&mut checks, plan.start, plan.end);
    checks.done()?;
    let copy = insert(&app, &mut tx, &caller, org, plan).await?;
    participants::invite_as_before(&mut tx, copy, id, caller.user_id).await?;
    answer(&app, tx, &caller, copy).await
}

/// What is known of a meeting that belongs to something else.
#[derive(Debug)]
pub struct Appointment<'a> {
    /// What it is about.
    pub title: &'a str,
    /// What is to be known.
    pub description: &'a str,
    /// The place, when some are in one.
    pub location: &'a str,
    /// Scheduled start.
    pub start: DateTime<Utc>,
    /// Scheduled end.
    pub end: DateTime<Utc>,
    /// Members to invite.
    pub participants: Vec<UserId>,
}

/// Schedules a meeting that belongs to something else; the caller is its host.
///
/// # Errors
/// 403 without `meetings.schedule`.
pub async fn appointment(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    org: OrganizationId,
    appointment: Appointment<'_>,
) -> Result<MeetingId> {
    let Appointment { title, description, location, start, end, participants } = appointment;
    let plan = Plan {
        title: title.to_owned(),
        description: description.to_owned(),
        agenda: String::new(),
        location: location.to_owned(),
        start,
        end: Some(end),
        timezone: None,
        venue_mode: if location.is_empty() { VenueMode::Virtual } else { VenueMode::Hybrid },
        external_url: None,
        meeting_type: None,
        instant: false,
        max_participants: None,
        auto_record: None,
        require_approval: None,
        host_id: None,
        participants,
        settings: None,
        custom_fields: serde_json::Map::new(),
        related_object: None,
    };
    make(app, tx, caller, org, plan).await
}

/// Makes a meeting whose host the caller is, unless they name another.
async fn make(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    org: OrganizationId,
    mut plan: Plan,
) -> Result<MeetingId> {
    let member = orgs::api::require(tx, caller, org, Permission::MeetingsSchedule).await?;
    orgs::api::require_open(member, plan.sets())?;
    let definitions = custom_fields::definitions(tx, org).await?;
    let mut checks = Checks::default();
    plan.check(&mut checks);
    plan.custom_fields =
        custom_fields::rules::check_values(&mut checks, &definitions, &plan.custom_fields, None);
    checks.done()?;
    participants::require_members(tx, org, &plan.participants, "/participants").await?;
    participants::require_member(tx, org, plan.host_id, "/host_id").await?;
    insert(app, tx, caller, org, plan).await
}

/// Stores a plan that was checked; what it leaves open follows from the organization's settings.
async fn insert(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    org: OrganizationId,
    plan: Plan,
) -> Result<MeetingId> {
    let defaults = settings::of(app, tx, org).await?;
    let timezone = match plan.timezone {
        Some(zone) => zone,
        None => orgs::timezone(tx, org).await?,
    };
    let settings = plan.settings.unwrap_or_default();
    let mut switches = defaults.of_meetings();
    if settings.quorum_members.is_some() || settings.quorum_percent.is_some() {
        // Whoever says what one kind of quorum is has decided on the other.
        (switches.quorum_members, switches.quorum_percent) = (None, None);
    }
    let host = plan.host_id.or(caller.key().is_none().then_some(caller.user_id));
    let now = app.clock.now();
    let id = MeetingId::new(now);
    let new = store::New {
        id,
        organization_id: org,
        title: plan.title.trim(),
        description: &plan.description,
        agenda: &plan.agenda,
        location: plan.location.trim(),
        scheduled_start: plan.start,
        scheduled_end: plan.end,
        timezone: &timezone,
        meeting_type: plan.meeting_type.unwrap_or(defaults.meeting_type),
        venue_mode: plan.venue_mode,
        external_url: plan.external_url.as_ref(),
        instant: plan.instant,
        room_name: &rules::room_name(org, now, rand::rng().random()),
        max_participants: plan.max_participants.unwrap_or(defaults.max_participants),
        auto_record: plan.auto_record.unwrap_or(defaults.auto_record),
        require_approval: plan.require_approval.unwrap_or(defaults.require_approval),
        settings: &settings.onto(&json!(switches)),
        custom_fields: &plan.custom_fields.into(),
        related_object: plan.related_object.as_ref().map(|object| (object.kind.as_str(), object.id.as_str())),
        host,
        by: caller.user_id,
        by_agent: caller.key().is_some(),
    };
    store::insert(tx, &new).await?;
    participants::add_first(tx, id, org, host, &plan.participants, caller.user_id).await?;
    Ok(id)
}

async fn answer(app: &App, mut tx: Tx, caller: &Caller, id: MeetingId) -> Result<Response> {
    let out = read_out(app, &mut tx, caller, id).await?;
    tx.commit().await?;
    let location = format!("/api/v1/meetings/{id}");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Tagged(out)).into_response())
}
