//! Endpoints of engagement: the list for officers, and each member's own with its parts explained.

use std::cmp::Ordering;

use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{OrganizationId, UserId},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::rules::{self, EngagementScore};
use crate::{
    access::{Scoped, policy::Permission, scope},
    app::App,
    attendance::report::AttendeeUser,
    http::{Json, Listing, PageQuery, Path, Problem, Query, Result},
    orgs,
    reports::{activity, api::PeriodQuery, member, store::Period},
    settings::{self, model::EngagementWeights},
    table::{self, Writer},
};

/// By what the list is ordered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EngagementOrder {
    /// The most points first; who has none stands last.
    #[default]
    Score,
    /// The best reputation first.
    Reputation,
    /// The most engaged first.
    Engagement,
    /// By name.
    Name,
}

/// `?order=` of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OrderQuery {
    /// By what; by points when absent.
    pub order: Option<EngagementOrder>,
}

/// What members came to over a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct EngagementReport {
    /// From when.
    pub from: DateTime<Utc>,
    /// Before when.
    pub to: DateTime<Utc>,
    /// How much the organization makes of each part.
    pub weights: EngagementWeights,
    /// Everybody who was invited to a meeting that was held and is over.
    pub items: Vec<MemberEngagement>,
    /// What to pass as `cursor` for the next page; `null` at the end.
    pub next_cursor: Option<String>,
}

/// What a member came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberEngagement {
    /// The member.
    pub user: AttendeeUser,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "its fields are documented")]
    pub score: EngagementScore,
}

/// What one member came to over a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberEngagementReport {
    /// From when.
    pub from: DateTime<Utc>,
    /// Before when.
    pub to: DateTime<Utc>,
    #[serde(flatten)]
    #[expect(missing_docs, reason = "its fields are documented")]
    pub member: MemberEngagement,
}

/// The place of a member in the list: points with their sign turned, name, id.
type Place = (Option<f64>, String, UserId);

fn place(order: EngagementOrder, member: &MemberEngagement) -> Place {
    let points = match order {
        EngagementOrder::Score => member.score.score,
        EngagementOrder::Reputation => member.score.reputation,
        EngagementOrder::Engagement => member.score.engagement,
        EngagementOrder::Name => None,
    };
    (points, member.user.name.clone(), member.user.id)
}

/// The most points first, then by name.
fn compare(a: &Place, b: &Place) -> Ordering {
    let points = |place: &Place| place.0.unwrap_or(f64::NEG_INFINITY);
    points(b).total_cmp(&points(a)).then_with(|| (&a.1, a.2).cmp(&(&b.1, b.2)))
}

/// What members came to over a period: reputation and engagement. Needs `attendance.view`; 409 `ENGAGEMENT_OFF` where the
/// organization has switched it off.
#[utoipa::path(get, path = "/organizations/{org}/reports/engagement", tag = "reports", operation_id = "engagement",
    params(("org" = OrganizationId, Path), PeriodQuery, OrderQuery, PageQuery),
    responses((status = 200, body = EngagementReport), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path(org): Path<OrganizationId>,
    Query(wanted): Query<PeriodQuery>,
    Query(OrderQuery { order }): Query<OrderQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Json<EngagementReport>> {
    let (limit, after) = (page.limit()?, page.after::<Place>()?);
    let order = order.unwrap_or_default();
    let mut tx = app.begin(&caller).await?;
    orgs::api::require(&mut tx, &caller, org, Permission::AttendanceView).await?;
    let period = wanted.period(app.clock.now())?;
    let (weights, mut items) = load(&app, &mut tx, org, period, None).await?;
    // All members are as many as can be read at once; who is first is known when all are.
    items.retain(|member| after.as_ref().is_none_or(|after| compare(&place(order, member), after).is_gt()));
    items.sort_by(|a, b| compare(&place(order, a), &place(order, b)));
    let Listing { items, next_cursor } = Listing::from_one_more(items, limit, |member| place(order, member));
    Ok(Json(EngagementReport { from: period.from, to: period.to, weights, items, next_cursor }))
}

/// What a member came to over a period, part by part. Everybody sees their own; that of others needs `attendance.view`.
#[utoipa::path(get, path = "/organizations/{org}/reports/engagement/{user}", tag = "reports", operation_id = "member_engagement",
    params(("org" = OrganizationId, Path), ("user" = UserId, Path), PeriodQuery),
    responses((status = 200, body = MemberEngagementReport), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path((org, user)): Path<(OrganizationId, UserId)>,
    Query(wanted): Query<PeriodQuery>,
) -> Result<Json<MemberEngagementReport>> {
    let mut tx = app.begin(&caller).await?;
    let (name, period) = member::find(&mut tx, &caller, (org, user), &wanted, app.clock.now()).await?;
    let (weights, found) = load(&app, &mut tx, org, period, Some(&[user])).await?;
    let member = found.into_iter().next().unwrap_or_else(|| MemberEngagement {
        user: AttendeeUser { id: user, name },
        score: rules::score(&activity::Sums::default(), weights),
    });
    Ok(Json(MemberEngagementReport { from: period.from, to: period.to, member }))
}

const COLUMNS: [&str; 11] = [
    "id",
    "name",
    "score",
    "reputation",
    "engagement",
    "attendance",
    "punctuality",
    "presence",
    "messages",
    "hands",
    "speaking",
];

/// The list as a table for spreadsheets: the points of each part.
#[utoipa::path(get, path = "/organizations/{org}/reports/engagement.csv", tag = "reports", operation_id = "engagement_csv",
    params(("org" = OrganizationId, Path), PeriodQuery),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn csv(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path(org): Path<OrganizationId>,
    Query(wanted): Query<PeriodQuery>,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    orgs::api::require(&mut tx, &caller, org, Permission::AttendanceView).await?;
    let period = wanted.period(app.clock.now())?;
    let (_, items) = load(&app, &mut tx, org, period, None).await?;
    let table = table(&items).map_err(Problem::internal)?;
    Ok(table::download(&format!("engagement-{org}"), table))
}

fn table(items: &[MemberEngagement]) -> anyhow::Result<Vec<u8>> {
    let mut table = Writer::new(&COLUMNS)?;
    for MemberEngagement { user, score } in items {
        let points = [score.score, score.reputation, score.engagement].into_iter();
        let points = points.chain(score.parts.iter().map(|part| part.points));
        let points = points.map(|points| points.map(|points| points.to_string()).unwrap_or_default());
        let line: Vec<String> = [user.id.to_string(), user.name.clone()].into_iter().chain(points).collect();
        table.line(line.iter().map(String::as_str))?;
    }
    table.finish()
}

/// The weights, and what people came to, by name.
async fn load(
    app: &App,
    tx: &mut Tx,
    org: OrganizationId,
    period: Period,
    people: Option<&[UserId]>,
) -> Result<(EngagementWeights, Vec<MemberEngagement>)> {
    let settings = settings::of(app, tx, org).await?;
    if !rules::is_on(&settings) {
        return Err(Problem::conflict("ENGAGEMENT_OFF", "This organization does not measure engagement."));
    }
    let weights = settings.engagement_weights;
    let found = activity::sums(tx, org, period, people).await?;
    let items = found.into_iter().map(|member| MemberEngagement {
        user: AttendeeUser { id: member.id, name: member.name },
        score: rules::score(&member.sums, weights),
    });
    Ok((weights, items.collect()))
}
