//! The endpoint of the timeline, for the host and for officers.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use kernel::{db::Tx, ids::MeetingId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store::{self, Filter, Place};
use crate::{
    access::{
        Caller, Scoped,
        policy::{Action, Membership},
        scope,
    },
    app::App,
    audit::{self, Event, api::AuditActor},
    http::{Checks, Json, Listing, PageQuery, Path, Problem, Query, Result},
    meetings::{api::require, history},
    table,
};

/// Things read at once for a file.
const PAGE: i32 = 1000;

/// Something that happened in or to a meeting.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineItem {
    /// When.
    pub at: DateTime<Utc>,
    /// What: `meeting.created`, `participant.admitted`, `attendance.joined`, `attendance.left`, `attendance.spoke` (known from
    /// the person's own device), `screen.shared`, `screen.unshared`, `chat.text`, `chat.hand_raise`, `recording.started` and so
    /// on; a name of the audit log where it has one.
    pub kind: String,
    /// Who did it.
    pub actor: AuditActor,
    /// What belongs to it: `about` (whom it is about), `changes` (fields before and after), `source` (from whom a movement
    /// is known), `message_id`, and for those who take part `content` and `metadata` of what was said; of speech `seconds` and
    /// `until`, of a screen `track` and `until` (`null` while it is shared).
    #[schema(value_type = Object)]
    pub data: Value,
    /// Where a page ends that ends with it.
    #[serde(skip)]
    #[schema(ignore)]
    place: Place,
}

/// What of a timeline is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TimelineQuery {
    /// Kinds, or what stands before their dot, separated by commas: `attendance,chat.poll`.
    pub kind: Option<String>,
    /// Id of the person, guest, key or device that did it.
    pub actor: Option<Uuid>,
    /// At or after.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
}

impl TimelineQuery {
    fn filter(self) -> Result<Filter> {
        let kinds: Vec<String> =
            self.kind.iter().flat_map(|kinds| kinds.split(',')).map(|kind| kind.trim().to_owned()).collect();
        let word = |letter: char| letter.is_ascii_lowercase() || matches!(letter, '_' | '.');
        let fits = |kind: &String| (1..=64).contains(&kind.len()) && kind.chars().all(word);
        let mut checks = Checks::default();
        let detail = "A kind is a name like `attendance` or `chat.poll`; at most 20 of them.";
        checks.require(kinds.len() <= 20 && kinds.iter().all(fits), "/kind", "INVALID", detail);
        checks.done()?;
        Ok(Filter { kinds, actor: self.actor, from: self.from, to: self.to })
    }
}

/// What happened in and to a meeting, the oldest first. The host and officers see it; what was said, those of them who
/// take part.
#[utoipa::path(get, path = "/meetings/{id}/timeline", tag = "timeline",
    params(("id" = MeetingId, Path), TimelineQuery, PageQuery),
    responses((status = 200, body = Listing<TimelineItem>), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path(id): Path<MeetingId>,
    Query(wanted): Query<TimelineQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<TimelineItem>>> {
    let (limit, after, filter) = (page.limit()?, page.after()?, wanted.filter()?);
    let most = i32::try_from(limit + 1).map_err(Problem::internal)?;
    let mut tx = app.begin(&caller).await?;
    let items = items(&mut tx, &caller, id, &filter, after, most).await?;
    Ok(Json(Listing::from_one_more(items, limit, |item: &TimelineItem| item.place.clone())))
}

/// The whole story as a file: `items` as the list has them, for the same people and with the same left out. It is sent as it
/// is read; what goes wrong on the way breaks it off.
#[utoipa::path(get, path = "/meetings/{id}/timeline.json", tag = "timeline", operation_id = "timeline_json",
    params(("id" = MeetingId, Path), TimelineQuery),
    responses((status = 200, body = Listing<TimelineItem>), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn json(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path(id): Path<MeetingId>,
    Query(wanted): Query<TimelineQuery>,
) -> Result<Response> {
    let filter = Arc::new(wanted.filter()?);
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, id, Action::SeeAttendance).await?;
    let organization = Some(store::organization(&mut tx, id).await?);
    let entity = ("meeting", Some(id.0));
    let event = Event { organization, meeting: Some(id), action: "timeline.exported", entity, data: None };
    audit::record(&mut tx, event).await?;
    tx.commit().await?;
    let caller = *caller;
    let body = table::pages(move |after: Option<Place>| {
        let (app, filter) = (app.clone(), filter.clone());
        async move {
            let is_first = after.is_none();
            let told = |problem: Problem| anyhow::anyhow!(problem.detail);
            // In a transaction of its own: a slow reader holds none, and whoever may not any more gets no more.
            let mut tx = app.begin(&caller).await.map_err(told)?;
            let items = items(&mut tx, &caller, id, &filter, after, PAGE).await.map_err(told)?;
            drop(tx);
            let end = items
                .last()
                .filter(|_| i32::try_from(items.len()) == Ok(PAGE))
                .map(|last| last.place.clone());
            let lines = items.iter().map(serde_json::to_string).collect::<serde_json::Result<Vec<_>>>()?;
            let between = if lines.is_empty() { "" } else { ",\n" };
            let head = if is_first { "{\"items\": [\n" } else { between };
            let foot = if end.is_none() { "\n], \"next_cursor\": null}\n" } else { "" };
            Ok((format!("{head}{}{foot}", lines.join(",\n")).into_bytes(), end))
        }
    });
    Ok(table::file("application/json", &format!("timeline-{id}.json"), body))
}

/// A page of the story for whoever may see it.
async fn items(
    tx: &mut Tx,
    caller: &Caller,
    id: MeetingId,
    filter: &Filter,
    after: Option<Place>,
    most: i32,
) -> Result<Vec<TimelineItem>> {
    let viewer = require(tx, caller, id, Action::SeeAttendance).await?;
    let rows = store::read(tx, id, filter, viewer.may(Action::Chat), after, most).await?;
    Ok(rows.into_iter().map(|row| item(row, viewer.member)).collect())
}

fn item(row: store::Row, viewer: Membership) -> TimelineItem {
    let mut data = match row.data {
        Value::Object(data) => data,
        _ => Map::new(),
    };
    if let Some((id, name)) = row.about_id.zip(row.about_name) {
        data.insert("about".to_owned(), json!({"id": id, "name": name}));
    }
    let changes = history::changes(viewer, row.before.as_ref(), row.after.as_ref());
    if !changes.is_empty() {
        data.insert("changes".to_owned(), json!(changes));
    }
    TimelineItem {
        place: (row.at, row.key),
        at: row.at,
        kind: row.kind,
        actor: AuditActor { kind: row.actor_type, id: row.actor_id, name: row.actor_name },
        data: Value::Object(data),
    }
}
