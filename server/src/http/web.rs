//! The web pages, which live inside the binary.

use axum::{
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;

use super::error::Problem;

#[derive(RustEmbed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Pages;

/// Answers with a built file; every other address that is no API call is a page of the single-page app.
pub async fn page(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") {
        return Problem::not_found("endpoint").into_response();
    }
    if let Some(file) = Pages::get(path) {
        // Built files carry a hash in their name; they never change.
        let cache =
            if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
        return answer(&file, cache);
    }
    match Pages::get("index.html") {
        Some(_) if path.starts_with("assets/") => Problem::not_found("file").into_response(),
        Some(index) => answer(&index, "no-cache"),
        None => (StatusCode::NOT_FOUND, "This program was built without its web pages.").into_response(),
    }
}

fn answer(file: &rust_embed::EmbeddedFile, cache: &'static str) -> Response {
    let kind = HeaderValue::from_str(file.metadata.mimetype())
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let mut response = file.data.clone().into_owned().into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}
