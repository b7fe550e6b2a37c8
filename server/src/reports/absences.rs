//! Absences, late arrivals and early leavings: what fines may be asked for. Only meetings that were held and are over.

use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{ContactGroupId, MeetingId, OrganizationId, UserId},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    activity,
    api::PeriodQuery,
    groups::MemberActivity,
    rules::AbsenceKind,
    store::{self, AbsencePlace, AbsenceRow, Absences, Period},
};
use crate::{
    access::{Caller, Scoped, policy::Permission, scope},
    app::App,
    attendance::report::AttendeeUser,
    http::{Checks, Json, Listing, PageQuery, Path, Problem, Query, Result},
    orgs,
    table::{self, time, word},
};

/// Rows that the export reads at once.
const PAGE: i64 = 1000;

/// Which absences are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AbsencesQuery {
    /// At or after this scheduled start; a year before `to` when absent.
    pub from: Option<DateTime<Utc>>,
    /// Before this one; now when absent.
    pub to: Option<DateTime<Utc>>,
    /// Only members of this group of contacts.
    pub group: Option<ContactGroupId>,
    /// Only this member. Everybody may ask for themselves.
    pub user: Option<UserId>,
    /// `absent`, `late`, `left_early`, or several with commas between; all when absent.
    pub kind: Option<String>,
    /// Only what is excused, or only what is not.
    pub excused: Option<bool>,
}

impl AbsencesQuery {
    fn kinds(&self) -> Result<Vec<AbsenceKind>> {
        let Some(kinds) = &self.kind else { return Ok(AbsenceKind::ALL.to_vec()) };
        let kinds: Option<Vec<_>> = kinds.split(',').map(AbsenceKind::named).collect();
        let mut checks = Checks::default();
        checks.require(kinds.is_some(), "/kind", "INVALID", "A kind is `absent`, `late` or `left_early`.");
        checks.done()?;
        Ok(kinds.unwrap_or_default())
    }
}

/// Who was absent, late, or left early over a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct AbsencesReport {
    /// From when.
    pub from: DateTime<Utc>,
    /// Before when.
    pub to: DateTime<Utc>,
    /// The figures of each person, whatever kind is wanted, by name. On the first page only, else empty.
    pub summary: Vec<MemberActivity>,
    /// One for each person, meeting and kind, the latest meeting first: whoever came late and left early stands here twice.
    pub items: Vec<Absence>,
    /// What to pass as `cursor` for the next page; `null` at the end.
    pub next_cursor: Option<String>,
}

/// Somebody who was not there, not from the beginning, or not until the end.
#[derive(Debug, Serialize, ToSchema)]
pub struct Absence {
    /// Who.
    pub user: AttendeeUser,
    /// At which meeting.
    pub meeting: AbsenceMeeting,
    /// What it was.
    pub kind: AbsenceKind,
    /// Whole minutes from the scheduled start until they came; `null` unless late.
    pub minutes_late: Option<i64>,
    /// Whole minutes from when they left until the end, the scheduled one if others went on; `null` unless they left early.
    pub minutes_early: Option<i64>,
    /// Whether they were excused.
    pub is_excused: bool,
    /// Why.
    pub excuse_reason: Option<String>,
}

/// A meeting that was held.
#[derive(Debug, Serialize, ToSchema)]
pub struct AbsenceMeeting {
    /// Its id.
    pub id: MeetingId,
    /// Its title.
    pub title: String,
    /// Scheduled start.
    pub scheduled_start: DateTime<Utc>,
}

impl From<AbsenceRow> for Absence {
    fn from(row: AbsenceRow) -> Self {
        let of = |kind: AbsenceKind, minutes: Option<i64>| minutes.filter(|_| row.kind == kind);
        Self {
            minutes_late: of(
                AbsenceKind::Late,
                row.first_joined_at.map(|at| (at - row.scheduled_start).num_minutes()),
            ),
            minutes_early: of(
                AbsenceKind::LeftEarly,
                row.last_left_at.zip(row.ends_at).map(|(at, end)| (end - at).num_minutes()),
            ),
            user: AttendeeUser { id: row.user_id, name: row.name },
            meeting: AbsenceMeeting {
                id: row.meeting_id,
                title: row.title,
                scheduled_start: row.scheduled_start,
            },
            kind: row.kind,
            is_excused: row.excuse_reason.is_some(),
            excuse_reason: row.excuse_reason,
        }
    }
}

/// Who was absent, late, or left early over a period. Needs `attendance.view`, but for oneself.
#[utoipa::path(get, path = "/organizations/{org}/reports/absences", tag = "reports", operation_id = "absences",
    params(("org" = OrganizationId, Path), AbsencesQuery, PageQuery),
    responses((status = 200, body = AbsencesReport), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path(org): Path<OrganizationId>,
    Query(wanted): Query<AbsencesQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<AbsencesReport>> {
    let (limit, after) = (page.limit()?, page.after::<AbsencePlace>()?);
    let mut tx = app.begin(&caller).await?;
    let filter = filter(&mut tx, &caller, org, &wanted, app.clock.now()).await?;
    let summary = match after {
        Some(_) => Vec::new(),
        None => activity::sums(&mut tx, org, filter.period, filter.people.as_deref()).await?,
    };
    let rows = store::absences(&mut tx, org, &filter, after, limit + 1).await?;
    let Listing { items, next_cursor } = Listing::from_one_more(rows, limit, AbsenceRow::place);
    let Period { from, to } = filter.period;
    let summary = summary.into_iter().map(MemberActivity::from).collect();
    let items = items.into_iter().map(Absence::from).collect();
    Ok(Json(AbsencesReport { from, to, summary, items, next_cursor }))
}

const COLUMNS: [&str; 10] = [
    "user_id",
    "name",
    "meeting_id",
    "title",
    "scheduled_start",
    "kind",
    "minutes_late",
    "minutes_early",
    "is_excused",
    "excuse_reason",
];

/// The same as a table for spreadsheets, whole. It is sent as it is read; what goes wrong on the way breaks it off.
#[utoipa::path(get, path = "/organizations/{org}/reports/absences.csv", tag = "reports", operation_id = "absences_csv",
    params(("org" = OrganizationId, Path), AbsencesQuery),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn csv(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path(org): Path<OrganizationId>,
    Query(wanted): Query<AbsencesQuery>,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    let filter = filter(&mut tx, &caller, org, &wanted, app.clock.now()).await?;
    drop(tx);
    let body =
        table::streamed(&COLUMNS, move |after| export(app.clone(), *caller, org, filter.clone(), after));
    Ok(table::download(&format!("absences-{org}"), body))
}

/// A page of the table, in a transaction of its own, so that a slow reader holds none.
async fn export(
    app: App,
    caller: Caller,
    org: OrganizationId,
    filter: Absences,
    after: Option<AbsencePlace>,
) -> anyhow::Result<(Vec<Vec<String>>, Option<AbsencePlace>)> {
    let mut tx = app.begin(&caller).await.map_err(|problem| anyhow::anyhow!(problem.detail))?;
    let rows = store::absences(&mut tx, org, &filter, after, PAGE).await?;
    drop(tx);
    table::lines(rows, PAGE, AbsenceRow::place, line)
}

fn line(row: AbsenceRow) -> serde_json::Result<Vec<String>> {
    let row = Absence::from(row);
    let minutes = |minutes: Option<i64>| minutes.map(|minutes| minutes.to_string()).unwrap_or_default();
    Ok(vec![
        row.user.id.to_string(),
        row.user.name,
        row.meeting.id.to_string(),
        row.meeting.title,
        time(Some(row.meeting.scheduled_start)),
        word(row.kind)?,
        minutes(row.minutes_late),
        minutes(row.minutes_early),
        row.is_excused.to_string(),
        row.excuse_reason.unwrap_or_default(),
    ])
}

/// What is wanted, for whoever may see it.
async fn filter(
    tx: &mut Tx,
    caller: &Caller,
    org: OrganizationId,
    wanted: &AbsencesQuery,
    now: DateTime<Utc>,
) -> Result<Absences> {
    let member = orgs::api::member_of(tx, caller, org).await?;
    if wanted.user != Some(caller.user_id) && !member.may(Permission::AttendanceView) {
        return Err(Problem::forbidden("Only officers see the attendance of others."));
    }
    let kinds = wanted.kinds()?;
    let period = PeriodQuery { from: wanted.from, to: wanted.to }.period(now)?;
    let mut people: Option<Vec<UserId>> = wanted.user.map(|user| vec![user]);
    if let Some(group) = wanted.group {
        store::group_name(tx, org, group).await?.ok_or_else(|| Problem::not_found("group"))?;
        let users =
            store::group_people(tx, group).await?.into_iter().filter_map(|person| Some(person.user?.0));
        people = Some(users.filter(|user| wanted.user.is_none_or(|wanted| wanted == *user)).collect());
    }
    Ok(Absences { period, people, kinds, excused: wanted.excused })
}
