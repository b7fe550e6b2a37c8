//! Files that come as the whole body of a request.

use axum::{
    extract::{FromRequest, Request},
    http::{StatusCode, header},
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;

use super::error::{Problem, Result};

/// Bytes of a body that is too large that are read and thrown away: a client that is cut off while it sends would see
/// a broken connection instead of the answer.
const PATIENCE: usize = 64 * 1024 * 1024;

/// A file of at most `MOST` bytes.
#[derive(Debug, Clone)]
pub struct Upload<const MOST: usize> {
    /// Its content.
    pub bytes: Bytes,
    /// What it calls itself, in lower case and without parameters; empty when it does not say.
    pub kind: String,
}

impl<const MOST: usize> Upload<MOST> {
    /// Requires that the file calls itself one of `kinds`; `detail` says so.
    ///
    /// # Errors
    /// 415 otherwise.
    pub fn require_kind(&self, kinds: &[&str], detail: &str) -> Result<()> {
        if kinds.contains(&self.kind.as_str()) {
            return Ok(());
        }
        Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", detail))
    }
}

impl<S: Send + Sync, const MOST: usize> FromRequest<S> for Upload<MOST> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim().to_lowercase();
        let mut body = request.into_body().into_data_stream();
        let (mut bytes, mut length) = (BytesMut::new(), 0_usize);
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|_| Problem::malformed("The request could not be read."))?;
            length = length.saturating_add(chunk.len());
            if length > PATIENCE {
                break;
            }
            if length <= MOST {
                bytes.extend_from_slice(&chunk);
            } else {
                bytes = BytesMut::new();
            }
        }
        if length > MOST {
            let detail = format!("The file may have at most {} MiB.", MOST / 1024 / 1024);
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", detail));
        }
        Ok(Self { bytes: bytes.freeze(), kind })
    }
}
