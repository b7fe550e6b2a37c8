//! The mailbox: the mail that was kept because no mail server is configured. Only for the system's administrator on this
//! very machine, for links in it open accounts.

use std::path::PathBuf;

use axum::extract::State;

use super::{
    Outbox,
    mailbox::{self, KeptMail},
};
use crate::{
    access::caller::Caller,
    accounts,
    app::App,
    http::{Json, Listing, PageQuery, Path, Problem, Query, Result, client::Client},
};

/// Mail that was kept, newest first.
#[utoipa::path(get, path = "/mailbox", tag = "mailbox", params(PageQuery),
    responses((status = 200, body = Listing<KeptMail>), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    client: Client,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<Json<Listing<KeptMail>>> {
    let (limit, before) = (page.limit()?, page.after::<String>()?);
    let folder = folder_for(&app, &caller, client).await?;
    let most = usize::try_from(limit + 1).unwrap_or(1);
    let found = mailbox::list(&folder, before.as_deref(), most).await.map_err(Problem::internal)?;
    Ok(Json(Listing::from_one_more(found, limit, |mail| mail.id.clone())))
}

/// One mail.
#[utoipa::path(get, path = "/mailbox/{id}", tag = "mailbox", params(("id" = String, Path)),
    responses((status = 200, body = KeptMail), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    client: Client,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<KeptMail>> {
    let folder = folder_for(&app, &caller, client).await?;
    let found = mailbox::read(&folder, &id).await.map_err(Problem::internal)?;
    Ok(Json(found.ok_or_else(|| Problem::not_found("mail"))?))
}

/// The folder, when mail is kept in one and this caller may look into it.
async fn folder_for(app: &App, caller: &Caller, client: Client) -> Result<PathBuf> {
    let mut tx = app.begin(caller).await?;
    if !accounts::is_system_admin(&mut tx, caller.user_id).await? {
        return Err(Problem::forbidden("Only the administrator of the system reads this mail."));
    }
    tx.commit().await?;
    match &app.outbox {
        Outbox::Folder(folder) if client.0.is_loopback() => Ok(folder.clone()),
        _ => Err(Problem::not_found("mailbox")),
    }
}
