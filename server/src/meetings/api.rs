//! Endpoints of meetings.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, OrganizationId, UserId},
};
use rand::Rng;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{
    model::{EndedBy, MeetingStatus, MeetingType, Refusal},
    rules, store,
};
use crate::{
    access::{
        caller::Caller,
        policy::{Action, Field, MeetingRole, Membership, Permission, Standing},
    },
    app::App,
    http::{Checks, Json, Listing, PageQuery, Path, Problem, Query, Result},
    jobs,
    livekit::afterwards::Afterwards,
    orgs,
    participants::{self, model::ParticipantStatus},
};

/// Most people that one call may invite.
pub const MOST_INVITEES: usize = 1000;

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
    /// What will be talked about.
    pub agenda: String,
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
    /// Its media.
    pub meeting_type: MeetingType,
    /// Who holds it; `null` when that account was erased.
    pub host: Option<HostOut>,
    /// Which service carries it.
    pub provider: String,
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
    #[schema(value_type = Object)]
    pub settings: Value,
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
}

/// Who holds a meeting.
#[derive(Debug, Serialize, ToSchema)]
pub struct HostOut {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: String,
}

/// A business object of another system.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RelatedObject {
    /// Its kind, 1 to 100 characters.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id there, 1 to 255 characters.
    pub id: String,
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
    fn of(app: &App, row: store::Row) -> Self {
        let member = Membership::new(row.org_role, &row.decisions);
        let standing = Standing { member, meeting_role: row.my_role };
        let invited = row.my_role.is_some();
        let out = Self {
            join_url: if invited {
                format!("{}/meetings/{}", app.config.server.public_url, row.id)
            } else {
                String::new()
            },
            room_name: invited.then_some(row.room_name),
            host: row.host_id.zip(row.host_name).map(|(id, name)| HostOut { id, name }),
            related_object: row
                .related_object_type
                .zip(row.related_object_id)
                .map(|(kind, id)| RelatedObject { kind, id }),
            my: My { role: row.my_role, status: row.my_status, can: standing.can() },
            id: row.id,
            organization_id: row.organization_id,
            title: row.title,
            description: row.description,
            agenda: row.agenda,
            scheduled_start: row.scheduled_start,
            scheduled_end: row.scheduled_end,
            timezone: row.timezone,
            actual_start: row.actual_start,
            actual_end: row.actual_end,
            status: row.status,
            ended_by: row.ended_by,
            meeting_type: row.meeting_type,
            provider: row.provider,
            participant_count: row.participant_count,
            max_participants: row.max_participants,
            auto_record: row.auto_record,
            require_approval: row.require_approval,
            settings: row.settings,
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

    /// The entity tag: it changes with every change of the row.
    fn etag(&self) -> String {
        format!("\"{}-{}\"", self.updated_at.timestamp_micros(), self.participant_count)
    }
}

/// A new meeting.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewMeeting {
    /// 1 to 255 characters.
    pub title: String,
    /// What it is about.
    #[serde(default)]
    pub description: String,
    /// What will be talked about.
    #[serde(default)]
    pub agenda: String,
    /// Scheduled start.
    pub scheduled_start: DateTime<Utc>,
    /// Scheduled end, after the start.
    #[serde(default)]
    pub scheduled_end: Option<DateTime<Utc>>,
    /// IANA time zone; the organization's when absent.
    #[serde(default)]
    pub timezone: Option<String>,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "its fields are documented")]
    pub options: Options,
}

/// A meeting that starts now.
#[derive(Debug, Deserialize, ToSchema)]
pub struct InstantMeeting {
    /// 1 to 255 characters.
    pub title: String,
    /// What it is about.
    #[serde(default)]
    pub description: String,
    /// What will be talked about.
    #[serde(default)]
    pub agenda: String,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "its fields are documented")]
    pub options: Options,
}

/// What every new meeting may say.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Options {
    /// Its media.
    #[serde(default)]
    pub meeting_type: MeetingType,
    /// How many may be in the room at once, 1 to 10000.
    #[serde(default)]
    pub max_participants: Option<i32>,
    /// Whether recording starts with the meeting.
    #[serde(default)]
    pub auto_record: bool,
    /// Whether joiners wait until a host lets them in.
    #[serde(default)]
    pub require_approval: bool,
    /// Members to invite.
    #[serde(default)]
    pub participants: Vec<UserId>,
    /// Switches: `late_threshold_minutes`, `allow_guests`, and others that are kept as they are.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
    /// Fields that the organization added.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub custom_fields: Map<String, Value>,
    /// The business object that it belongs to.
    #[serde(default)]
    pub related_object: Option<RelatedObject>,
}

/// Schedules a meeting. Needs `meetings.schedule`; the caller becomes its host.
#[utoipa::path(post, path = "/organizations/{org}/meetings", tag = "meetings", params(("org" = OrganizationId, Path)),
    request_body = NewMeeting,
    responses((status = 201, body = MeetingOut), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Json(body): Json<NewMeeting>,
) -> Result<Response> {
    let plan = Plan {
        title: body.title,
        description: body.description,
        agenda: body.agenda,
        start: body.scheduled_start,
        end: body.scheduled_end,
        timezone: body.timezone,
        options: body.options,
        instant: false,
    };
    make(&app, &caller, org, plan).await
}

/// Makes a meeting that starts now. Needs `meetings.schedule`.
#[utoipa::path(post, path = "/organizations/{org}/meetings/instant", tag = "meetings",
    params(("org" = OrganizationId, Path)), request_body = InstantMeeting,
    responses((status = 201, body = MeetingOut), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn create_instant(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Json(body): Json<InstantMeeting>,
) -> Result<Response> {
    let plan = Plan {
        title: body.title,
        description: body.description,
        agenda: body.agenda,
        start: app.clock.now(),
        end: None,
        timezone: None,
        options: body.options,
        instant: true,
    };
    make(&app, &caller, org, plan).await
}

struct Plan {
    title: String,
    description: String,
    agenda: String,
    start: DateTime<Utc>,
    end: Option<DateTime<Utc>>,
    timezone: Option<String>,
    options: Options,
    instant: bool,
}

impl Plan {
    /// What is set otherwise than it would be without saying so.
    fn sets(&self) -> [(Field, bool); 8] {
        let options = &self.options;
        [
            (Field::MeetingDescription, !self.description.is_empty()),
            (Field::MeetingAgenda, !self.agenda.is_empty()),
            (Field::MeetingRelatedObject, options.related_object.is_some()),
            (Field::MeetingCustomFields, !options.custom_fields.is_empty()),
            (Field::MeetingMaxParticipants, options.max_participants.is_some()),
            (Field::MeetingAutoRecord, options.auto_record),
            (Field::MeetingRequireApproval, options.require_approval),
            (Field::MeetingSettings, !options.settings.is_empty()),
        ]
    }

    fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        rules::check_texts(&mut checks, Some(&self.title), Some(&self.description), Some(&self.agenda));
        rules::check_times(&mut checks, self.start, self.end);
        rules::check_timezone(&mut checks, self.timezone.as_deref());
        rules::check_max_participants(&mut checks, self.options.max_participants);
        rules::check_settings(&mut checks, Some(&self.options.settings));
        rules::check_size(&mut checks, &self.options.custom_fields, "/custom_fields");
        if let Some(object) = &self.options.related_object {
            checks.text(&object.kind, "/related_object/type", 1..=100).text(
                &object.id,
                "/related_object/id",
                1..=255,
            );
        }
        let invitees = self.options.participants.len();
        checks.require(
            invitees <= MOST_INVITEES,
            "/participants",
            "TOO_LONG",
            "These are too many people for one call.",
        );
        checks.done()
    }
}

async fn make(app: &App, caller: &Caller, org: OrganizationId, plan: Plan) -> Result<Response> {
    let mut tx = app.begin(caller).await?;
    let member = orgs::api::require(&mut tx, caller, org, Permission::MeetingsSchedule).await?;
    orgs::api::require_open(member, plan.sets())?;
    plan.check()?;
    participants::require_members(&mut tx, org, &plan.options.participants, "/participants").await?;
    let timezone = match &plan.timezone {
        Some(zone) => zone.clone(),
        None => orgs::timezone(&mut tx, org).await?,
    };
    let now = app.clock.now();
    let mut settings = plan.options.settings.clone();
    settings
        .entry("late_threshold_minutes")
        .or_insert_with(|| app.config.attendance.late_threshold_minutes.into());
    settings.entry("allow_guests").or_insert(Value::Bool(false));
    let id = MeetingId::new(now);
    let new = store::New {
        id,
        organization_id: org,
        title: plan.title.trim(),
        description: &plan.description,
        agenda: &plan.agenda,
        scheduled_start: plan.start,
        scheduled_end: plan.end,
        timezone: &timezone,
        meeting_type: plan.options.meeting_type,
        instant: plan.instant,
        room_name: &rules::room_name(org, now, rand::rng().random()),
        max_participants: plan.options.max_participants,
        auto_record: plan.options.auto_record,
        require_approval: plan.options.require_approval,
        settings: &Value::Object(settings),
        custom_fields: &Value::Object(plan.options.custom_fields.clone()),
        related_object: plan
            .options
            .related_object
            .as_ref()
            .map(|object| (object.kind.as_str(), object.id.as_str())),
        host: caller.user_id,
    };
    store::insert(&mut tx, &new).await?;
    participants::add_first(&mut tx, id, org, caller.user_id, &plan.options.participants).await?;
    let out = read_out(app, &mut tx, caller, id).await?;
    tx.commit().await?;
    let location = format!("/api/v1/meetings/{id}");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], with_etag(out)).into_response())
}

/// Which meetings a list shows.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// One status or several with commas between.
    pub status: Option<String>,
    /// Scheduled start at or after.
    pub from: Option<DateTime<Utc>>,
    /// Scheduled start before.
    pub to: Option<DateTime<Utc>>,
    /// Part of the title.
    pub q: Option<String>,
    /// Kind of the related object.
    pub related_type: Option<String>,
    /// Id of the related object.
    pub related_id: Option<String>,
    /// `scheduled_start` (default) or `-scheduled_start`.
    pub order: Option<String>,
    /// Items at most, 1 to 200; 50 when absent.
    pub limit: Option<i64>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

impl ListQuery {
    fn filter(&self) -> Result<store::Filter> {
        let mut checks = Checks::default();
        let statuses = self.status.as_deref().map(|list| {
            list.split(',')
                .filter_map(|name| {
                    let status = serde_json::from_value(Value::String(name.trim().to_lowercase())).ok();
                    checks.require(status.is_some(), "/status", "INVALID", "There is no such status.");
                    status
                })
                .collect()
        });
        let descending = match self.order.as_deref() {
            None | Some("scheduled_start") => false,
            Some("-scheduled_start") => true,
            Some(_) => {
                checks.require(
                    false,
                    "/order",
                    "INVALID",
                    "The order is scheduled_start or -scheduled_start.",
                );
                false
            }
        };
        for (text, pointer) in
            [(&self.q, "/q"), (&self.related_type, "/related_type"), (&self.related_id, "/related_id")]
        {
            checks.text(text.as_deref().unwrap_or_default(), pointer, 0..=255);
        }
        checks.done()?;
        Ok(store::Filter {
            statuses,
            from: self.from,
            to: self.to,
            title: self.q.clone().filter(|part| !part.is_empty()),
            related_type: self.related_type.clone(),
            related_id: self.related_id.clone(),
            descending,
            ..store::Filter::default()
        })
    }

    fn page(&self) -> PageQuery {
        PageQuery { limit: self.limit, cursor: self.cursor.clone() }
    }
}

/// The organization's meetings; without `meetings.see_all` only those that the caller takes part in.
#[utoipa::path(get, path = "/organizations/{org}/meetings", tag = "meetings",
    params(("org" = OrganizationId, Path), ListQuery),
    responses((status = 200, body = Listing<MeetingOut>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list_of_organization(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Listing<MeetingOut>>> {
    let mut tx = app.begin(&caller).await?;
    let member = orgs::api::member_of(&mut tx, &caller, org).await?;
    let mine = !member.may(Permission::MeetingsSeeAll);
    let filter = store::Filter { organization: Some(org), mine, ..query.filter()? };
    page_of(&app, &mut tx, &caller, &filter, &query.page()).await
}

/// The meetings that the caller hosts or takes part in, over all organizations.
#[utoipa::path(get, path = "/meetings", tag = "meetings", params(ListQuery),
    responses((status = 200, body = Listing<MeetingOut>), (status = 422, body = Problem)))]
pub async fn list_mine(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Listing<MeetingOut>>> {
    let filter = store::Filter { mine: true, ..query.filter()? };
    let mut tx = app.begin(&caller).await?;
    page_of(&app, &mut tx, &caller, &filter, &query.page()).await
}

async fn page_of(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    filter: &store::Filter,
    page: &PageQuery,
) -> Result<Json<Listing<MeetingOut>>> {
    let limit = page.limit()?;
    let rows = store::list(tx, caller.user_id, filter, page.after()?, limit + 1).await?;
    let items = rows.into_iter().map(|row| MeetingOut::of(app, row)).collect();
    Ok(Json(Listing::from_one_more(items, limit, |meeting: &MeetingOut| {
        (meeting.scheduled_start, meeting.id)
    })))
}

/// One meeting. Members who are not invited see what it is, not how to get in.
#[utoipa::path(get, path = "/meetings/{id}", tag = "meetings", params(("id" = MeetingId, Path)),
    responses((status = 200, body = MeetingOut), (status = 404, body = Problem)))]
pub async fn read(State(app): State<App>, caller: Caller, Path(id): Path<MeetingId>) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    Ok(with_etag(read_out(&app, &mut tx, &caller, id).await?))
}

/// What changes a meeting; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct MeetingChange {
    /// 1 to 255 characters.
    pub title: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// What will be talked about.
    pub agenda: Option<String>,
    /// Scheduled start.
    pub scheduled_start: Option<DateTime<Utc>>,
    /// Scheduled end; `null` takes it away.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub scheduled_end: Option<Option<DateTime<Utc>>>,
    /// IANA time zone.
    pub timezone: Option<String>,
    /// Its media.
    pub meeting_type: Option<MeetingType>,
    /// How many may be in the room at once; `null` for no limit.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<i32>)]
    pub max_participants: Option<Option<i32>>,
    /// Whether recording starts with the meeting.
    pub auto_record: Option<bool>,
    /// Whether joiners wait until a host lets them in.
    pub require_approval: Option<bool>,
    /// Switches to set; others stay.
    #[schema(value_type = Option<Object>)]
    pub settings: Option<Map<String, Value>>,
    /// All fields that the organization added.
    #[schema(value_type = Option<Object>)]
    pub custom_fields: Option<Map<String, Value>>,
}

impl MeetingChange {
    /// What is to be set.
    fn sets(&self) -> [(Field, bool); 7] {
        [
            (Field::MeetingDescription, self.description.is_some()),
            (Field::MeetingAgenda, self.agenda.is_some()),
            (Field::MeetingCustomFields, self.custom_fields.is_some()),
            (Field::MeetingMaxParticipants, self.max_participants.is_some()),
            (Field::MeetingAutoRecord, self.auto_record.is_some()),
            (Field::MeetingRequireApproval, self.require_approval.is_some()),
            (Field::MeetingSettings, self.settings.is_some()),
        ]
    }
}

/// Tells `null` from absent.
#[expect(clippy::option_option, reason = "absent, null and a value are three things in a change")]
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// Changes a meeting. Only its host may, until it has ended.
#[utoipa::path(patch, path = "/meetings/{id}", tag = "meetings", params(("id" = MeetingId, Path)),
    request_body = MeetingChange,
    responses((status = 200, body = MeetingOut), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
    headers: HeaderMap,
    Json(body): Json<MeetingChange>,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    let standing = require(&mut tx, &caller, id, Action::Change).await?;
    orgs::api::require_open(standing.member, body.sets())?;
    let meeting = store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    if let Some(wanted) = headers.get(header::IF_MATCH) {
        let stored = read_out(&app, &mut tx, &caller, id).await?.etag();
        if wanted != "*" && wanted.as_bytes() != stored.as_bytes() {
            let detail = "Someone else has changed this meeting meanwhile.";
            return Err(Problem::new(StatusCode::PRECONDITION_FAILED, "STALE", detail));
        }
    }
    meeting.state.open().map_err(refused)?;
    let mut checks = Checks::default();
    rules::check_texts(
        &mut checks,
        body.title.as_deref(),
        body.description.as_deref(),
        body.agenda.as_deref(),
    );
    rules::check_times(
        &mut checks,
        body.scheduled_start.unwrap_or(meeting.scheduled_start),
        body.scheduled_end.unwrap_or(meeting.scheduled_end),
    );
    rules::check_timezone(&mut checks, body.timezone.as_deref());
    rules::check_max_participants(&mut checks, body.max_participants.flatten());
    rules::check_settings(&mut checks, body.settings.as_ref());
    if let Some(fields) = &body.custom_fields {
        rules::check_size(&mut checks, fields, "/custom_fields");
    }
    checks.done()?;
    let (settings, custom_fields) = (body.settings.map(Value::Object), body.custom_fields.map(Value::Object));
    let change = store::Change {
        title: body.title.as_deref().map(str::trim),
        description: body.description.as_deref(),
        agenda: body.agenda.as_deref(),
        scheduled_start: body.scheduled_start,
        scheduled_end: body.scheduled_end,
        timezone: body.timezone.as_deref(),
        meeting_type: body.meeting_type,
        max_participants: body.max_participants,
        auto_record: body.auto_record,
        require_approval: body.require_approval,
        settings: settings.as_ref(),
        custom_fields: custom_fields.as_ref(),
    };
    store::update(&mut tx, id, &change, caller.user_id).await?;
    let out = read_out(&app, &mut tx, &caller, id).await?;
    let mut taken = None;
    if body.meeting_type.is_some_and(|kind| kind != meeting.meeting_type) {
        taken = participants::take_rights(&mut tx, id, None, app.clock.now()).await?;
    }
    tx.commit().await?;
    jobs::run_taken(&app, taken).await;
    Ok(with_etag(out))
}

/// Changes a meeting, as PATCH does: what is absent stays.
#[utoipa::path(put, path = "/meetings/{id}", tag = "meetings", params(("id" = MeetingId, Path)),
    request_body = MeetingChange,
    responses((status = 200, body = MeetingOut), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn replace(
    state: State<App>,
    caller: Caller,
    id: Path<MeetingId>,
    headers: HeaderMap,
    body: Json<MeetingChange>,
) -> Result<Response> {
    change(state, caller, id, headers, body).await
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
    caller: Caller,
    Path(id): Path<MeetingId>,
    Json(body): Json<Cancellation>,
) -> Result<Json<MeetingOut>> {
    Checks::default().text(body.reason.as_deref().unwrap_or_default(), "/reason", 0..=1000).done()?;
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, id, Action::Cancel).await?;
    let meeting = store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    let from = meeting.state.status();
    let cancelled = meeting.state.cancel(app.clock.now()).map_err(refused)?;
    let reason = body.reason.as_deref();
    store::save_state(&mut tx, id, from, &cancelled, Some(caller.user_id), reason).await?;
    let out = read_out(&app, &mut tx, &caller, id).await?;
    let taken = Afterwards::closing().take(&mut tx, &meeting.room_name, app.clock.now()).await?;
    tx.commit().await?;
    jobs::spawn_taken(&app, taken);
    Ok(Json(out))
}

/// Calls a meeting off, as `POST …/cancel` does. The row stays.
#[utoipa::path(delete, path = "/meetings/{id}", tag = "meetings", params(("id" = MeetingId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(state: State<App>, caller: Caller, id: Path<MeetingId>) -> Result<StatusCode> {
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
    let standing = store::standing(tx, id, caller.user_id).await?.ok_or_else(not_found)?;
    if standing.may(action) { Ok(standing) } else { Err(Problem::forbidden(not_allowed(action))) }
}

fn not_allowed(action: Action) -> &'static str {
    match action {
        Action::Join | Action::Chat => "Only people who are invited to this meeting may do this.",
        Action::SeeParticipants => "Only people who are invited, and officers, see who takes part.",
        Action::SeeAttendance => "Only the host and officers see the attendance.",
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

async fn read_out(app: &App, tx: &mut Tx, caller: &Caller, id: MeetingId) -> Result<MeetingOut> {
    let row = store::find(tx, id, caller.user_id).await?.ok_or_else(not_found)?;
    Ok(MeetingOut::of(app, row))
}

fn with_etag(meeting: MeetingOut) -> Response {
    let etag = HeaderValue::from_str(&meeting.etag()).ok();
    let mut response = Json(meeting).into_response();
    if let Some(etag) = etag {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}
