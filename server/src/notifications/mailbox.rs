//! The folder in which mail is kept when there is no mail server: each as `.eml`, and beside it as JSON for the page.

use std::path::Path;

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::mail::Written;

/// A mail in the folder.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct KeptMail {
    /// Names it.
    pub id: String,
    /// To which address.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// Its plain text.
    pub text: String,
}

/// Keeps a mail. Its number begins with the milliseconds since 1970.
pub async fn keep(folder: &Path, number: &str, written: &Written, raw: &[u8]) -> Result<()> {
    let kept = KeptMail {
        id: number.to_owned(),
        to: written.to.clone(),
        subject: written.subject.clone(),
        sent_at: sent_at(number).unwrap_or_default(),
        text: written.text.clone(),
    };
    tokio::fs::create_dir_all(folder).await.context("cannot make the folder of mail")?;
    tokio::fs::write(folder.join(format!("{number}.eml")), raw).await?;
    // Written last and moved into place: the page shows what is complete.
    let half = folder.join(format!("{number}.new"));
    tokio::fs::write(&half, serde_json::to_vec(&kept)?).await?;
    Ok(tokio::fs::rename(half, folder.join(format!("{number}.json"))).await?)
}

fn sent_at(number: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(number.split('-').next()?.parse().ok()?)
}

/// The newest mails, older than `before` when given.
pub async fn list(folder: &Path, before: Option<&str>, limit: usize) -> Result<Vec<KeptMail>> {
    let mut ids = Vec::new();
    if let Ok(mut entries) = tokio::fs::read_dir(folder).await {
        while let Some(entry) = entries.next_entry().await? {
            if let Some(id) = entry.file_name().to_str().and_then(|name| name.strip_suffix(".json")) {
                ids.push(id.to_owned());
            }
        }
    }
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids.retain(|id| before.is_none_or(|before| id.as_str() < before));
    let mut found = Vec::new();
    for id in ids.into_iter().take(limit) {
        found.extend(read(folder, &id).await?);
    }
    Ok(found)
}

/// One mail; `None` when there is none of that name.
pub async fn read(folder: &Path, id: &str) -> Result<Option<KeptMail>> {
    let is_a_name = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if !is_a_name {
        return Ok(None);
    }
    match tokio::fs::read(folder.join(format!("{id}.json"))).await {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
