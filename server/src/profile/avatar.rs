//! Pictures of people.

use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use kernel::{
    ids::{UserId, uuid_at},
    vault::Key,
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{
    picture::{self, Unfit},
    store,
};
use crate::{
    access::caller::Caller,
    accounts::api::Me,
    app::App,
    http::{Json, Path, Problem, Query, Result, upload::Upload},
};

/// Largest file that is taken, in bytes.
const LARGEST: usize = 5 * 1024 * 1024;
/// What a picture's file may call itself.
const KINDS: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "image/gif"];
/// What every stored picture is.
const STORED: &str = "image/webp";

/// Where a version of a picture is found. The version is no secret of its own, but it cannot be guessed: whoever knows
/// the address was told it by somebody who may know the person.
fn address(user: UserId, version: Uuid) -> String {
    format!("/api/v1/users/{user}/avatar?v={version}")
}

/// The version that an address names.
fn version_of(address: &str) -> Option<Uuid> {
    address.rsplit_once("?v=").and_then(|(_, version)| version.parse().ok())
}

/// Sets one's picture: a JPEG, PNG, WebP or GIF of at most 5 MiB. It is cut to a square of 256 pixels; nothing else
/// of the file is kept.
#[utoipa::path(put, path = "/me/avatar", tag = "profile",
    request_body(content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"), (Vec<u8> = "image/gif"))),
    responses((status = 200, body = Me), (status = 401, body = Problem), (status = 413, body = Problem),
              (status = 415, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn set(State(app): State<App>, caller: Caller, file: Upload<LARGEST>) -> Result<Json<Me>> {
    file.require_kind(&KINDS, "A picture is a JPEG, PNG, WebP or GIF.")?;
    let small = shrink(&app, file.bytes).await?;
    let version = uuid_at(app.clock.now());
    let key = Key::Avatar { user: caller.user_id, version };
    app.vault.put(key, small.into(), STORED).await.map_err(|error| vault_away(&error))?;
    let mut tx = app.begin(&caller).await?;
    let url = address(caller.user_id, version);
    let before = store::set_avatar_url(&mut tx, caller.user_id, Some(&url)).await?;
    let me = Me::load(&app, &mut tx, caller.user_id).await?;
    tx.commit().await?;
    erase(&app, caller.user_id, before).await;
    Ok(Json(me))
}

/// Takes one's picture away.
#[utoipa::path(delete, path = "/me/avatar", tag = "profile",
    responses((status = 204), (status = 401, body = Problem)))]
pub async fn remove(State(app): State<App>, caller: Caller) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    let before = store::set_avatar_url(&mut tx, caller.user_id, None).await?;
    tx.commit().await?;
    erase(&app, caller.user_id, before).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Which version of a picture.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Version {
    /// As `avatar_url` has it.
    #[serde(default)]
    pub v: Option<Uuid>,
}

/// A signed-in person, or nobody: an `<img>` sends no header.
pub struct Anybody(Option<Caller>);

impl FromRequestParts<App> for Anybody {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            return Ok(Self(Some(Caller::from_request_parts(parts, app).await?)));
        }
        Ok(Self(None))
    }
}

/// A person's picture: for whoever shares an organization with them, and without a header for whoever was given its
/// address as `avatar_url`. An address stays good until the picture changes, so it may be kept.
#[utoipa::path(get, path = "/users/{id}/avatar", tag = "profile", params(("id" = UserId, Path), Version),
    security((), ("bearer" = [])),
    responses((status = 200, content_type = "image/webp"), (status = 304), (status = 401, body = Problem),
              (status = 404, body = Problem), (status = 503, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    Anybody(caller): Anybody,
    Path(user): Path<UserId>,
    Query(wanted): Query<Version>,
    headers: HeaderMap,
) -> Result<Response> {
    let mut tx = match (&caller, wanted.v) {
        (Some(caller), _) => app.begin(caller).await?,
        (None, Some(_)) => app.begin_system().await?,
        (None, None) => return Err(Problem::unauthenticated()),
    };
    let url = store::avatar_url(&mut tx, user).await?;
    drop(tx);
    let version = url.as_deref().and_then(version_of).ok_or_else(no_picture)?;
    if wanted.v.is_some_and(|wanted| wanted != version) {
        return Err(no_picture());
    }
    // Without a version the address is the same for every picture, so it has to be asked for again.
    let cache = if wanted.v.is_some() { "private, max-age=31536000, immutable" } else { "private, no-cache" };
    let etag = HeaderValue::from_str(&format!("\"{version}\"")).map_err(Problem::internal)?;
    let common = [
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
        (header::ETAG, etag.clone()),
    ];
    if headers.get(header::IF_NONE_MATCH) == Some(&etag) {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let bytes = app.vault.read(Key::Avatar { user, version }).await.map_err(|error| vault_away(&error))?;
    Ok((common, [(header::CONTENT_TYPE, STORED)], bytes).into_response())
}

/// Does the work off the async threads, two pictures at a time: each may take much memory.
async fn shrink(app: &App, bytes: Bytes) -> Result<Vec<u8>> {
    let permit = app.pictures.clone().acquire_owned().await.map_err(Problem::internal)?;
    let made = tokio::task::spawn_blocking(move || {
        let made = picture::square(&bytes);
        drop(permit);
        made
    });
    made.await.map_err(Problem::internal)?.map_err(|unfit| match unfit {
        Unfit::NoPicture => {
            Problem::invalid_field("", "INVALID_PICTURE", "This file is no picture that can be read.")
        }
        Unfit::TooManyPixels => Problem::invalid_field(
            "",
            "TOO_MANY_PIXELS",
            "This picture is too large: it has too many pixels.",
        ),
    })
}

/// Erases a picture that nobody is shown any more.
async fn erase(app: &App, user: UserId, url: Option<String>) {
    let Some(version) = url.as_deref().and_then(version_of) else { return };
    if let Err(error) = app.vault.delete(Key::Avatar { user, version }).await {
        tracing::warn!(error = format!("{error:#}"), %user, "an old picture stays in the vault");
    }
}

fn no_picture() -> Problem {
    Problem::not_found("picture")
}

fn vault_away(error: &anyhow::Error) -> Problem {
    tracing::warn!(error = format!("{error:#}"), "the vault does not answer");
    Problem::unavailable("VAULT_AWAY", "The store of files can't be reached at the moment.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_version() {
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).expect("a valid time");
        let version = uuid_at(now);
        assert_eq!(version_of(&address(UserId::new(now), version)), Some(version));
        assert_eq!(version_of("https://elsewhere.example/a.png"), None);
    }
}
