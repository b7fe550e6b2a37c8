//! Endpoints of shows.

use axum::extract::State;
use chrono::{DateTime, Duration, Utc};
use kernel::ids::MeetingId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{count, store, window};
use crate::{
    access::{Device, DeviceOr, policy::Action, scope},
    app::App,
    http::{Json, Listing, Path, Problem, Result},
    meetings::{
        self,
        api::{not_found, refused, require},
        model::{Meeting, MeetingStatus, Refusal, Show, ShowSource, ShowStatus, State as MeetingState},
    },
};

/// How far ahead a room tablet looks.
const AHEAD: Duration = Duration::hours(24);
/// How far back, for meetings that are still going on.
const BACK: Duration = Duration::hours(12);
/// Meetings that a room tablet shows.
const MOST: i64 = 50;

/// That a meeting takes place.
#[derive(Debug, Serialize, ToSchema)]
pub struct Shown {
    /// Always `attended`.
    pub show_status: ShowStatus,
    /// Since when that is known.
    pub shown_at: DateTime<Utc>,
    /// From whom.
    pub source: ShowSource,
}

/// Says that a meeting takes place, from its scheduled start on for two hours or as configured. For room tablets, people
/// who are invited, officers, and services that may change meetings. Saying it again changes nothing.
#[utoipa::path(post, path = "/meetings/{id}/show", tag = "shows", params(("id" = MeetingId, Path)),
    responses((status = 200, body = Shown), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn show(
    State(app): State<App>,
    who: DeviceOr<scope::MeetingsWrite>,
    Path(id): Path<MeetingId>,
) -> Result<Json<Shown>> {
    let source = allowed(&app, &who, id).await?;
    // Not everybody who may say so may change the meeting: the system notes it, in their name.
    let mut tx = app.begin_system().await?;
    let meeting = meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    let shown = decide(&app, &meeting, source)?;
    if meeting.show != Show::from(&shown) && store::attend(&mut tx, id, shown.shown_at, source).await? {
        count(source);
    }
    tx.commit().await?;
    Ok(Json(shown))
}

/// As whom the caller may say that a meeting takes place.
async fn allowed(app: &App, who: &DeviceOr<scope::MeetingsWrite>, id: MeetingId) -> Result<ShowSource> {
    match who {
        DeviceOr::Device(device) => {
            let mut tx = app.begin_system().await?;
            store::is_of(&mut tx, id, device.organization_id).await?.then_some(()).ok_or_else(not_found)?;
            Ok(ShowSource::Device)
        }
        DeviceOr::Caller(caller) => {
            let mut tx = app.begin(caller).await?;
            require(&mut tx, caller, id, Action::Show).await?;
            Ok(if caller.key().is_some() { ShowSource::Service } else { ShowSource::User })
        }
    }
}

fn decide(app: &App, meeting: &Meeting, source: ShowSource) -> Result<Shown> {
    if matches!(meeting.state, MeetingState::Cancelled { .. }) {
        return Err(refused(Refusal::Cancelled));
    }
    let shown = meeting.show.attend(meeting.scheduled_start, window(app), app.clock.now(), source);
    match shown.map_err(|outside| Problem::conflict("OUTSIDE_WINDOW", outside.to_string()))? {
        Show::Attended { at, source } => {
            Ok(Shown { show_status: ShowStatus::Attended, shown_at: at, source })
        }
        Show::Pending | Show::NoShow => Err(Problem::internal("a show that shows nothing")),
    }
}

impl From<&Shown> for Show {
    fn from(shown: &Shown) -> Self {
        Self::Attended { at: shown.shown_at, source: shown.source }
    }
}

/// A meeting as a room tablet shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceMeeting {
    /// Its id.
    pub id: MeetingId,
    /// Its title.
    pub title: String,
    /// The place.
    pub location: String,
    /// Who holds it.
    pub host_name: Option<String>,
    /// Scheduled start.
    pub scheduled_start: DateTime<Utc>,
    /// Scheduled end.
    pub scheduled_end: Option<DateTime<Utc>>,
    /// IANA time zone in which it was scheduled.
    pub timezone: String,
    /// Where it stands.
    pub status: MeetingStatus,
    /// Whether it is known to take place.
    pub show_status: ShowStatus,
    /// Since when.
    pub shown_at: Option<DateTime<Utc>>,
    /// Until when it can be shown to take place.
    pub show_until: DateTime<Utc>,
}

/// What a room tablet shows: the organization's meetings in a place, from those of the last 12 hours to those that begin
/// within 24. Only for device tokens.
#[utoipa::path(get, path = "/device/meetings", tag = "shows", operation_id = "list_of_device",
    responses((status = 200, body = Listing<DeviceMeeting>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn of_device(State(app): State<App>, device: Device) -> Result<Json<Listing<DeviceMeeting>>> {
    let now = app.clock.now();
    let mut tx = app.begin_system().await?;
    let rows = store::of_device(&mut tx, device.organization_id, now - BACK, now + AHEAD, MOST).await?;
    let window = window(&app);
    let items = rows.into_iter().map(|row| DeviceMeeting {
        show_until: row.scheduled_start + window,
        id: row.id,
        title: row.title,
        location: row.location,
        host_name: row.host_name,
        scheduled_start: row.scheduled_start,
        scheduled_end: row.scheduled_end,
        timezone: row.timezone,
        status: row.status,
        show_status: row.show_status,
        shown_at: row.shown_at,
    });
    Ok(Json(Listing::whole(items.collect())))
}
