//! Entity tags (RFC 9110, section 8.8.3): a strong tag is the hash of what a client was shown, so it changes with
//! everything that the client can see, whichever row that stands in.
//!
//! A handler that reads takes [`Conditions`] and ends with [`Conditions::answer`]; one that changes asks
//! [`Conditions::unchanged`] with the resource as it is stored, locked, and ends with [`Tagged`].

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::error::{Problem, Result};

/// What `If-Match` and `If-None-Match` ask; both are optional.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    if_match: Option<Wanted>,
    if_none_match: Option<Wanted>,
}

#[derive(Debug, Clone)]
enum Wanted {
    Any,
    Tags(Vec<String>),
}

impl Wanted {
    fn of(headers: &HeaderMap, name: HeaderName) -> Option<Self> {
        let mut tags = Vec::new();
        for value in headers.get_all(name) {
            // What is no tag of ours can match none of ours.
            let text = value.to_str().unwrap_or_default();
            if text.trim() == "*" {
                return Some(Self::Any);
            }
            // Our tags hold no comma.
            tags.extend(text.split(',').map(|tag| tag.trim().to_owned()));
        }
        (!tags.is_empty()).then_some(Self::Tags(tags))
    }

    fn holds(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|wanted| wanted == tag),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Conditions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> std::result::Result<Self, Infallible> {
        let if_none_match = Wanted::of(&parts.headers, header::IF_NONE_MATCH).map(|wanted| match wanted {
            // Compared weakly: whoever compressed the answer may have weakened the tag.
            Wanted::Tags(tags) => {
                Wanted::Tags(tags.into_iter().map(|tag| tag.trim_start_matches("W/").to_owned()).collect())
            }
            any @ Wanted::Any => any,
        });
        Ok(Self { if_match: Wanted::of(&parts.headers, header::IF_MATCH), if_none_match })
    }
}

impl Conditions {
    /// Whether the client wants its change made only when nothing else has changed; then the resource has to be read
    /// before.
    pub const fn wants_unchanged(&self) -> bool {
        self.if_match.is_some()
    }

    /// Requires that the client knows `stored`, the resource as it is now.
    ///
    /// # Errors
    /// 412 `PRECONDITION_FAILED` when it was changed since.
    pub fn unchanged<T: Serialize>(&self, stored: &T) -> Result<()> {
        match &self.if_match {
            Some(wanted) if !wanted.holds(&tag_of(&bytes_of(stored)?)) => Err(Problem::new(
                StatusCode::PRECONDITION_FAILED,
                "PRECONDITION_FAILED",
                "Someone else has changed this meanwhile.",
            )),
            _ => Ok(()),
        }
    }

    /// The resource with its tag; 304 without a body when the client has it already.
    ///
    /// # Errors
    /// None in practice: what we answer with can be written as JSON.
    pub fn answer<T: Serialize>(&self, resource: &T) -> Result<Response> {
        let body = bytes_of(resource)?;
        let tag = tag_of(&body);
        if self.if_none_match.as_ref().is_some_and(|known| known.holds(&tag)) {
            return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
        }
        Ok(tagged(body, tag))
    }
}

/// A resource that is answered with its entity tag.
#[derive(Debug, Clone)]
pub struct Tagged<T>(pub T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        match bytes_of(&self.0) {
            Ok(body) => {
                let tag = tag_of(&body);
                tagged(body, tag)
            }
            Err(problem) => problem.into_response(),
        }
    }
}

fn bytes_of<T: Serialize>(resource: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(resource).map_err(Problem::internal)
}

fn tag_of(body: &[u8]) -> String {
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(body)[..16]))
}

fn tagged(body: Vec<u8>, tag: String) -> Response {
    let kind = HeaderValue::from_static("application/json");
    let mut response = ([(header::ETAG, tag)], body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn conditions(headers: &[(HeaderName, &str)]) -> Conditions {
        let mut request = Request::new(());
        for (name, value) in headers {
            request.headers_mut().append(name, value.parse().expect("a header"));
        }
        Conditions::from_request_parts(&mut request.into_parts().0, &()).await.expect("never fails")
    }

    #[tokio::test]
    async fn tags_are_compared_strongly_for_changes_and_weakly_for_reading() {
        let tag = tag_of(&bytes_of(&"a").expect("JSON"));
        let other = tag_of(&bytes_of(&"b").expect("JSON"));
        let listed = format!("{other}, {tag}");
        assert!(conditions(&[]).await.unchanged(&"a").is_ok());
        for (wanted, fits) in [
            (&*tag, true),
            (&*listed, true),
            ("*", true),
            (&*other, false),
            (&format!("W/{tag}"), false),
            ("", false),
        ] {
            let asked = conditions(&[(header::IF_MATCH, wanted)]).await;
            assert_eq!(asked.unchanged(&"a").is_ok(), fits, "{wanted}");
        }
        for (known, status) in [(&*tag, 304), (&format!("W/{tag}"), 304), ("*", 304), (&*other, 200)] {
            let asked = conditions(&[(header::IF_NONE_MATCH, known)]).await;
            let answer = asked.answer(&"a").expect("an answer");
            let told = answer.headers()[header::ETAG].to_str().expect("ASCII");
            assert_eq!((answer.status().as_u16(), told), (status, &*tag), "{known}");
        }
    }
}
