//! Input from outside: bodies, paths and queries with our error shape, and the checks of their fields.

use axum::{
    extract::{FromRequest, FromRequestParts, Request, rejection::PathRejection},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::error::{FieldError, Problem, Result};

/// A JSON body, both ways.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let is_json =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(
                |kind| {
                    kind.split(';')
                        .next()
                        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
                },
            );
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", "The request is too large.")
            } else {
                Problem::malformed("The request could not be read.")
            }
        })?;
        if body.is_empty() {
            // Calls whose fields are all optional take no body at all.
            return serde_json::from_str("{}")
                .map(Self)
                .map_err(|_| Problem::malformed("The request has no body."));
        }
        if !is_json {
            let detail = "The body must be application/json.";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", detail));
        }
        parse(&body).map(Self)
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        if error.inner().is_data() {
            let pointer = pointer_of(error.path());
            Problem::invalid_field(pointer, "INVALID", sentence(&error.inner().to_string()))
        } else {
            Problem::malformed("The body is not valid JSON.")
        }
    })?;
    reader.end().map_err(|_| Problem::malformed("The body is not valid JSON."))?;
    Ok(parsed)
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// Makes a plain sentence of the parser's words: without the position, with a capital and a full stop.
fn sentence(words: &str) -> String {
    let words = words.split(" at line ").next().unwrap_or(words);
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Tells `null` from absent, with `#[serde(default, deserialize_with = "given")]`.
///
/// # Errors
/// When the value is none of `T`.
pub fn given<'de, D: serde::Deserializer<'de>, T: serde::Deserialize<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    serde::Deserialize::deserialize(from).map(Some)
}

/// An object and nothing else, with `#[serde(deserialize_with = "object")]`: a list that happens to have the fields in
/// their order is none.
///
/// # Errors
/// When the value is no object, or none of `T`.
pub fn object<'de, D: serde::Deserializer<'de>, T: serde::Deserialize<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    struct Object<T>(std::marker::PhantomData<T>);
    impl<'de, T: serde::Deserialize<'de>> serde::de::Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            to.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(serde::de::value::MapAccessDeserializer::new(map))
        }
    }
    from.deserialize_map(Object(std::marker::PhantomData)).map(Some)
}

/// Parameters of the path. One that has not the right form names nothing that exists: 404.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|_: PathRejection| Problem::not_found("object"))
    }
}

/// Parameters of the query.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let query = parts.uri.query().unwrap_or_default();
        let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(reader).map(Self).map_err(|error| {
            Problem::invalid_field(pointer_of(error.path()), "INVALID", sentence(&error.inner().to_string()))
        })
    }
}

/// Collects what is wrong with the fields of an input, so that a form can show it all at once.
#[derive(Debug, Default)]
pub struct Checks(Vec<FieldError>);

impl Checks {
    /// Requires `holds`, else notes `code` and `detail` at `pointer`.
    pub fn require(&mut self, holds: bool, pointer: &str, code: &'static str, detail: &str) -> &mut Self {
        if !holds {
            self.0.push(FieldError { pointer: pointer.to_owned(), code, detail: detail.to_owned() });
        }
        self
    }

    /// Requires a text whose length in characters, without white space around it, lies in `length`, and which holds
    /// no NUL, which PostgreSQL cannot store.
    pub fn text(&mut self, text: &str, pointer: &str, length: std::ops::RangeInclusive<usize>) -> &mut Self {
        let name = pointer.trim_start_matches('/').replace('_', " ");
        let count = text.trim().chars().count();
        if count < *length.start() {
            let detail = if count == 0 {
                format!("Please give a {name}.")
            } else {
                format!("The {name} is too short.")
            };
            self.require(false, pointer, if count == 0 { "REQUIRED" } else { "TOO_SHORT" }, &detail);
        }
        self.require(
            text.chars().count() <= *length.end(),
            pointer,
            "TOO_LONG",
            &format!("The {name} may have at most {} characters.", length.end()),
        );
        self.require(
            !text.contains('\0'),
            pointer,
            "INVALID",
            &format!("The {name} contains a character that cannot be stored."),
        )
    }

    /// The verdict.
    ///
    /// # Errors
    /// 422 with everything that was noted.
    pub fn done(&mut self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::invalid(std::mem::take(&mut self.0))) }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Body {
        #[expect(dead_code, reason = "only parsed")]
        list: Vec<u8>,
    }

    #[test]
    fn bad_syntax_is_malformed_and_bad_values_are_invalid_where_they_stand() {
        assert_eq!(parse::<Body>(b"{").expect_err("no JSON").code, "MALFORMED");
        assert_eq!(parse::<Body>(br#"{"list":[1]} x"#).expect_err("trailing").code, "MALFORMED");
        let problem = parse::<Body>(br#"{"list":[1,"a"]}"#).expect_err("a text is no number");
        assert_eq!(
            (problem.status, problem.errors[0].pointer.as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, "/list/1")
        );
    }

    #[test]
    fn checks_collect_everything() {
        let mut checks = Checks::default();
        checks.text("  ", "/title", 1..=5).text("123456", "/name", 1..=5).text("a\0b", "/note", 0..=5);
        let problem = checks.done().expect_err("three faults");
        assert_eq!(
            problem.errors.iter().map(|e| e.code).collect::<Vec<_>>(),
            ["REQUIRED", "TOO_LONG", "INVALID"]
        );
    }
}
