//! Endpoints of organizations and members.

use axum::{extract::State, http::StatusCode, response::Response};
use chrono::Duration;
use kernel::{
    db::Tx,
    ids::{InvitationId, OrganizationId, UserId},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    invitations, rules,
    store::{self, Member, MemberStatus, MemberUser, Organization},
    suspension::suspended,
};
use crate::{
    access::{
        Caller, Scoped,
        policy::{Field, Membership, OrgRole, Permission},
        scope,
        tokens::{hash_secret, random_secret},
    },
    accounts,
    app::App,
    http::{
        Checks, Conditions, Json, Listing, PageQuery, Path, Problem, Query, Result, Tagged, error::FieldError,
    },
    jobs,
    notifications::mail::{self, Template},
    reactions,
};

/// Days that an invitation waits.
pub(super) const INVITATION_DAYS: i64 = 14;

/// A new organization.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewOrganization {
    /// Its name, 1 to 200 characters.
    pub name: String,
    /// Its short name; made of the name when absent.
    #[serde(default)]
    pub slug: Option<String>,
}

/// Makes an organization; its maker becomes its admin.
#[utoipa::path(post, path = "/organizations", tag = "organizations", request_body = NewOrganization,
    responses((status = 201, body = Organization), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<NewOrganization>,
) -> Result<(StatusCode, Json<Organization>)> {
    check_names(Some(&body.name), body.slug.as_deref(), None)?;
    let mut tx = app.begin_system().await?;
    let id = OrganizationId::new(app.clock.now());
    let made = store::create(&mut tx, id, body.name.trim(), body.slug.as_deref(), caller.user_id).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// One organization.
#[utoipa::path(get, path = "/organizations/{org}", tag = "organizations", params(("org" = OrganizationId, Path)),
    responses((status = 200, body = Organization), (status = 304), (status = 404, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    conditions: Conditions,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    member_of(&mut tx, &caller, org).await?;
    conditions.answer(&store::find(&mut tx, org).await?.ok_or_else(|| Problem::not_found("organization"))?)
}

/// What changes an organization; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct OrganizationChange {
    /// Its name, 1 to 200 characters.
    #[serde(default)]
    pub name: Option<String>,
    /// Its short name.
    #[serde(default)]
    pub slug: Option<String>,
    /// Its IANA time zone.
    #[serde(default)]
    pub timezone: Option<String>,
}

/// Changes an organization. Needs `settings.manage`.
#[utoipa::path(patch, path = "/organizations/{org}", tag = "organizations", params(("org" = OrganizationId, Path)),
    request_body = OrganizationChange,
    responses((status = 200, body = Organization), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    conditions: Conditions,
    Json(body): Json<OrganizationChange>,
) -> Result<Tagged<Organization>> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, org, Permission::SettingsManage).await?;
    let stored = store::lock(&mut tx, org).await?.ok_or_else(|| Problem::not_found("organization"))?;
    conditions.unchanged(&stored)?;
    check_names(body.name.as_deref(), body.slug.as_deref(), body.timezone.as_deref())?;
    let name = body.name.as_deref().map(str::trim);
    let by = caller.user_id;
    let changed =
        store::update(&mut tx, org, name, body.slug.as_deref(), body.timezone.as_deref(), by).await?;
    tx.commit().await?;
    Ok(Tagged(changed))
}

/// Members by name. Needs `members.view`.
#[utoipa::path(get, path = "/organizations/{org}/members", tag = "organizations",
    params(("org" = OrganizationId, Path), PageQuery),
    responses((status = 200, body = Listing<Member>), (status = 404, body = Problem)))]
pub async fn members(
    State(app): State<App>,
    caller: Scoped<scope::MembersRead>,
    Path(org): Path<OrganizationId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<Member>>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let mut tx = app.begin(&caller).await?;
    let viewer = require(&mut tx, &caller, org, Permission::MembersView).await?;
    let found = store::members(&mut tx, org, after, limit + 1).await?;
    let found = found.into_iter().map(|member| member.seen_by(viewer)).collect();
    Ok(Json(Listing::from_one_more(found, limit, |member| (member.user.name.clone(), member.user.id))))
}

/// A new member.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewMember {
    /// E-mail address; an account that has it already is used.
    pub email: String,
    /// Name, 1 to 200 characters.
    pub name: String,
    /// Role in the organization.
    pub role: OrgRole,
    /// With a password the account works at once; without one, an invitation waits to be accepted. The password of
    /// an account that exists already is never changed.
    #[serde(default)]
    pub password: Option<String>,
}

/// A member that was added.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddedMember {
    /// The person.
    pub user: MemberUser,
    /// Their role.
    pub role: OrgRole,
    /// Where the person accepts the invitation, when one was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invitation_url: Option<String>,
}

/// Adds a member. Needs `members.invite`; only admins add admins.
#[utoipa::path(post, path = "/organizations/{org}/members", tag = "organizations", params(("org" = OrganizationId, Path)),
    request_body = NewMember,
    responses((status = 201, body = AddedMember), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn add_member(
    State(app): State<App>,
    caller: Scoped<scope::MembersWrite>,
    Path(org): Path<OrganizationId>,
    Json(body): Json<NewMember>,
) -> Result<(StatusCode, Json<AddedMember>)> {
    let mut tx = app.begin(&caller).await?;
    let member = require(&mut tx, &caller, org, Permission::MembersInvite).await?;
    if !member.may_assign(Permission::MembersInvite, &[body.role]) {
        return Err(only_admins());
    }
    drop(tx);
    let mut checks = Checks::default();
    accounts::api::check_email(&mut checks, &body.email);
    checks.text(&body.name, "/name", 1..=200);
    if let Some(password) = &body.password {
        accounts::check_password(&mut checks, password, &[&body.email, &body.name]);
    }
    checks.done()?;
    keys_leave_admins_alone(&caller, &[Some(body.role)])?;
    let now = app.clock.now();
    let by = caller.user_id;
    let hash = match body.password {
        Some(password) => Some(accounts::hash_password(&app, password).await?),
        None => None,
    };
    // The account may belong to people whom the caller does not know, so the system looks for it.
    let mut tx = app.begin_system().await?;
    let known = accounts::find_by_email(&mut tx, body.email.trim()).await?;
    let user = known.unwrap_or_else(|| UserId::new(now));
    if known.is_none() {
        let name = body.name.trim();
        accounts::create_person(&mut tx, user, body.email.trim(), name, hash.as_deref(), Some(by)).await?;
    }
    if !store::add_member(&mut tx, org, user, body.role, hash.is_some(), Some(by)).await? {
        return Err(Problem::conflict("ALREADY_MEMBER", "This person is a member already."));
    }
    let mut invitation_url = None;
    if hash.is_none() {
        let token = random_secret();
        let expires_at = now + Duration::days(INVITATION_DAYS);
        let invitation = InvitationId::new(now);
        store::invite(&mut tx, invitation, org, user, &hash_secret(&token), expires_at, by).await?;
        let url = invitations::link(&app, &token);
        mail_invitation(&mut tx, org, user, &url).await?;
        invitation_url = Some(url);
    }
    let member = store::member(&mut tx, org, user).await?.ok_or_else(|| Problem::not_found("member"))?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(AddedMember { user: member.user, role: member.role, invitation_url })))
}

/// Mails an invitation to whoever is invited.
pub(super) async fn mail_invitation(tx: &mut Tx, org: OrganizationId, user: UserId, url: &str) -> Result<()> {
    let organization = store::find(tx, org).await?.ok_or_else(|| Problem::not_found("organization"))?;
    let Some(person) = accounts::person(tx, user).await? else { return Ok(()) };
    let data = json!({"organization": organization.name, "url": url, "days": INVITATION_DAYS});
    mail::enqueue(tx, &person.email, Template::Invitation, &person.language, data).await?;
    Ok(())
}

/// What changes a membership; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MemberChange {
    /// The new role.
    #[serde(default)]
    pub role: Option<OrgRole>,
    /// False deactivates the membership; the record of the person stays.
    #[serde(default)]
    pub is_active: Option<bool>,
    /// What their vote counts in weighted polls, 1 to 1000000.
    #[serde(default)]
    pub vote_weight: Option<i32>,
}

/// Changes a member's role or the weight of their vote, or switches the membership off and on. Needs `members.manage`; only admins change admins, and
/// the last admin stays one. Whoever is switched off is thrown out of the organization's rooms at once.
#[utoipa::path(patch, path = "/organizations/{org}/members/{user}", tag = "organizations",
    params(("org" = OrganizationId, Path), ("user" = UserId, Path)), request_body = MemberChange,
    responses((status = 200, body = Member), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 422, body = Problem)))]
pub async fn change_member(
    State(app): State<App>,
    caller: Scoped<scope::MembersWrite>,
    Path((org, user)): Path<(OrganizationId, UserId)>,
    Json(body): Json<MemberChange>,
) -> Result<Json<Member>> {
    let mut tx = app.begin(&caller).await?;
    let manager = require(&mut tx, &caller, org, Permission::MembersManage).await?;
    if body.vote_weight.is_some_and(|weight| !(1..=1_000_000).contains(&weight)) {
        return Err(Problem::invalid_field("/vote_weight", "INVALID", "A vote counts from 1 to 1000000."));
    }
    let member = store::lock_member(&mut tx, org, user).await?.ok_or_else(|| Problem::not_found("member"))?;
    if !manager.may_assign(Permission::MembersManage, &[member.role, body.role.unwrap_or(member.role)]) {
        return Err(only_admins());
    }
    keys_leave_admins_alone(&caller, &[Some(member.role), body.role])?;
    let stays_admin =
        body.role.unwrap_or(member.role) == OrgRole::Admin && body.is_active.unwrap_or(member.is_active);
    if !stays_admin {
        keep_one_admin(&mut tx, org, &member).await?;
    }
    if member.status == MemberStatus::Invited && body.is_active.is_some() {
        let detail = "This person has not accepted the invitation. Send it again, or revoke it.";
        return Err(Problem::conflict("NOT_ACCEPTED", detail));
    }
    store::change_member(&mut tx, org, user, body.role, body.is_active, body.vote_weight, caller.user_id)
        .await?;
    let changed = store::member(&mut tx, org, user).await?.ok_or_else(|| Problem::not_found("member"))?;
    let ended = member.is_active && !changed.is_active;
    let now = app.clock.now();
    let taken = if ended { reactions::membership_ends(&mut tx, org, user, now).await? } else { Vec::new() };
    tx.commit().await?;
    jobs::run_taken(&app, taken).await;
    Ok(Json(changed.seen_by(manager)))
}

/// Takes a member out of the organization and out of its rooms. Needs `members.manage`; only admins remove admins, and
/// the last admin can't be removed. The name stays in the records.
#[utoipa::path(delete, path = "/organizations/{org}/members/{user}", tag = "organizations",
    params(("org" = OrganizationId, Path), ("user" = UserId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn remove_member(
    State(app): State<App>,
    caller: Scoped<scope::MembersWrite>,
    Path((org, user)): Path<(OrganizationId, UserId)>,
) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    let manager = require(&mut tx, &caller, org, Permission::MembersManage).await?;
    let member = store::lock_member(&mut tx, org, user).await?.ok_or_else(|| Problem::not_found("member"))?;
    if !manager.may_assign(Permission::MembersManage, &[member.role]) {
        return Err(only_admins());
    }
    keys_leave_admins_alone(&caller, &[Some(member.role)])?;
    keep_one_admin(&mut tx, org, &member).await?;
    let now = app.clock.now();
    store::remove_member(&mut tx, org, user, now, caller.user_id).await?;
    let taken = reactions::membership_ends(&mut tx, org, user, now).await?;
    tx.commit().await?;
    jobs::run_taken(&app, taken).await;
    Ok(StatusCode::NO_CONTENT)
}

fn only_admins() -> Problem {
    Problem::forbidden("Only admins make somebody an admin, or take that role away.")
}

/// A key that leaked must not take an organization over.
fn keys_leave_admins_alone(caller: &Caller, roles: &[Option<OrgRole>]) -> Result<()> {
    if caller.key().is_some() && roles.contains(&Some(OrgRole::Admin)) {
        return Err(Problem::forbidden("An API key may not make, change or remove admins."));
    }
    Ok(())
}

async fn keep_one_admin(tx: &mut Tx, org: OrganizationId, member: &Member) -> Result<()> {
    if store::is_last_admin(tx, org, member.user.id).await? {
        return Err(Problem::conflict("LAST_ADMIN", "An organization needs at least one admin."));
    }
    Ok(())
}

/// The caller's membership in an organization.
///
/// # Errors
/// 404 for whoever is no active member: they may not even know that it exists. 403 while it is suspended.
pub async fn member_of(tx: &mut Tx, caller: &Caller, org: OrganizationId) -> Result<Membership> {
    let found = store::membership(tx, org, caller.user_id).await?;
    let found = found.ok_or_else(|| Problem::not_found("organization"))?;
    if found.is_suspended { Err(suspended()) } else { Ok(caller.as_member(found.member)) }
}

/// The caller's membership, when it comes with a permission.
///
/// # Errors
/// As [`member_of`], and 403 without the permission.
pub async fn require(
    tx: &mut Tx,
    caller: &Caller,
    org: OrganizationId,
    permission: Permission,
) -> Result<Membership> {
    let member = member_of(tx, caller, org).await?;
    if member.may(permission) { Ok(member) } else { Err(not_permitted(permission)) }
}

/// Requires that none of the fields that a request sets is frozen for the member.
///
/// # Errors
/// 403 `FIELD_FROZEN` with a pointer to each that is.
pub fn require_open(member: Membership, set: impl IntoIterator<Item = (Field, bool)>) -> Result<()> {
    let errors: Vec<_> = set
        .into_iter()
        .filter(|(field, is_set)| *is_set && member.freezes(*field))
        .map(|(field, _)| FieldError {
            pointer: field.pointer(),
            code: "FIELD_FROZEN",
            detail: "Your role may not change this field.".to_owned(),
        })
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    let detail = "Your role may not change some of these fields.";
    Err(Problem { errors, ..Problem::new(StatusCode::FORBIDDEN, "FIELD_FROZEN", detail) })
}

/// 403 for want of a permission, which it names.
pub fn not_permitted(permission: Permission) -> Problem {
    let name = permission.name();
    Problem::forbidden(format!("Your role in this organization does not come with the permission {name}."))
}

fn check_names(name: Option<&str>, slug: Option<&str>, timezone: Option<&str>) -> Result<()> {
    let mut checks = Checks::default();
    if let Some(name) = name {
        checks.text(name, "/name", 1..=200);
    }
    if let Some(slug) = slug {
        let detail = "A short name has lower-case letters, digits and hyphens between them.";
        checks.require(rules::is_slug(slug), "/slug", "INVALID", detail);
    }
    if let Some(zone) = timezone {
        let known = zone.parse::<chrono_tz::Tz>().is_ok();
        checks.require(known, "/timezone", "UNKNOWN_TIME_ZONE", "This is no IANA time zone.");
    }
    checks.done()
}
