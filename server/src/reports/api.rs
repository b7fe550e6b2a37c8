//! The report of an organization's meetings.

use axum::{extract::State, response::Response};
use chrono::{DateTime, Days, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, OrganizationId},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    rules::{Count, Figures},
    store::{self, MeetingRow, Period, Place},
};
use crate::{
    access::{Caller, Scoped, policy::Permission, scope},
    app::App,
    http::{Checks, Json, Listing, PageQuery, Path, Problem, Query, Result},
    meetings::model::{MeetingStatus, ShowStatus},
    orgs,
    table::{self, time, word},
};

/// Rows that the export reads at once.
const PAGE: i64 = 1000;
/// Days that a report looks back when nothing else is said.
const DAYS: Days = Days::new(365);
/// Days that one report covers at most.
const MOST_DAYS: i64 = 3660;

/// Which meetings are wanted, by scheduled start.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeriodQuery {
    /// At or after; a year before `to` when absent.
    pub from: Option<DateTime<Utc>>,
    /// Before; now when absent.
    pub to: Option<DateTime<Utc>>,
}

impl PeriodQuery {
    /// The period, of ten years at most.
    pub(super) fn period(&self, now: DateTime<Utc>) -> Result<Period> {
        let to = self.to.unwrap_or(now);
        let from = self.from.or_else(|| to.checked_sub_days(DAYS)).unwrap_or(to);
        let mut checks = Checks::default();
        checks.require(from < to, "/from", "INVALID", "A period begins before it ends.");
        let fits = (to - from).num_days() <= MOST_DAYS;
        checks.require(fits, "/from", "OUT_OF_RANGE", "A report covers ten years at most.");
        checks.done()?;
        Ok(Period { from, to })
    }
}

/// An organization's meetings of a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeetingsReport {
    /// From when.
    pub from: DateTime<Utc>,
    /// Before when.
    pub to: DateTime<Utc>,
    /// The figures of all of them.
    pub summary: Figures,
    /// The same by month, in the organization's time zone; months without meetings are left out.
    pub months: Vec<MonthFigures>,
    /// The meetings, the latest first.
    pub items: Vec<ReportedMeeting>,
    /// What to pass as `cursor` for the next page; `null` at the end.
    pub next_cursor: Option<String>,
}

/// The figures of a month.
#[derive(Debug, Serialize, ToSchema)]
pub struct MonthFigures {
    /// Year and month, `2026-11`.
    pub month: String,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "its fields are documented")]
    pub figures: Figures,
}

/// A meeting with its figures.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportedMeeting {
    /// Its id.
    pub id: MeetingId,
    /// Its title.
    pub title: String,
    /// Who holds it.
    pub host_name: Option<String>,
    /// Scheduled start.
    pub scheduled_start: DateTime<Utc>,
    /// When it began.
    pub actual_start: Option<DateTime<Utc>>,
    /// When it ended.
    pub actual_end: Option<DateTime<Utc>>,
    /// Where it stands.
    pub status: MeetingStatus,
    /// Whether it is known to take place, or that nobody came.
    pub show_status: ShowStatus,
    /// People who are invited.
    pub invited: i64,
    /// Of these, those who came.
    pub attended: i64,
    /// Those who came late.
    pub late: i64,
    /// The share of those who came, 0 to 1; `null` when nobody is invited.
    pub attendance_rate: Option<f64>,
    /// How long those who came stayed on average, in seconds; `null` when nobody came.
    pub average_duration_seconds: Option<f64>,
}

impl From<MeetingRow> for ReportedMeeting {
    fn from(row: MeetingRow) -> Self {
        let (invited, attended, seconds) = (row.invited, row.attended, row.seconds);
        let figures = Figures::from(Count { invited, attended, seconds, ..Count::default() });
        Self {
            id: row.id,
            title: row.title,
            host_name: row.host_name,
            scheduled_start: row.scheduled_start,
            actual_start: row.actual_start,
            actual_end: row.actual_end,
            status: row.status,
            show_status: row.show_status,
            invited,
            attended,
            late: row.late,
            attendance_rate: figures.attendance_rate,
            average_duration_seconds: figures.average_duration_seconds,
        }
    }
}

/// An organization's meetings of a period with their figures. Needs `attendance.view`.
#[utoipa::path(get, path = "/organizations/{org}/reports/meetings", tag = "reports", operation_id = "meetings",
    params(("org" = OrganizationId, Path), PeriodQuery, PageQuery),
    responses((status = 200, body = MeetingsReport), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path(org): Path<OrganizationId>,
    Query(wanted): Query<PeriodQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<MeetingsReport>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let mut tx = app.begin(&caller).await?;
    let (period, summary, months) = figures(&mut tx, &caller, org, &wanted, app.clock.now()).await?;
    let rows = store::meetings(&mut tx, org, period, after, limit + 1).await?;
    let items = rows.into_iter().map(ReportedMeeting::from).collect();
    let place = |meeting: &ReportedMeeting| (meeting.scheduled_start, meeting.id);
    let Listing { items, next_cursor } = Listing::from_one_more(items, limit, place);
    Ok(Json(MeetingsReport { from: period.from, to: period.to, summary, months, items, next_cursor }))
}

/// The period, the figures of all its meetings, and the same by month, for whoever may see them.
pub(super) async fn figures(
    tx: &mut Tx,
    caller: &Caller,
    org: OrganizationId,
    wanted: &PeriodQuery,
    now: DateTime<Utc>,
) -> Result<(Period, Figures, Vec<MonthFigures>)> {
    orgs::api::require(tx, caller, org, Permission::AttendanceView).await?;
    let period = wanted.period(now)?;
    let zone = orgs::timezone(tx, org).await?;
    let months = store::months(tx, org, period, &zone).await?;
    let all = months.iter().map(|month| month.count).fold(Count::default(), Count::and);
    let months = months.into_iter().map(|month| MonthFigures {
        month: month.month.format("%Y-%m").to_string(),
        figures: month.count.into(),
    });
    Ok((period, all.into(), months.collect()))
}

const COLUMNS: [&str; 12] = [
    "id",
    "title",
    "host",
    "scheduled_start",
    "actual_start",
    "actual_end",
    "status",
    "show_status",
    "invited",
    "attended",
    "late",
    "average_duration_seconds",
];

/// The meetings as a table for spreadsheets, whole. It is sent as it is read; what goes wrong on the way breaks it off.
#[utoipa::path(get, path = "/organizations/{org}/reports/meetings.csv", tag = "reports", operation_id = "meetings_csv",
    params(("org" = OrganizationId, Path), PeriodQuery),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn csv(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path(org): Path<OrganizationId>,
    Query(wanted): Query<PeriodQuery>,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    orgs::api::require(&mut tx, &caller, org, Permission::AttendanceView).await?;
    drop(tx);
    let period = wanted.period(app.clock.now())?;
    let body = table::streamed(&COLUMNS, move |after| export(app.clone(), *caller, org, period, after));
    Ok(table::download(&format!("meetings-{org}"), body))
}

/// A page of the table, in a transaction of its own, so that a slow reader holds none.
async fn export(
    app: App,
    caller: Caller,
    org: OrganizationId,
    period: Period,
    after: Option<Place>,
) -> anyhow::Result<(Vec<Vec<String>>, Option<Place>)> {
    let mut tx = app.begin(&caller).await.map_err(|problem| anyhow::anyhow!(problem.detail))?;
    let rows = store::meetings(&mut tx, org, period, after, PAGE).await?;
    drop(tx);
    table::lines(rows, PAGE, |row| (row.scheduled_start, row.id), line)
}

fn line(row: MeetingRow) -> serde_json::Result<Vec<String>> {
    let row = ReportedMeeting::from(row);
    Ok(vec![
        row.id.to_string(),
        row.title,
        row.host_name.unwrap_or_default(),
        time(Some(row.scheduled_start)),
        time(row.actual_start),
        time(row.actual_end),
        word(row.status)?,
        word(row.show_status)?,
        row.invited.to_string(),
        row.attended.to_string(),
        row.late.to_string(),
        row.average_duration_seconds.map(|seconds| seconds.to_string()).unwrap_or_default(),
    ])
}
