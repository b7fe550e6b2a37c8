//! Calls to the LiveKit Egress service, through LiveKit's server.

use std::time::Duration;

use anyhow::Result;
use kernel::{
    config::{self, Config},
    egress::{self, Stage, StoredFile, Told, short},
    recording::Layout,
};
use livekit_api::services::{
    ServiceError, TwirpError, TwirpErrorCode,
    egress::{
        EgressClient, EgressListFilter, EgressListOptions, EgressOutput, RoomCompositeOptions, encoding,
    },
    room::RoomClient,
};
use livekit_protocol as proto;
use proto::encoded_file_output::Output;
use secrecy::{ExposeSecret, SecretString};

use super::rules::{self, Room};

/// How long a call may take that starts nothing.
const QUICK: Duration = Duration::from_secs(10);

/// Why a call came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// No recorder of the service is free.
    #[error("no recorder of the service is free")]
    Busy,
    /// There is no such room, or no such egress.
    #[error("not there")]
    Absent,
    /// It is not allowed, or not possible at all.
    #[error("refused: {0}")]
    Refused(String),
    /// LiveKit cannot be reached; nothing has happened.
    #[error("LiveKit is away: {0}")]
    Away(String),
    /// No clear answer came; it may have happened or not.
    #[error("no clear answer: {0}")]
    Unclear(String),
}

/// What is to be recorded.
#[derive(Debug)]
pub struct Order<'a> {
    /// The room.
    pub room: &'a str,
    /// Under which name the file is stored.
    pub path: String,
    /// How the picture is composed.
    pub layout: Layout,
    /// Sound without pictures.
    pub audio_only: bool,
}

/// The service.
pub struct Service {
    /// Patient, for starts.
    starting: EgressClient,
    egress: EgressClient,
    rooms: RoomClient,
    /// Where files are stored, unless the service knows by itself.
    storage: Option<Storage>,
    /// How long a recording waits for a recorder.
    pub patience: Duration,
    /// How long a recorder may be missing.
    pub lost_after: Duration,
}

struct Storage {
    vault: config::Vault,
    access_key: SecretString,
    secret_key: SecretString,
    endpoint: String,
}

impl Service {
    /// The service behind the LiveKit server of the configuration; nothing is sent yet.
    ///
    /// # Errors
    /// When the keys of LiveKit are not configured.
    pub fn new(config: &Config) -> Result<Self> {
        let keys = config.livekit_keys()?;
        let url = config.livekit_http_url();
        let (key, secret) = (keys.api_key.as_str(), keys.api_secret.expose_secret());
        let settings = &config.recorder.livekit_egress;
        let vault = &config.vault;
        let storage = match (&vault.access_key, &vault.secret_key) {
            (Some(access_key), Some(secret_key)) if settings.send_keys => Some(Storage {
                vault: vault.clone(),
                access_key: access_key.clone(),
                secret_key: secret_key.clone(),
                endpoint: settings.vault_endpoint.clone().or(vault.endpoint.clone()).unwrap_or_default(),
            }),
            _ => None,
        };
        let client = || EgressClient::with_api_key(&url, key, secret);
        Ok(Self {
            starting: client().with_request_timeout(settings.start_timeout),
            egress: client().with_request_timeout(QUICK),
            rooms: RoomClient::with_api_key(&url, key, secret).with_request_timeout(QUICK),
            storage,
            patience: settings.patience,
            lost_after: settings.lost_after,
        })
    }

    /// Starts an egress. Every call that the service hears starts another one.
    pub async fn start(&self, order: &Order<'_>) -> Result<Told, Trouble> {
        let options = RoomCompositeOptions {
            layout: rules::template(order.layout, order.audio_only).to_owned(),
            audio_only: order.audio_only,
            // As large as what the native engine makes; its sound codec is the one that every player knows.
            encoding: encoding::EncodingOptions {
                audio_codec: proto::AudioCodec::Aac,
                audio_frequency: 48_000,
                keyframe_interval: 2.0,
                ..encoding::H264_720P_30
            },
            ..Default::default()
        };
        let output = proto::EncodedFileOutput {
            file_type: proto::EncodedFileType::Mp4.into(),
            filepath: order.path.clone(),
            disable_manifest: true,
            output: self.storage.as_ref().map(|storage| Output::S3(storage.upload())),
        };
        let outputs = vec![EgressOutput::File(output)];
        let info =
            self.starting.start_room_composite_egress(order.room, outputs, options).await.map_err(trouble)?;
        told(&info).ok_or_else(|| Trouble::Unclear("an egress without an id".to_owned()))
    }

    /// Asks for the end of an egress; tells how it is then.
    pub async fn stop(&self, egress_id: &str) -> Result<Option<Told>, Trouble> {
        Ok(told(&self.egress.stop_egress(egress_id).await.map_err(trouble)?))
    }

    /// All that the service knows of a room.
    pub async fn list(&self, room: &str) -> Result<Vec<Told>, Trouble> {
        let options =
            EgressListOptions { filter: EgressListFilter::Room(room.to_owned()), ..Default::default() };
        let list = self.egress.list_egress(options).await.map_err(trouble)?;
        Ok(list.iter().filter_map(told).collect())
    }

    /// Whether the service answers at all.
    pub async fn answers(&self) -> Result<(), Trouble> {
        let options = EgressListOptions { active: true, ..Default::default() };
        self.egress.list_egress(options).await.map(drop).map_err(trouble)
    }

    /// Who is in a room: whether the recorder is, and how many people are.
    pub async fn room(&self, room: &str, egress_id: &str) -> Result<Room, Trouble> {
        use proto::participant_info::{Kind, State};
        let all = self.rooms.list_participants(room).await.map_err(trouble)?;
        let mut here = all.iter().filter(|one| one.state() != State::Disconnected);
        let is_person = |one: &&proto::ParticipantInfo| {
            matches!(one.kind(), Kind::Standard | Kind::Sip)
                && !one.permission.as_ref().is_some_and(|permission| permission.hidden)
        };
        Ok(Room {
            people: here.clone().filter(is_person).count(),
            has_recorder: here.any(|one| one.identity == egress_id),
        })
    }
}

impl Storage {
    fn upload(&self) -> proto::S3Upload {
        proto::S3Upload {
            access_key: self.access_key.expose_secret().to_owned(),
            secret: self.secret_key.expose_secret().to_owned(),
            region: self.vault.region.clone(),
            endpoint: self.endpoint.clone(),
            bucket: self.vault.bucket.clone(),
            force_path_style: self.vault.force_path_style,
            ..Default::default()
        }
    }
}

/// What the service tells of an egress. `None` when it has no id, or its state has no name yet.
#[expect(deprecated, reason = "what was asked for may be told in the older form")]
fn told(info: &proto::EgressInfo) -> Option<Told> {
    use proto::{egress_info::Request, room_composite_egress_request::Output as Older};
    let file = info.file_results.first();
    let asked = match &info.request {
        Some(Request::RoomComposite(request)) => match &request.output {
            Some(Older::File(file)) => Some(file),
            _ => request.file_outputs.first(),
        },
        _ => None,
    };
    let path = asked.map(|asked| &asked.filepath).or(file.map(|file| &file.filename));
    let stage = proto::EgressStatus::try_from(info.status).ok()?;
    (!info.egress_id.is_empty()).then_some(())?;
    Some(Told {
        egress_id: info.egress_id.clone(),
        path: path.map(|path| short(path)).unwrap_or_default(),
        stage: Stage::named(stage.as_str_name())?,
        started_at: egress::at(info.started_at),
        updated_at: egress::at(info.updated_at),
        ended_at: egress::at(info.ended_at),
        file: StoredFile {
            started_at: file.and_then(|file| egress::at(file.started_at)),
            ended_at: file.and_then(|file| egress::at(file.ended_at)),
            size: file.map_or(0, |file| egress::size(file.size)),
        },
        error: short(&info.error),
        details: short(&info.details),
        is_elsewhere: info.backup_storage_used,
    })
}

fn trouble(error: ServiceError) -> Trouble {
    let ServiceError::Twirp(error) = error else { return Trouble::Refused(short(&error.to_string())) };
    match error {
        TwirpError::Twirp(said) => named(&said.code, &said.msg),
        TwirpError::Request(error) if error.is_connect() => Trouble::Away(short(&error.to_string())),
        error => Trouble::Unclear(short(&error.to_string())),
    }
}

/// What an answer means that is an error in LiveKit's words.
fn named(code: &str, message: &str) -> Trouble {
    match code {
        TwirpErrorCode::UNAVAILABLE | TwirpErrorCode::RESOURCE_EXHAUSTED => Trouble::Busy,
        TwirpErrorCode::NOT_FOUND => Trouble::Absent,
        // LiveKit may repeat the token in what it says.
        TwirpErrorCode::UNAUTHENTICATED | TwirpErrorCode::PERMISSION_DENIED => {
            Trouble::Refused("LiveKit does not take our key".to_owned())
        }
        // Without Redis a LiveKit server knows of no recording service.
        _ if message.contains("egress not connected") => Trouble::Refused(short(message)),
        TwirpErrorCode::INTERNAL
        | TwirpErrorCode::UNKNOWN
        | TwirpErrorCode::DEADLINE_EXCEEDED
        | TwirpErrorCode::CANCELED
        | TwirpErrorCode::ABORTED => Trouble::Unclear(short(message)),
        _ => Trouble::Refused(short(message)),
    }
}

#[cfg(test)]
mod tests {
    use proto::{EgressInfo, EncodedFileOutput, FileInfo, RoomCompositeEgressRequest, egress_info::Request};

    use super::*;

    #[test]
    fn the_same_is_told_in_both_forms() {
        let output = EncodedFileOutput { filepath: "a/b.mp4".into(), ..Default::default() };
        let request = RoomCompositeEgressRequest { file_outputs: vec![output], ..Default::default() };
        let file = FileInfo {
            filename: "a/b.mp4".into(),
            started_at: 1_795_240_001_000_000_000,
            ended_at: 1_795_240_008_000_000_000,
            size: 1234,
            ..Default::default()
        };
        let info = EgressInfo {
            egress_id: "EG_1".into(),
            status: proto::EgressStatus::EgressLimitReached.into(),
            started_at: 1_795_240_000_000_000_000,
            updated_at: 1_795_240_009_000_000_000,
            error: "Session limit reached".into(),
            error_code: 413,
            details: "End reason: Session limit reached".into(),
            file_results: vec![file],
            request: Some(Request::RoomComposite(request)),
            ..Default::default()
        };
        let from_webhook = Told::read(&serde_json::to_value(&info).expect("protobuf's JSON"));
        assert_eq!(told(&info), from_webhook);
        assert_eq!(from_webhook.expect("an egress").stage, Stage::LimitReached);
        assert_eq!(told(&EgressInfo::default()), None);
        let unknown = EgressInfo { egress_id: "EG_1".into(), status: 99, ..Default::default() };
        assert_eq!(told(&unknown), None);
    }

    #[test]
    fn what_livekit_refuses_is_told_from_what_may_have_happened() {
        assert_eq!(named("unavailable", "no response from servers"), Trouble::Busy);
        assert_eq!(named("not_found", "requested room does not exist"), Trouble::Absent);
        assert!(matches!(named("deadline_exceeded", ""), Trouble::Unclear(_)));
        assert!(matches!(named("invalid_argument", "bad"), Trouble::Refused(_)));
        assert!(matches!(named("internal", "egress not connected (redis required)"), Trouble::Refused(_)));
        let refused = named("unauthenticated", "invalid token: eyJhbGciOi, error: x");
        assert!(!refused.to_string().contains("eyJ"), "{refused}");
    }
}
