//! Invitations that wait to be accepted.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Duration, Utc};
use kernel::ids::{InvitationId, OrganizationId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    api::{INVITATION_DAYS, mail_invitation, require},
    store::MemberUser,
    store_people as store,
};
use crate::{
    access::{
        caller::Caller,
        policy::{OrgRole, Permission},
        tokens::{hash_secret, random_secret},
    },
    app::App,
    http::{Json, Listing, PageQuery, Path, Problem, Query, Result},
};

/// An invitation that waits.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OpenInvitation {
    /// Its id.
    pub id: InvitationId,
    /// Who is invited.
    pub user: MemberUser,
    /// With which role.
    pub role: OrgRole,
    /// By whom; `null` when that account is gone.
    pub invited_by: Option<Inviter>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it can be accepted; when that is over, it can be sent again.
    pub expires_at: DateTime<Utc>,
}

/// Who invited.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Inviter {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: String,
}

/// Invitations that were not accepted yet, the newest first. Needs `members.invite`.
#[utoipa::path(get, path = "/organizations/{org}/invitations", tag = "organizations", operation_id = "list_invitations",
    params(("org" = OrganizationId, Path), PageQuery),
    responses((status = 200, body = Listing<OpenInvitation>), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<OpenInvitation>>> {
    let (limit, after) = (page.limit()?, page.after()?);
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, org, Permission::MembersInvite).await?;
    let found = store::open_invitations(&mut tx, org, after, limit + 1).await?;
    Ok(Json(Listing::from_one_more(found, limit, |invitation| invitation.id)))
}

/// An invitation with its link.
#[derive(Debug, Serialize, ToSchema)]
pub struct SentInvitation {
    /// The invitation.
    #[serde(flatten)]
    pub invitation: OpenInvitation,
    /// Where the person accepts it. It is shown this once.
    pub invitation_url: String,
}

/// Sends an invitation again, with a new link and a new term; the link before loses its force. Needs `members.invite`.
#[utoipa::path(post, path = "/organizations/{org}/invitations/{id}/resend", tag = "organizations", operation_id = "resend_invitation",
    params(("org" = OrganizationId, Path), ("id" = InvitationId, Path)),
    responses((status = 200, body = SentInvitation), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn resend(
    State(app): State<App>,
    caller: Caller,
    Path((org, id)): Path<(OrganizationId, InvitationId)>,
) -> Result<Json<SentInvitation>> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, org, Permission::MembersInvite).await?;
    let token = random_secret();
    let expires_at = app.clock.now() + Duration::days(INVITATION_DAYS);
    if !store::renew_invitation(&mut tx, org, id, &hash_secret(&token), expires_at).await? {
        return Err(no_invitation());
    }
    let invitation = store::open_invitation(&mut tx, org, id).await?.ok_or_else(no_invitation)?;
    let invitation_url = link(&app, &token);
    mail_invitation(&mut tx, org, invitation.user.id, &invitation_url).await?;
    tx.commit().await?;
    Ok(Json(SentInvitation { invitation, invitation_url }))
}

/// Takes an invitation back: its link loses its force, and the person is off the list. Needs `members.invite`.
#[utoipa::path(delete, path = "/organizations/{org}/invitations/{id}", tag = "organizations", operation_id = "revoke_invitation",
    params(("org" = OrganizationId, Path), ("id" = InvitationId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path((org, id)): Path<(OrganizationId, InvitationId)>,
) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, org, Permission::MembersInvite).await?;
    if !store::revoke_invitation(&mut tx, org, id).await? {
        return Err(no_invitation());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where an invitation is accepted.
pub fn link(app: &App, token: &str) -> String {
    format!("{}/invitations/{token}", app.config.server.public_url)
}

fn no_invitation() -> Problem {
    Problem::not_found("invitation")
}
