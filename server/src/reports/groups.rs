//! The report of a group of contacts: how its members attended. A contact is the member who has its e-mail address.

use std::collections::HashMap;

use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{ContactGroupId, ContactId, OrganizationId, UserId},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    activity::{self, Sums, rules::ActivityFigures},
    api::PeriodQuery,
    store::{self, Period},
};
use crate::{
    access::{Caller, Scoped, policy::Permission, scope},
    app::App,
    attendance::report::AttendeeUser,
    http::{Json, Listing, PageQuery, Path, Problem, Query, Result},
    orgs,
    table::{self, Writer},
};

/// Most contacts without an account that a report names.
const MOST_NAMED: usize = 200;

/// How the members of a group attended over a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupReport {
    /// The group.
    pub group: ReportedGroup,
    /// From when.
    pub from: DateTime<Utc>,
    /// Before when.
    pub to: DateTime<Utc>,
    /// Meetings that were held and are over, to which any of them was invited.
    pub meetings: i64,
    /// The figures of all of them.
    pub summary: ActivityFigures,
    /// The members of the group, by name.
    pub items: Vec<MemberActivity>,
    /// What to pass as `cursor` for the next page; `null` at the end.
    pub next_cursor: Option<String>,
    /// How many of the group have no account in the organization, and so no attendance.
    pub without_account: usize,
    /// The first 200 of them, by name.
    pub contacts_without_account: Vec<GroupContact>,
}

/// A group of contacts.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportedGroup {
    /// Its id.
    pub id: ContactGroupId,
    /// Its name.
    pub name: String,
}

/// A member and their figures.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MemberActivity {
    /// The member.
    pub user: AttendeeUser,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "its fields are documented")]
    pub figures: ActivityFigures,
}

impl From<activity::Member> for MemberActivity {
    fn from(member: activity::Member) -> Self {
        Self { user: AttendeeUser { id: member.id, name: member.name }, figures: member.sums.into() }
    }
}

/// A contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupContact {
    /// Its id.
    pub id: ContactId,
    /// Its name.
    pub name: String,
}

/// How the members of a group of contacts attended over a period. Needs `attendance.view`.
#[utoipa::path(get, path = "/organizations/{org}/reports/groups/{group}", tag = "reports", operation_id = "group",
    params(("org" = OrganizationId, Path), ("group" = ContactGroupId, Path), PeriodQuery, PageQuery),
    responses((status = 200, body = GroupReport), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path((org, group)): Path<(OrganizationId, ContactGroupId)>,
    Query(wanted): Query<PeriodQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<GroupReport>> {
    let (limit, after) = (page.limit()?, page.after::<(String, UserId)>()?);
    let mut tx = app.begin(&caller).await?;
    let (period, found) = load(&mut tx, &caller, (org, group), &wanted, app.clock.now()).await?;
    let users: Vec<UserId> = found.members.iter().map(|member| member.id).collect();
    let meetings = store::meetings_of(&mut tx, org, period, &users).await?;
    let summary = found.members.iter().map(|member| member.sums).fold(Sums::default(), Sums::and).into();
    let place = |member: &MemberActivity| (member.user.name.clone(), member.user.id);
    let mut items: Vec<MemberActivity> = found.members.into_iter().map(MemberActivity::from).collect();
    items.retain(|member| after.as_ref().is_none_or(|after| place(member) > *after));
    let Listing { items, next_cursor } = Listing::from_one_more(items, limit, place);
    let without_account = found.others.len();
    let contacts_without_account = found.others.into_iter().take(MOST_NAMED).collect();
    let group = ReportedGroup { id: group, name: found.name };
    let (from, to) = (period.from, period.to);
    let report = GroupReport {
        group,
        from,
        to,
        meetings,
        summary,
        items,
        next_cursor,
        without_account,
        contacts_without_account,
    };
    Ok(Json(report))
}

const COLUMNS: [&str; 12] = [
    "id",
    "name",
    "invited",
    "attended",
    "absent",
    "excused",
    "late",
    "late_excused",
    "left_early",
    "attendance_rate",
    "punctuality_rate",
    "duration_seconds",
];

/// The members of a group and their figures as a table for spreadsheets.
#[utoipa::path(get, path = "/organizations/{org}/reports/groups/{group}/members.csv", tag = "reports", operation_id = "group_csv",
    params(("org" = OrganizationId, Path), ("group" = ContactGroupId, Path), PeriodQuery),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn csv(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path((org, group)): Path<(OrganizationId, ContactGroupId)>,
    Query(wanted): Query<PeriodQuery>,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    let (_, found) = load(&mut tx, &caller, (org, group), &wanted, app.clock.now()).await?;
    let table = table(found.members).map_err(Problem::internal)?;
    Ok(table::download(&format!("group-{group}"), table))
}

fn table(members: Vec<activity::Member>) -> anyhow::Result<Vec<u8>> {
    let mut table = Writer::new(&COLUMNS)?;
    let rate = |rate: Option<f64>| rate.map(|rate| rate.to_string()).unwrap_or_default();
    for MemberActivity { user, figures } in members.into_iter().map(MemberActivity::from) {
        let line = [
            user.id.to_string(),
            user.name,
            figures.invited.to_string(),
            figures.attended.to_string(),
            figures.absent.to_string(),
            figures.excused.to_string(),
            figures.late.to_string(),
            figures.late_excused.to_string(),
            figures.left_early.to_string(),
            rate(figures.attendance_rate),
            rate(figures.punctuality_rate),
            format!("{:.3}", figures.duration_seconds),
        ];
        table.line(line.iter().map(String::as_str))?;
    }
    table.finish()
}

/// Who is in a group.
struct Found {
    name: String,
    /// Its members, by name; those without a meeting too.
    members: Vec<activity::Member>,
    /// Those who have no account, by name.
    others: Vec<GroupContact>,
}

/// The group and what its members did, for whoever may see it.
async fn load(
    tx: &mut Tx,
    caller: &Caller,
    (org, group): (OrganizationId, ContactGroupId),
    wanted: &PeriodQuery,
    now: DateTime<Utc>,
) -> Result<(Period, Found)> {
    orgs::api::require(tx, caller, org, Permission::AttendanceView).await?;
    let period = wanted.period(now)?;
    let name = store::group_name(tx, org, group).await?.ok_or_else(|| Problem::not_found("group"))?;
    let (mut members, mut others): (Vec<activity::Member>, _) = (Vec::new(), Vec::new());
    for person in store::group_people(tx, group).await? {
        match person.user {
            Some((id, name)) => members.push(activity::Member { id, name, sums: Sums::default() }),
            None => others.push(GroupContact { id: person.contact, name: person.name }),
        }
    }
    members.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    let users: Vec<UserId> = members.iter().map(|member| member.id).collect();
    let found = activity::sums(tx, org, period, Some(&users)).await?;
    let did: HashMap<UserId, Sums> = found.into_iter().map(|member| (member.id, member.sums)).collect();
    for member in &mut members {
        member.sums = did.get(&member.id).copied().unwrap_or_default();
    }
    Ok((period, Found { name, members, others }))
}
