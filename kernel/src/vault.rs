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
    types::{
        CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier, ObjectLockEnabled,
        ObjectLockRetention, ObjectLockRetentionMode, ServerSideEncryption,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use md5::{Digest, Md5};
use secrecy::{ExposeSecret, SecretString};

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

/// How the store is to encrypt what it is given.
#[derive(Debug, Clone)]
enum Encryption {
    /// As the bucket is set up.
    Unsaid,
    /// With keys of the store, or of its key management.
    Store(ServerSideEncryption, Option<String>),
    /// With this key, in Base64, and with its MD5.
    Ours(SecretString, String),
}

impl Encryption {
    fn of(config: &config::Vault) -> Result<Self> {
        Ok(match config.encryption {
            config::Encryption::None => Self::Unsaid,
            config::Encryption::SseS3 => Self::Store(ServerSideEncryption::Aes256, None),
            config::Encryption::SseKms => {
                Self::Store(ServerSideEncryption::AwsKms, config.encryption_key_id.clone())
            }
            config::Encryption::SseC => {
                let key = config.customer_key()?.context("vault.encryption_key is not set")?;
                Self::Ours(STANDARD.encode(key).into(), STANDARD.encode(Md5::digest(key)))
            }
        })
    }

    fn stores(&self) -> (Option<ServerSideEncryption>, Option<String>) {
        match self {
            Self::Store(kind, key) => (Some(kind.clone()), key.clone()),
            _ => (None, None),
        }
    }

    /// The algorithm, the key and its MD5.
    fn ours(&self) -> (Option<String>, Option<String>, Option<String>) {
        match self {
            Self::Ours(key, md5) => {
                (Some("AES256".to_owned()), Some(key.expose_secret().to_owned()), Some(md5.clone()))
            }
            _ => (None, None, None),
        }
    }
}

/// Puts our key, where there is one, into a request that writes or reads an object.
macro_rules! with_key {
    ($vault:expr, $request:expr) => {{
        let (algorithm, key, md5) = $vault.encryption.ours();
        $request.set_sse_customer_algorithm(algorithm).set_sse_customer_key(key).set_sse_customer_key_md5(md5)
    }};
}

/// Asks for the encryption that is wanted in a request that makes an object.
macro_rules! encrypted {
    ($vault:expr, $request:expr) => {{
        let (kind, key) = $vault.encryption.stores();
        with_key!($vault, $request).set_server_side_encryption(kind).set_ssekms_key_id(key)
    }};
}

/// The S3 bucket.
#[derive(Debug, Clone)]
pub struct Vault {
    client: Client,
    bucket: String,
    encryption: Encryption,
    /// How long the store refuses to delete a finished recording.
    lock_days: Option<u32>,
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
        Ok(Self {
            client: Client::from_conf(builder.build()),
            bucket: config.bucket.clone(),
            encryption: Encryption::of(config)?,
            lock_days: config.object_lock_days,
        })
    }

    /// Makes the bucket when it is not there.
    ///
    /// # Errors
    /// When the store is away or refuses.
    pub async fn ensure_bucket(&self) -> Result<()> {
        if self.client.head_bucket().bucket(&self.bucket).send().await.is_ok() {
            return Ok(());
        }
        let locks = self.lock_days.is_some().then_some(true);
        let create =
            self.client.create_bucket().bucket(&self.bucket).set_object_lock_enabled_for_bucket(locks);
        match create.send().await {
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

    /// Writes, reads and deletes a small object, and looks whether the store encrypts and locks as it is told to.
    ///
    /// # Errors
    /// When one of these does not work.
    pub async fn probe(&self, id: uuid::Uuid) -> Result<()> {
        let key = Key::Probe(id);
        self.put(key, Bytes::from_static(b"probe"), "text/plain").await?;
        let read = self.read(key).await?;
        let encrypted = self.is_encrypted(key).await;
        self.delete(key).await?;
        ensure!(&read[..] == b"probe", "the store gave back something else than was written");
        ensure!(encrypted?, "the store does not encrypt as vault.encryption says");
        if self.lock_days.is_some() {
            self.check_lock().await?;
        }
        Ok(())
    }

    /// Whether the store says that an object is encrypted as it should be. Some take the wish and forget it.
    async fn is_encrypted(&self, key: Key) -> Result<bool> {
        let head = with_key!(self, self.client.head_object()).bucket(&self.bucket).key(key.path());
        let head = head.send().await.with_context(|| format!("{} cannot be looked at", key.path()))?;
        Ok(match &self.encryption {
            Encryption::Unsaid => true,
            Encryption::Store(kind, _) => head.server_side_encryption() == Some(kind),
            Encryption::Ours(_, md5) => head.sse_customer_key_md5() == Some(md5),
        })
    }

    async fn check_lock(&self) -> Result<()> {
        let asked = self.client.get_object_lock_configuration().bucket(&self.bucket).send().await;
        let enabled = asked.is_ok_and(|answer| {
            answer.object_lock_configuration().and_then(|lock| lock.object_lock_enabled())
                == Some(&ObjectLockEnabled::Enabled)
        });
        ensure!(enabled, "vault.object_lock_days is set, but the bucket {} has no object lock", self.bucket);
        Ok(())
    }

    /// Until when a recording that is finished now is to be kept from being deleted, where it is.
    pub fn lock_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.lock_days.map(|days| now + chrono::Duration::days(i64::from(days)))
    }

    /// Has the store refuse to delete an object until then.
    ///
    /// # Errors
    /// When the store is away, or its bucket has no object lock.
    pub async fn lock(&self, key: Key, until: DateTime<Utc>) -> Result<()> {
        let retention = ObjectLockRetention::builder()
            .mode(ObjectLockRetentionMode::Governance)
            .retain_until_date(aws_sdk_s3::primitives::DateTime::from_secs(until.timestamp()))
            .build();
        self.client
            .put_object_retention()
            .bucket(&self.bucket)
            .key(key.path())
            .retention(retention)
            .send()
            .await
            .with_context(|| format!("{} cannot be locked", key.path()))?;
        Ok(())
    }

    /// Stores a small object whole.
    ///
    /// # Errors
    /// When the store is away or refuses.
    pub async fn put(&self, key: Key, bytes: Bytes, content_type: &str) -> Result<()> {
        encrypted!(self, self.client.put_object())
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
        let answer = with_key!(self, self.client.get_object())
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
        let head = with_key!(self, self.client.head_object()).bucket(&self.bucket).key(key.path());
        match head.send().await {
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
        self.delete_all(&[key]).await.with_context(|| format!("{} cannot be deleted", key.path()))
    }

    /// Deletes many objects.
    ///
    /// # Errors
    /// When the store is away or keeps one of them.
    pub async fn delete_all(&self, keys: &[Key]) -> Result<()> {
        for keys in keys.chunks(1000) {
            let objects = keys.iter().map(|key| object(key.path(), None));
            self.delete_objects(objects.collect::<Result<_>>()?).await?;
        }
        if self.lock_days.is_some() {
            // A bucket with object lock keeps old versions of what was deleted.
            for key in keys {
                self.delete_versions(&key.path()).await?;
            }
        }
        Ok(())
    }

    async fn delete_versions(&self, path: &str) -> Result<()> {
        let answer = self
            .client
            .list_object_versions()
            .bucket(&self.bucket)
            .prefix(path)
            .send()
            .await
            .with_context(|| format!("the versions of {path} cannot be listed"))?;
        let versions = answer.versions().iter().map(|version| (version.key(), version.version_id()));
        let markers = answer.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
        let objects = versions
            .chain(markers)
            .filter(|(key, _)| *key == Some(path))
            // The one without an id is deleted by its name.
            .filter_map(|(_, version)| version.filter(|version| *version != "null"))
            .map(|version| object(path.to_owned(), Some(version)))
            .collect::<Result<Vec<_>>>()?;
        self.delete_objects(objects).await
    }

    async fn delete_objects(&self, objects: Vec<ObjectIdentifier>) -> Result<()> {
        if objects.is_empty() {
            return Ok(());
        }
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
        Ok(())
    }

    /// Begins a multipart upload; gives its id.
    ///
    /// # Errors
    /// When the store is away or refuses.
    pub async fn begin_upload(&self, key: Key, content_type: &str) -> Result<String> {
        let answer = encrypted!(self, self.client.create_multipart_upload())
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
        let answer = with_key!(self, self.client.upload_part())
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
        with_key!(self, self.client.complete_multipart_upload())
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

fn object(key: String, version: Option<&str>) -> Result<ObjectIdentifier> {
    Ok(ObjectIdentifier::builder().key(key).set_version_id(version.map(ToOwned::to_owned)).build()?)
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

    use std::sync::{Arc, Mutex};

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    const HEAD: &str = "ETag: \"e\"\r\nx-amz-server-side-encryption: aws:kms\r\n";
    const BEGUN: &str =
        "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>";
    const DONE: &str = "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>";

    /// A store that notes the head of each request and is content with all.
    async fn store() -> (String, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let heads = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let noted = Arc::clone(&noted);
                tokio::spawn(async move {
                    let mut bytes = Vec::new();
                    let end = loop {
                        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                            break end;
                        }
                        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                            return;
                        }
                    };
                    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
                    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                    let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
                    while bytes.len() < end + 4 + length {
                        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                            return;
                        }
                    }
                    let body = match head.split(' ').collect::<Vec<_>>()[..2] {
                        ["post", path] if path.contains("uploads") => BEGUN,
                        ["post", _] => DONE,
                        ["get", _] => "probe",
                        _ => "",
                    };
                    noted.lock().expect("a list").push(head);
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\n{HEAD}Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        (format!("http://{address}"), heads)
    }

    fn vault(endpoint: String, encryption: config::Encryption) -> Vault {
        let ours = encryption == config::Encryption::SseC;
        let kms = encryption == config::Encryption::SseKms;
        Vault::new(&config::Vault {
            endpoint: Some(endpoint),
            region: "us-east-1".to_owned(),
            bucket: "b".to_owned(),
            access_key: Some("access".into()),
            access_key_file: None,
            secret_key: Some("secret".into()),
            secret_key_file: None,
            force_path_style: true,
            download: config::Download::Proxy,
            encryption,
            encryption_key_id: kms.then(|| "alias/recordings".to_owned()),
            encryption_key: ours.then(|| STANDARD.encode([7; 32]).into()),
            encryption_key_file: None,
            object_lock_days: None,
        })
        .expect("a vault")
    }

    /// Uses an object in every way; gives the heads of the requests, each with what it was.
    async fn used(encryption: config::Encryption) -> Vec<String> {
        let (endpoint, heads) = store().await;
        let vault = vault(endpoint, encryption);
        let key = Key::Probe(uuid::Uuid::nil());
        vault.put(key, Bytes::from_static(b"probe"), "text/plain").await.expect("written");
        let upload = vault.begin_upload(key, "text/plain").await.expect("begun");
        let part = vault.put_part(key, &upload, 1, Bytes::from_static(b"probe")).await.expect("a part");
        vault.complete_upload(key, &upload, &[part]).await.expect("completed");
        vault.read(key).await.expect("read");
        vault.size(key).await.expect("looked at");
        let heads = heads.lock().expect("a list").clone();
        assert_eq!(heads.len(), 6);
        heads
    }

    #[tokio::test]
    async fn every_request_asks_for_the_encryption_that_is_wanted() {
        // What makes an object: put, begin of an upload.
        let makes = [true, true, false, false, false, false];
        let plain = used(config::Encryption::None).await;
        assert!(plain.iter().all(|head| !head.contains("server-side-encryption")), "{plain:?}");
        for (n, head) in used(config::Encryption::SseS3).await.iter().enumerate() {
            assert_eq!(head.contains("\nx-amz-server-side-encryption: aes256"), makes[n], "{head}");
        }
        for (n, head) in used(config::Encryption::SseKms).await.iter().enumerate() {
            let asks = head.contains("\nx-amz-server-side-encryption: aws:kms")
                && head.contains("\nx-amz-server-side-encryption-aws-kms-key-id: alias/recordings");
            assert_eq!(asks, makes[n], "{head}");
        }
        let ours = used(config::Encryption::SseC).await;
        let key = STANDARD.encode([7; 32]).to_lowercase();
        let md5 = STANDARD.encode(Md5::digest([7; 32])).to_lowercase();
        for head in &ours {
            let prefix = "\nx-amz-server-side-encryption-customer";
            assert!(head.contains(&format!("{prefix}-algorithm: aes256")), "{head}");
            assert!(head.contains(&format!("{prefix}-key: {key}")), "{head}");
            assert!(head.contains(&format!("{prefix}-key-md5: {md5}")), "{head}");
        }
    }

    #[tokio::test]
    async fn a_store_that_does_not_encrypt_as_it_should_is_found_out() {
        let (endpoint, _) = store().await;
        let found = async |encryption| {
            let vault = vault(endpoint.clone(), encryption);
            vault.is_encrypted(Key::Probe(uuid::Uuid::nil())).await.expect("looked at")
        };
        assert!(found(config::Encryption::SseKms).await && found(config::Encryption::None).await);
        assert!(!found(config::Encryption::SseS3).await && !found(config::Encryption::SseC).await);
    }

    #[test]
    fn the_key_shows_in_no_log() {
        let vault = vault("http://127.0.0.1:1".to_owned(), config::Encryption::SseC);
        assert!(!format!("{vault:?}").contains(&STANDARD.encode([7; 32])));
    }
}
