//! The vault: one S3 bucket. Every object's name is made here, and nowhere else.

use std::{ops::Range, time::Duration};

use anyhow::{Context, Result, ensure};
use aws_credential_types::Credentials;
use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Region, RequestChecksumCalculation, ResponseChecksumValidation, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
    error::{ProvideErrorMetadata, SdkError},
    operation::head_object::HeadObjectError,
    presigning::PresigningConfig,
    primitives::ByteStream,
    types::{CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier},
};
use bytes::Bytes;
use secrecy::ExposeSecret;

use crate::{
    config,
    ids::{OrganizationId, RecordingId, UserId},
};

/// The smallest part of a multipart upload that S3 takes, except for the last.
pub const MIN_PART: usize = 5 * 1024 * 1024;

/// What is kept in the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The finished file of a recording.
    Recording(OrganizationId, RecordingId),
    /// A piece of it, kept until the file is finished.
    Segment {
        /// Whose recording.
        organization: OrganizationId,
        /// Which recording.
        recording: RecordingId,
        /// The section: one per handler that worked on it, so that two never write to the same name.
        section: i32,
        /// The place in the recording.
        number: i32,
    },
    /// A still of a recording, as JPEG.
    Poster(OrganizationId, RecordingId),
    /// Small stills of a recording, one every ten seconds, in one JPEG.
    Thumbnails(OrganizationId, RecordingId),
    /// One person's microphone in one section of a recording, as Ogg/Opus.
    Track(TrackKey),
    /// A piece of it, kept until the whole is there.
    TrackPiece(TrackKey, i32),
    /// A version of a person's picture.
    Avatar {
        /// Whose.
        user: UserId,
        /// Which: each picture has a name of its own.
        version: uuid::Uuid,
    },
    /// What `doctor` writes to see whether it can.
    Probe(uuid::Uuid),
}

/// Which person's microphone: a row of `recording_tracks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrackKey {
    /// Whose recording.
    pub organization: OrganizationId,
    /// Which recording.
    pub recording: RecordingId,
    /// The section it belongs to.
    pub section: i32,
    /// Its number in the section.
    pub number: i32,
}

impl TrackKey {
    fn path(self) -> String {
        let Self { organization, recording, section, number } = self;
        format!("organizations/{organization}/recordings/{recording}/tracks/{section:04}-{number:04}")
    }
}

impl Key {
    /// The object's name.
    pub fn path(self) -> String {
        match self {
            Self::Recording(organization, recording) => {
                format!("organizations/{organization}/recordings/{recording}.mp4")
            }
            Self::Segment { organization, recording, section, number } => {
                format!("organizations/{organization}/recordings/{recording}/{section:04}-{number:06}.part")
            }
            Self::Poster(organization, recording) => {
                format!("organizations/{organization}/recordings/{recording}.jpg")
            }
            Self::Thumbnails(organization, recording) => {
                format!("organizations/{organization}/recordings/{recording}.thumbnails.jpg")
            }
            Self::Track(track) => format!("{}.ogg", track.path()),
            Self::TrackPiece(track, piece) => format!("{}-{piece:06}.part", track.path()),
            Self::Avatar { user, version } => format!("users/{user}/avatars/{version}.webp"),
            Self::Probe(id) => format!("probes/{id}"),
        }
    }
}

/// A part of a multipart upload that the store has confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its place, from 1.
    pub number: i32,
    /// What the store calls its content.
    pub etag: String,
}

/// The store does not know the upload, or not all of its parts; what was uploaded must be uploaded again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store has lost the upload")]
pub struct UploadLost;

/// An object's data on its way, with what the store says of it.
#[derive(Debug)]
pub struct Object {
    /// The data.
    pub body: ByteStream,
    /// Bytes that will come.
    pub length: u64,
    /// `bytes 0-99/1234`, when a range was asked for.
    pub content_range: Option<String>,
    /// What the data is.
    pub content_type: Option<String>,
    /// The store's name for the content.
    pub etag: Option<String>,
}

/// The S3 bucket.
#[derive(Debug, Clone)]
pub struct Vault {
    client: Client,
    bucket: String,
}

impl Vault {
    /// Prepares to talk to the store; nothing is sent yet.
    ///
    /// # Errors
    /// When the keys are not configured.
    pub fn new(config: &config::Vault) -> Result<Self> {
        let access_key = config.access_key.as_ref().context("vault.access_key is not set")?;
        let secret_key = config.secret_key.as_ref().context("vault.secret_key is not set")?;
        let credentials =
            Credentials::new(access_key.expose_secret(), secret_key.expose_secret(), None, None, "baraza");
        let mut builder = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(config.region.clone()))
            .credentials_provider(credentials)
            .force_path_style(config.force_path_style)
            // Not every store knows the newer checksums, and what is uploaded here is hashed anyhow.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(3))
                    .read_timeout(Duration::from_secs(15))
                    .build(),
            );
        if let Some(endpoint) = &config.endpoint {
            builder = builder.endpoint_url(endpoint);
        }
        Ok(Self { client: Client::from_conf(builder.build()), bucket: config.bucket.clone() })
    }

    /// Makes the bucket when it is not there.
    ///
    /// # Errors
    /// When the store is away or refuses.
    pub async fn ensure_bucket(&self) -> Result<()> {
        if self.client.head_bucket().bucket(&self.bucket).send().await.is_ok() {
            return Ok(());
        }
        match self.client.create_bucket().bucket(&self.bucket).send().await {
            Ok(_) => Ok(()),
            // Somebody else was faster.
            Err(_) if self.client.head_bucket().bucket(&self.bucket).send().await.is_ok() => Ok(()),
            Err(error) => Err(error).with_context(|| format!("the bucket {} cannot be made", self.bucket)),
        }
    }

    /// Asks whether the bucket is there.
    ///
    /// # Errors
    /// When it is not, or the store is away.
    pub async fn check(&self) -> Result<()> {
        self.client
            .head_bucket()
            .bucket(&self.bucket)
            .send()
            .await
            .map(drop)
            .context("the vault does not answer")
    }

    /// Writes, reads and deletes a small object.
    ///
    /// # Errors
    /// When one of the three does not work.
    pub async fn probe(&self, id: uuid::Uuid) -> Result<()> {
        let key = Key::Probe(id);
        self.put(key, Bytes::from_static(b"probe"), "text/plain").await?;
        let read = self.read(key).await?;
        self.delete(key).await?;
        ensure!(&read[..] == b"probe", "the store gave back something else than was written");
        Ok(())
    }

    /// Stores a small object whole.
    ///
    /// # Errors
    /// When the store is away or refuses.
    pub async fn put(&self, key: Key, bytes: Bytes, content_type: &str) -> Result<()> {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key.path())
            .content_type(content_type)
            .body(ByteStream::from(bytes))
            .send()
            .await
            .with_context(|| format!("{} cannot be written", key.path()))?;
        Ok(())
    }

    /// Opens an object, whole or a range of its bytes.
    ///
    /// # Errors
    /// When it is not there, the range is not in it, or the store is away.
    pub async fn get(&self, key: Key, range: Option<Range<u64>>) -> Result<Object> {
        let range = range.map(|range| format!("bytes={}-{}", range.start, range.end.saturating_sub(1)));
        let answer = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key.path())
            .set_range(range)
            .send()
            .await
            .with_context(|| format!("{} cannot be read", key.path()))?;
        Ok(Object {
            length: answer.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0),
            content_range: answer.content_range().map(ToOwned::to_owned),
            content_type: answer.content_type().map(ToOwned::to_owned),
            etag: answer.e_tag().map(ToOwned::to_owned),
            body: answer.body,
        })
    }

    /// Reads a small object whole.
    ///
    /// # Errors
    /// As [`Vault::get`], or when the connection breaks on the way.
    pub async fn read(&self, key: Key) -> Result<Bytes> {
        let object = self.get(key, None).await?;
        let data = object.body.collect().await.with_context(|| format!("{} broke off", key.path()))?;
        Ok(data.into_bytes())
    }

    /// How large an object is; nothing when it is not there.
    ///
    /// # Errors
    /// When the store is away or refuses.
    pub async fn size(&self, key: Key) -> Result<Option<u64>> {
        match self.client.head_object().bucket(&self.bucket).key(key.path()).send().await {
            Ok(head) => Ok(head.content_length().and_then(|length| u64::try_from(length).ok())),
            Err(SdkError::ServiceError(error)) if matches!(error.err(), HeadObjectError::NotFound(_)) => {
                Ok(None)
            }
            Err(error) => Err(error).with_context(|| format!("{} cannot be looked at", key.path())),
        }
    }

    /// A URL under which whoever has it may download the object for a while.
    ///
    /// # Errors
    /// When the time is longer than S3 allows (a week).
    pub async fn sign(&self, key: Key, file_name: &str, expires_in: Duration) -> Result<String> {
        let request = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key.path())
            .response_content_disposition(format!("attachment; filename=\"{file_name}\""))
            .presigned(PresigningConfig::expires_in(expires_in)?)
            .await?;
        Ok(request.uri().to_owned())
    }

    /// Deletes an object; one that is not there is fine.
    ///
    /// # Errors
    /// When the store is away or refuses.
    pub async fn delete(&self, key: Key) -> Result<()> {
        self.client
            .delete_object()
            .bucket(&self.bucket)
            .key(key.path())
            .send()
            .await
            .with_context(|| format!("{} cannot be deleted", key.path()))?;
        Ok(())
    }

    /// Deletes many objects.
    ///
    /// # Errors
    /// When the store is away or keeps one of them.
    pub async fn delete_all(&self, keys: &[Key]) -> Result<()> {
        for keys in keys.chunks(1000) {
            let objects = keys
                .iter()
                .map(|key| ObjectIdentifier::builder().key(key.path()).build())
                .collect::<Result<Vec<_>, _>>()?;
            let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build()?;
            let answer = self
                .client
                .delete_objects()
                .bucket(&self.bucket)
                .delete(delete)
                .send()
                .await
                .context("objects cannot be deleted")?;
            ensure!(answer.errors().is_empty(), "the store kept {} objects", answer.errors().len());
        }
        Ok(())
    }

    /// Begins a multipart upload; gives its id.
    ///
    /// # Errors
    /// When the store is away or refuses.
    pub async fn begin_upload(&self, key: Key, content_type: &str) -> Result<String> {
        let answer = self
            .client
            .create_multipart_upload()
            .bucket(&self.bucket)
            .key(key.path())
            .content_type(content_type)
            .send()
            .await
            .with_context(|| format!("the upload of {} cannot begin", key.path()))?;
        answer.upload_id().map(ToOwned::to_owned).context("the store gave the upload no id")
    }

    /// Uploads a part. All but the last need at least [`MIN_PART`] bytes.
    ///
    /// # Errors
    /// [`UploadLost`], or any other when the store is away or refuses.
    pub async fn put_part(&self, key: Key, upload: &str, number: i32, bytes: Bytes) -> Result<Part> {
        let answer = self
            .client
            .upload_part()
            .bucket(&self.bucket)
            .key(key.path())
            .upload_id(upload)
            .part_number(number)
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(upload_error)
            .with_context(|| format!("part {number} of {} cannot be uploaded", key.path()))?;
        Ok(Part { number, etag: answer.e_tag().context("the store gave the part no name")?.to_owned() })
    }

    /// Joins the parts into the object.
    ///
    /// # Errors
    /// [`UploadLost`], or any other when the store is away or refuses.
    pub async fn complete_upload(&self, key: Key, upload: &str, parts: &[Part]) -> Result<()> {
        let parts = parts
            .iter()
            .map(|part| CompletedPart::builder().part_number(part.number).e_tag(&part.etag).build())
            .collect();
        self.client
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .key(key.path())
            .upload_id(upload)
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
            .send()
            .await
            .map_err(upload_error)
            .with_context(|| format!("the upload of {} cannot be completed", key.path()))?;
        Ok(())
    }

    /// Gives an upload up, so that the store may forget its parts.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn abort_upload(&self, key: Key, upload: &str) -> Result<()> {
        self.client
            .abort_multipart_upload()
            .bucket(&self.bucket)
            .key(key.path())
            .upload_id(upload)
            .send()
            .await
            .with_context(|| format!("the upload of {} cannot be given up", key.path()))?;
        Ok(())
    }
}

fn upload_error<E>(error: SdkError<E>) -> anyhow::Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some("NoSuchUpload" | "InvalidPart" | "InvalidPartOrder") => UploadLost.into(),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_has_its_own_name_below_its_organization() {
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).expect("a valid time");
        let (organization, recording) = (OrganizationId::new(now), RecordingId::new(now));
        let file = Key::Recording(organization, recording).path();
        assert_eq!(file, format!("organizations/{organization}/recordings/{recording}.mp4"));
        let piece = Key::Segment { organization, recording, section: 2, number: 17 }.path();
        assert_eq!(piece, format!("organizations/{organization}/recordings/{recording}/0002-000017.part"));
        let track = TrackKey { organization, recording, section: 1, number: 3 };
        let tracks = format!("organizations/{organization}/recordings/{recording}/tracks");
        assert_eq!(Key::Track(track).path(), format!("{tracks}/0001-0003.ogg"));
        assert_eq!(Key::TrackPiece(track, 5).path(), format!("{tracks}/0001-0003-000005.part"));
    }
}
