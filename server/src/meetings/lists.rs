//! Lists of meetings.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{OrganizationId, UserId},
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::{
    api::{Included, MeetingOut, include},
    model::{MeetingStatus, MeetingType},
    store::{self, Filter, Order},
};
use crate::{
    access::{Caller, Scoped, policy::Permission, scope},
    app::App,
    http::{Checks, Json, Listing, PageQuery, Path, Problem, Query, Result},
    orgs,
};

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
    /// Words to look for in title, description, agenda and the host's name. Beginnings and parts of words fit; so do
    /// words that are much like one that nobody wrote. Accents and case don't matter.
    pub q: Option<String>,
    /// Who holds it.
    pub host: Option<UserId>,
    /// Its media.
    #[param(inline)]
    pub meeting_type: Option<MeetingType>,
    /// Kind of the related object.
    pub related_type: Option<String>,
    /// Id of the related object.
    pub related_id: Option<String>,
    /// Custom fields with the values that they have to have, as a JSON object.
    pub custom_fields: Option<String>,
    /// `scheduled_start`, `created_at`, either with `-` before it for the last first, or `rank`: by how well the words
    /// fit. When absent `rank` for a search and `scheduled_start` else.
    pub order: Option<String>,
    /// What to put inside each meeting.
    #[param(inline)]
    pub include: Option<Included>,
    /// Items at most, 1 to 200; 50 when absent.
    pub limit: Option<i64>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

impl ListQuery {
    fn filter(&self, organization: Option<OrganizationId>) -> Result<Filter> {
        let mut checks = Checks::default();
        let words = self.q.as_deref().map(str::trim).filter(|words| !words.is_empty());
        let statuses = self.statuses();
        checks.require(statuses.is_some(), "/status", "INVALID", "There is no such status.");
        let order = match self.order.as_deref() {
            None if words.is_some() => Some(Order::Rank),
            Some("rank") => words.map(|_| Order::Rank),
            None | Some("scheduled_start") => Some(Order::Start { descending: false }),
            Some("-scheduled_start") => Some(Order::Start { descending: true }),
            Some("created_at") => Some(Order::Creation { descending: false }),
            Some("-created_at") => Some(Order::Creation { descending: true }),
            Some(_) => None,
        };
        let detail =
            "The order is scheduled_start, created_at, either with - before it, or rank with a search.";
        checks.require(order.is_some(), "/order", "INVALID", detail);
        let custom_fields = self.custom_fields.as_deref().map(serde_json::from_str::<Value>);
        let fits = custom_fields.as_ref().is_none_or(|it| it.as_ref().is_ok_and(Value::is_object));
        checks.require(fits, "/custom_fields", "INVALID", "These are no fields with their values.");
        for (text, pointer) in [
            (&self.q, "/q"),
            (&self.related_type, "/related_type"),
            (&self.related_id, "/related_id"),
            (&self.custom_fields, "/custom_fields"),
        ] {
            checks.text(text.as_deref().unwrap_or_default(), pointer, 0..=255);
        }
        let nul = self.custom_fields.as_deref().is_some_and(|text| text.contains("\\u0000"));
        checks.require(!nul, "/custom_fields", "INVALID", "This contains a character that cannot be stored.");
        checks.done()?;
        Ok(Filter {
            organization,
            only_mine: organization.is_none(),
            statuses: statuses.unwrap_or_default(),
            from: self.from,
            to: self.to,
            host: self.host,
            meeting_type: self.meeting_type,
            related_type: self.related_type.clone(),
            related_id: self.related_id.clone(),
            custom_fields: custom_fields.and_then(std::result::Result::ok),
            words: words.map(ToOwned::to_owned),
            order: order.unwrap_or(Order::Start { descending: false }),
        })
    }

    /// Each status that is wanted, once; all of them when none is named, `None` when one does not exist.
    fn statuses(&self) -> Option<Vec<MeetingStatus>> {
        let Some(list) = self.status.as_deref() else { return Some(MeetingStatus::ALL.to_vec()) };
        let mut wanted = Vec::new();
        for name in list.split(',') {
            let status = serde_json::from_value(Value::String(name.trim().to_lowercase())).ok()?;
            if !wanted.contains(&status) {
                wanted.push(status);
            }
        }
        Some(wanted)
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
    caller: Scoped<scope::MeetingsRead>,
    Path(org): Path<OrganizationId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Listing<MeetingOut>>> {
    let mut tx = app.begin(&caller).await?;
    let member = orgs::api::member_of(&mut tx, &caller, org).await?;
    let only_mine = !member.may(Permission::MeetingsSeeAll);
    let filter = Filter { only_mine, ..query.filter(Some(org))? };
    page_of(&app, &mut tx, &caller, &filter, &query).await
}

/// The meetings that the caller hosts or takes part in, over all organizations.
#[utoipa::path(get, path = "/meetings", tag = "meetings", params(ListQuery),
    responses((status = 200, body = Listing<MeetingOut>), (status = 422, body = Problem)))]
pub async fn list_mine(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Listing<MeetingOut>>> {
    let filter = query.filter(None)?;
    let mut tx = app.begin(&caller).await?;
    page_of(&app, &mut tx, &caller, &filter, &query).await
}

async fn page_of(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    filter: &Filter,
    query: &ListQuery,
) -> Result<Json<Listing<MeetingOut>>> {
    let page = query.page();
    let limit = page.limit()?;
    let one_more = i32::try_from(limit + 1).map_err(Problem::internal)?;
    let rows = store::list(tx, caller.user_id, filter, page.after()?, one_more).await?;
    let Listing { items, next_cursor } =
        Listing::from_one_more(rows, limit, |row| (row.rank, row.scheduled_start, row.id));
    let mut items: Vec<_> = items.into_iter().map(|row| MeetingOut::of(app, caller, row)).collect();
    include(tx, query.include, &mut items).await?;
    Ok(Json(Listing { items, next_cursor }))
}
