//! The one error shape: `application/problem+json` (RFC 9457) with a stable `code`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::conflicts::model::{Alternative, Clash, Conflict};

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What a handler answers with.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

/// An error as a client sees it. The correlation id is filled in by [`super::correlate`].
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// Names the kind of problem: `urn:baraza:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: &'static str,
    /// The HTTP status.
    #[serde(serialize_with = "as_number")]
    #[schema(value_type = u16)]
    pub status: StatusCode,
    /// One plain sentence that can be read aloud.
    pub detail: String,
    /// Stable and upper-case.
    pub code: &'static str,
    /// Finds this request in the log.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub correlation_id: String,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// With `SECOND_FACTOR_REQUIRED`: what to send with the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
    /// With `CONFLICT`: what is in the way of the wanted time, in the order of time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflicts: Option<Vec<Conflict>>,
    /// With `CONFLICT`: what could be taken instead. Others of the same kind at that time, then the nearest times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alternatives: Option<Vec<Alternative>>,
    /// Seconds after which it is worth trying again.
    #[serde(skip)]
    pub retry_after: Option<u64>,
}

/// What is wrong with one field of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) into the body; for a query parameter, its name behind a slash.
    pub pointer: String,
    /// Stable and upper-case.
    pub code: &'static str,
    /// One plain sentence.
    pub detail: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn as_number<S: serde::Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u16(status.as_u16())
}

impl Problem {
    /// A problem with `status`, a stable `code` and one sentence.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:baraza:problem:{}", code.to_lowercase()),
            title: status.canonical_reason().unwrap_or("Error"),
            status,
            detail: detail.into(),
            code,
            correlation_id: String::new(),
            errors: Vec::new(),
            challenge: None,
            conflicts: None,
            alternatives: None,
            retry_after: None,
        }
    }

    /// 400: the request cannot be read.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MALFORMED", detail)
    }

    /// 401: no credentials, or bad ones.
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", "Please sign in.")
    }

    /// 403: known, but not allowed.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", detail)
    }

    /// 404: absent, or of another organization.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("There is no such {what}."))
    }

    /// 409: the present state does not allow it.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 409: somebody else has what is wanted at that time.
    pub fn clash(clash: Clash) -> Self {
        let conflict = Self::conflict("CONFLICT", "That time is taken already.");
        Self { conflicts: Some(clash.conflicts), alternatives: Some(clash.alternatives), ..conflict }
    }

    /// 422: well-formed, but these fields are invalid.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = errors.first().map_or_else(|| "The input is invalid.".to_owned(), |e| e.detail.clone());
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "VALIDATION_FAILED", detail) }
    }

    /// 422 for a single field.
    pub fn invalid_field(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { pointer: pointer.into(), code, detail: detail.into() }])
    }

    /// 401: the session was ended.
    pub fn session_ended() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "SESSION_ENDED", "Your session has ended. Please sign in.")
    }

    /// 429: too many attempts.
    pub fn limited(retry_after: u64) -> Self {
        let detail = "Too many attempts. Please wait a moment.";
        Self {
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", detail)
        }
    }

    /// 503: a service that is needed is away.
    pub fn unavailable(code: &'static str, detail: impl Into<String>) -> Self {
        Self { retry_after: Some(2), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail) }
    }

    /// 500: our fault. The cause goes to the log, never to the client.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "Something went wrong on our side.")
    }
}

/// Which error a broken database constraint means. Constraint names are part of the API.
fn of_constraint(name: &str) -> Option<Problem> {
    Some(match name {
        "users_email_key" => Problem::conflict("EMAIL_TAKEN", "This e-mail address has an account already."),
        "organizations_slug_key" => Problem::conflict("SLUG_TAKEN", "This short name is taken."),
        "organization_members_pkey" => {
            Problem::conflict("ALREADY_MEMBER", "This person is a member already.")
        }
        "custom_fields_key_key" => {
            Problem::conflict("FIELD_KEY_TAKEN", "There is a field with this key already; it may be retired.")
        }
        "contacts_email_key" | "contacts_phone_key" => {
            Problem::conflict("CONTACT_EXISTS", "There is a contact like this already.")
        }
        "contact_groups_name_key" => {
            Problem::conflict("GROUP_EXISTS", "There is a group with this name already.")
        }
        "resources_name_key" => {
            Problem::conflict("RESOURCE_EXISTS", "There is a room or device with this name already.")
        }
        // Met only where a meeting is moved: whoever books has looked before, and can say more.
        "reservations_no_overlap" => {
            Problem::conflict("CONFLICT", "A room or device that is booked for it is taken at that time.")
        }
        "meetings_end_after_start" => {
            Problem::invalid_field("/scheduled_end", "END_BEFORE_START", "The end must be after the start.")
        }
        "recordings_one_active_per_meeting" => {
            Problem::conflict("ALREADY_RECORDING", "This meeting is being recorded already.")
        }
        _ => return None,
    })
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(db) => {
                if let Some(problem) = db.constraint().and_then(of_constraint) {
                    return problem;
                }
                match db.code().as_deref() {
                    // character_not_in_repertoire: a NUL inside a text.
                    Some("22021") => Self::malformed("The text contains a character that cannot be stored."),
                    // insufficient_privilege: row-level security refused what the policy should have refused before.
                    Some("42501") => Self::forbidden("You may not do this."),
                    Some("57P01" | "57P02" | "57P03" | "53300") => database_away(&error),
                    _ => Self::internal(error),
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Tls(_) => database_away(&error),
            _ => Self::internal(error),
        }
    }
}

fn database_away(cause: &sqlx::Error) -> Problem {
    tracing::warn!(%cause, "the database is away");
    Problem::unavailable("DATABASE_AWAY", "The database can't be reached at the moment.")
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}
