//! Many members at once, from a table.

use axum::extract::State;
use chrono::Duration;
use kernel::{
    db::Tx,
    ids::{InvitationId, OrganizationId, UserId},
};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use super::{
    api::{INVITATION_DAYS, require},
    invitations,
    rules::{self, Plan, Wish},
    store, store_people,
};
use crate::{
    access::{
        caller::Caller,
        policy::{Membership, OrgRole, Permission},
        tokens::random_secret,
    },
    app::App,
    http::{Json, Path, Problem, Query, Result, upload::Upload},
    notifications::mail::{self, Mail, Template},
    table::{ImportLine, ImportReport, ImportStatus, Row, Table},
};

/// Largest file that is taken, in bytes.
pub const LARGEST: usize = 4 * 1024 * 1024;
/// What a table may call itself.
pub const KINDS: [&str; 4] = ["text/csv", "text/plain", "application/csv", "application/vnd.ms-excel"];

/// How to import.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// With `true` nothing is changed, and the report says what would be.
    #[serde(default)]
    pub dry_run: bool,
}

/// A membership that is to be made.
pub(super) struct NewMembership {
    pub user: UserId,
    pub email: String,
    pub name: String,
    pub role: OrgRole,
    pub invitation: InvitationId,
    pub token: String,
    pub language: String,
}

/// Invites many people: a CSV table with the columns `email`, `name` and `role` (`member` when empty). Members get the
/// role that the table gives them, everybody else is invited. A line that cannot be taken is reported and stops no other;
/// the same table a second time changes nothing. Needs `members.invite`,
/// and `members.manage` to change roles; only admins make somebody an admin.
#[utoipa::path(post, path = "/organizations/{org}/members/import", tag = "organizations",
    params(("org" = OrganizationId, Path), ImportQuery), request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = ImportReport), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem)))]
pub async fn import(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Query(query): Query<ImportQuery>,
    file: Upload<LARGEST>,
) -> Result<Json<ImportReport>> {
    let mut tx = app.begin(&caller).await?;
    let importer = require(&mut tx, &caller, org, Permission::MembersInvite).await?;
    drop(tx);
    file.require_kind(&KINDS, "A table is CSV, as text/csv.")?;
    let (wishes, mut items) = read(&file.bytes)?;
    // Accounts may belong to people whom the caller does not know, so the system looks for them.
    let mut tx = app.begin_system().await?;
    items.extend(apply(&app, &mut tx, &caller, org, importer, wishes).await?);
    if !query.dry_run {
        tx.commit().await?;
    }
    Ok(Json(ImportReport::new(items, query.dry_run)))
}

/// What the table wishes, and the lines that cannot be read.
fn read(file: &[u8]) -> Result<(Vec<Wish>, Vec<ImportLine>)> {
    let table = Table::read(file)?;
    let email = table.column(&["email", "e-mail", "mail"]);
    let (name, role) = (table.column(&["name"]), table.column(&["role"]));
    if email.is_none() || name.is_none() {
        let detail = "The first line must name the columns: email, name, role.";
        return Err(Problem::invalid_field("", "MISSING_COLUMN", detail));
    }
    let (mut wishes, mut failed) = (Vec::new(), Vec::new());
    let mut seen = rules::Seen::default();
    for row in &table.rows {
        match wish(row, row.get(email), row.get(name), row.get(role)).and_then(|wish| seen.first(wish)) {
            Ok(wish) => wishes.push(wish),
            Err(line) => failed.push(line),
        }
    }
    Ok((wishes, failed))
}

fn wish(row: &Row, email: &str, name: &str, role: &str) -> std::result::Result<Wish, ImportLine> {
    if row.cells.is_none() {
        let detail = "This line contains a character that cannot be read. Please save the table as UTF-8.";
        return Err(ImportLine::failed(row.line, "", "ENCODING", detail));
    }
    rules::wish(row.line, email, name, role)
}

/// Decides line by line, then writes all at once.
async fn apply(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    org: OrganizationId,
    importer: Membership,
    wishes: Vec<Wish>,
) -> Result<Vec<ImportLine>> {
    let now = app.clock.now();
    let emails: Vec<String> = wishes.iter().map(|wish| wish.email.clone()).collect();
    let known = store_people::known(tx, org, &emails).await?;
    let mut admins = store::admins(tx, org).await?;
    let (mut lines, mut new, mut changes) = (Vec::new(), Vec::new(), Vec::new());
    for (wish, known) in wishes.into_iter().zip(known) {
        let plan = rules::plan(&wish, known.as_ref(), &mut admins);
        let status = match rules::permitted(plan, &wish, known.as_ref(), importer) {
            Plan::Fail(code, detail) => {
                lines.push(ImportLine::failed(wish.line, &wish.email, code, detail));
                continue;
            }
            Plan::Keep => ImportStatus::Unchanged,
            Plan::ChangeRole(user) => {
                changes.push((user, wish.role));
                ImportStatus::Updated
            }
            Plan::Invite => ImportStatus::Invited,
        };
        lines.push(ImportLine::new(wish.line, &wish.email, status));
        if status == ImportStatus::Invited {
            new.push(NewMembership {
                user: known.as_ref().map_or_else(|| UserId::new(now), |known| known.id),
                email: wish.email,
                name: wish.name,
                role: wish.role,
                invitation: InvitationId::new(now),
                token: random_secret(),
                language: known.map_or_else(|| "en".to_owned(), |known| known.language),
            });
        }
    }
    if !new.is_empty() {
        let expires_at = now + Duration::days(INVITATION_DAYS);
        store_people::invite_many(tx, org, &new, expires_at, caller.user_id).await?;
        let organization =
            store::find(tx, org).await?.ok_or_else(|| Problem::not_found("organization"))?.name;
        let mails = new.into_iter().map(|new| {
            let url = invitations::link(app, &new.token);
            let data = json!({"organization": organization, "url": url, "days": INVITATION_DAYS});
            Mail::new(new.email, Template::Invitation, new.language, data)
        });
        mail::enqueue_many(tx, mails.collect()).await?;
    }
    if !changes.is_empty() {
        store_people::change_roles(tx, org, &changes, caller.user_id).await?;
    }
    Ok(lines)
}
