//! Correlation ids: every request has one, in the log, in the response's header and in a problem's body.

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::Instrument;

use super::error::Problem;
use crate::app::App;

/// Carries the correlation id.
pub const HEADER: HeaderName = HeaderName::from_static("x-correlation-id");

/// Keeps the client's correlation id when it is a fit one (8 to 128 letters, digits, `-`, `_`, `.`), else makes one,
/// and gives every error the one shape.
pub async fn correlate(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_fit(id))
        .map_or_else(|| kernel::ids::uuid_at(app.clock.now()).to_string(), ToOwned::to_owned);
    let span = tracing::info_span!("request", correlation_id = %id, method = %request.method(), path = request.uri().path());
    let started = std::time::Instant::now();
    let response = async {
        let response = kernel::db::in_request(&id, next.run(request)).await;
        tracing::debug!(
            status = response.status().as_u16(),
            elapsed_us = started.elapsed().as_micros(),
            "answered"
        );
        response
    }
    .instrument(span)
    .await;
    let mut response = in_one_shape(response, &id);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

fn is_fit(id: &str) -> bool {
    (8..=128).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn in_one_shape(mut response: Response, id: &str) -> Response {
    if let Some(mut problem) = response.extensions_mut().remove::<Problem>() {
        id.clone_into(&mut problem.correlation_id);
        let headers = std::mem::take(response.headers_mut());
        let mut shaped = problem.into_response();
        for (name, value) in &headers {
            // The body is a new one: it has another length, and it is not compressed.
            let of_body = name == header::CONTENT_LENGTH || name == header::CONTENT_ENCODING;
            if !of_body && !shaped.headers().contains_key(name) {
                shaped.headers_mut().append(name, value.clone());
            }
        }
        return shaped;
    }
    // Answers that the framework made itself.
    let problem = match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            "This address does not take that method.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", "The request is too large.")
        }
        StatusCode::REQUEST_TIMEOUT => {
            Problem::unavailable("TIMEOUT", "This took too long. Please try again.")
        }
        _ => return response,
    };
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut shaped = Problem { correlation_id: id.to_owned(), ..problem }.into_response();
    if let Some(allow) = allow {
        shaped.headers_mut().insert(header::ALLOW, allow);
    }
    shaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reshaped_problem_is_not_said_to_be_compressed() {
        let mut response = Problem::unauthenticated().into_response();
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        let shaped = in_one_shape(response, "correlation");
        assert!(!shaped.headers().contains_key(header::CONTENT_ENCODING));
        assert!(shaped.headers().contains_key(header::VARY));
    }

    #[test]
    fn only_plain_ids_are_kept() {
        assert!(is_fit("abc-123_X.9"));
        assert!(!is_fit("short"));
        assert!(!is_fit("with space in it"));
        assert!(!is_fit(&"x".repeat(129)));
    }
}
