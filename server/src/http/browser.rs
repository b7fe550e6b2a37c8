//! Answers to a browser that walks through us on its way elsewhere: what goes wrong ends on a page of ours.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::{Html, IntoResponse, Response},
};

use super::error::{Problem, Result};

/// The answer; a problem leads a browser on to the sign-in page, which says it in the reader's language, and is told to
/// everybody else as it is. The status stays the problem's in both cases.
pub fn answer<T: IntoResponse>(headers: &HeaderMap, outcome: Result<T>) -> Response {
    match outcome {
        Ok(answer) => answer.into_response(),
        Err(problem) if wants_page(headers) => page(&problem),
        Err(problem) => problem.into_response(),
    }
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.contains("text/html")
}

/// A page that leads on at once, and by hand where it does not. Codes are upper-case letters and underscores: nothing in
/// it comes from outside.
fn page(problem: &Problem) -> Response {
    let Problem { code, detail, .. } = problem;
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Baraza</title>\
         <meta http-equiv=refresh content=\"0;url=/login?problem={code}\">\
         <p>{detail} <a href=\"/login?problem={code}\">Baraza</a></p></html>"
    );
    let mut response = (problem.status, Html(html)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn only_a_browser_gets_a_page_and_the_status_stays() {
        let away = || Problem::unavailable("PROVIDER_AWAY", "It is away.");
        let mut headers = HeaderMap::new();
        let told = answer::<()>(&headers, Err(away()));
        assert_eq!(told.headers()[header::CONTENT_TYPE], "application/problem+json");
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/html,application/xhtml+xml;q=0.9"));
        let shown = answer::<()>(&headers, Err(away()));
        assert_eq!(shown.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(shown.headers()[header::CONTENT_TYPE].as_bytes().starts_with(b"text/html"));
        assert_eq!(shown.headers()[header::RETRY_AFTER], "2");
    }
}
