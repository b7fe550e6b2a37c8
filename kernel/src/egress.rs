//! What the LiveKit Egress service says of a recording that it makes, and the rule by which its words are put together.
//!
//! The same is told twice: the service answers the handler's questions, and LiveKit sends webhooks, which come doubled, late
//! and in any order. Either way it becomes a [`Told`], and [`Told::and`] keeps what is furthest.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The engine, as recordings name it.
pub const ENGINE: &str = "livekit_egress";

/// Longest id, path or word of the service that is kept, in bytes.
const LONGEST: usize = 500;

/// How far the service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A recorder opens the room.
    Starting,
    /// Pictures and sound are being kept.
    Active,
    /// It has ended; the file is being stored.
    Ending,
    /// The file is stored.
    Complete,
    /// Something broke.
    Failed,
    /// It was stopped before it began.
    Aborted,
    /// It was as long as the service allows.
    LimitReached,
}

impl Stage {
    /// The stage that LiveKit's protocol calls so; the first one is not sent at all.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "" | "EGRESS_STARTING" => Self::Starting,
            "EGRESS_ACTIVE" => Self::Active,
            "EGRESS_ENDING" => Self::Ending,
            "EGRESS_COMPLETE" => Self::Complete,
            "EGRESS_FAILED" => Self::Failed,
            "EGRESS_ABORTED" => Self::Aborted,
            "EGRESS_LIMIT_REACHED" => Self::LimitReached,
            _ => return None,
        })
    }

    /// Whether nothing follows.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Complete | Self::Failed | Self::Aborted | Self::LimitReached)
    }

    /// Its place on the way.
    const fn place(self) -> u8 {
        match self {
            Self::Starting => 0,
            Self::Active => 1,
            Self::Ending => 2,
            Self::Complete | Self::Failed | Self::Aborted | Self::LimitReached => 3,
        }
    }
}

/// The file, as the service tells of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct StoredFile {
    /// When its first picture was taken.
    pub started_at: Option<DateTime<Utc>>,
    /// When its last picture was taken.
    pub ended_at: Option<DateTime<Utc>>,
    /// How large it is; zero as long as it is not stored.
    pub size: u64,
}

/// What is known of an egress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Its id with the service; also the identity of its recorder in the room.
    pub egress_id: String,
    /// Under which name it stores the file.
    pub path: String,
    /// How far it is.
    pub stage: Stage,
    /// When it was asked for.
    pub started_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// The file.
    pub file: StoredFile,
    /// What went wrong, in the service's words; for logs, not for people.
    pub error: String,
    /// Why it ended, in the service's words.
    pub details: String,
    /// The file is not in the vault but where the service puts what it cannot store.
    pub is_elsewhere: bool,
}

impl Told {
    /// Reads the `egressInfo` of a webhook, tolerantly: words and fields of a newer LiveKit are passed over. `None` when it
    /// names no egress or no stage that is known.
    pub fn read(info: &Value) -> Option<Self> {
        let text = |pointer: &str| short(info.pointer(pointer).and_then(Value::as_str).unwrap_or_default());
        let time = |pointer: &str| info.pointer(pointer).and_then(number).and_then(at);
        let path = [
            "/roomComposite/fileOutputs/0/filepath",
            "/roomComposite/file/filepath",
            "/fileResults/0/filename",
        ]
        .into_iter()
        .map(text)
        .find(|path| !path.is_empty());
        Some(Self {
            egress_id: Some(text("/egressId")).filter(|id| !id.is_empty())?,
            path: path.unwrap_or_default(),
            stage: Stage::named(&text("/status"))?,
            started_at: time("/startedAt"),
            updated_at: time("/updatedAt"),
            ended_at: time("/endedAt"),
            file: StoredFile {
                started_at: time("/fileResults/0/startedAt"),
                ended_at: time("/fileResults/0/endedAt"),
                size: info.pointer("/fileResults/0/size").and_then(number).map_or(0, size),
            },
            error: text("/error"),
            details: text("/details"),
            is_elsewhere: info.get("backupStorageUsed").and_then(Value::as_bool).unwrap_or_default(),
        })
    }

    /// What is known once `other` was heard of the same egress as well. It only goes forward: what is final stays, and of
    /// the same stage the later word counts.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let further = (other.stage.place(), other.updated_at) > (self.stage.place(), self.updated_at);
        if self.egress_id == other.egress_id && !self.stage.is_final() && further { other } else { self }
    }

    /// When pictures and sound began to be kept, once they are.
    pub fn began_at(&self) -> Option<DateTime<Utc>> {
        let kept = self.stage != Stage::Starting;
        self.file.started_at.or(self.started_at.filter(|_| kept && self.stage != Stage::Aborted))
    }
}

/// A moment in nanoseconds, as the service writes it; zero is none.
pub fn at(nanoseconds: i64) -> Option<DateTime<Utc>> {
    (nanoseconds > 0).then(|| DateTime::from_timestamp_nanos(nanoseconds))
}

/// A size as the service writes it.
pub fn size(bytes: i64) -> u64 {
    u64::try_from(bytes).unwrap_or(0)
}

/// So much of a text as is kept.
pub fn short(text: &str) -> String {
    text[..text.floor_char_boundary(LONGEST)].to_owned()
}

/// Protobuf writes large numbers as texts.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// Takes out of an `egressInfo` what may hold keys to somebody's store or stream. LiveKit blackens them; nothing here rests on
/// that.
pub fn without_keys(info: &mut Value) {
    const KEYS: [&str; 8] =
        ["s3", "gcp", "azure", "aliOSS", "storage", "webhooks", "streamOutputs", "stream"];
    match info {
        Value::Object(fields) => {
            fields.retain(|name, _| !KEYS.contains(&name.as_str()));
            fields.values_mut().for_each(without_keys);
        }
        Value::Array(items) => items.iter_mut().for_each(without_keys),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn told(stage: Stage, updated: i64) -> Told {
        let info = json!({"egressId": "EG_1", "updatedAt": updated.to_string()});
        Told { stage, ..Told::read(&info).expect("an egress") }
    }

    #[test]
    fn a_webhook_is_read_as_protobuf_writes_it() {
        let info = json!({
            "egressId": "EG_1", "roomName": "r", "status": "EGRESS_COMPLETE",
            "startedAt": "1795240000000000001", "updatedAt": "1795240009000000000", "endedAt": "1795240008000000000",
            "roomComposite": {"fileOutputs": [{"filepath": "a/b.mp4", "s3": {"secret": "{secret}"}}]},
            "fileResults": [{"filename": "a/b.mp4", "startedAt": "1795240001500000000", "duration": "6500000000",
                             "endedAt": "1795240008000000000", "size": "12345678901"}],
            "somethingNew": {"x": 1},
        });
        let told = Told::read(&info).expect("an egress");
        assert_eq!(
            (told.stage, told.path.as_str(), told.file.size),
            (Stage::Complete, "a/b.mp4", 12_345_678_901)
        );
        assert_eq!(told.started_at.and_then(|at| at.timestamp_nanos_opt()), Some(1_795_240_000_000_000_001));
        assert_eq!(told.began_at().map(|at| at.timestamp_millis()), Some(1_795_240_001_500));
        let back: Told = serde_json::from_value(serde_json::to_value(&told).expect("writes")).expect("reads");
        assert_eq!(back, told);
    }

    #[test]
    fn what_is_absent_is_the_default_and_what_is_unknown_is_passed_over() {
        let starting = Told::read(&json!({"egressId": "EG_1"})).expect("an egress");
        assert_eq!((starting.stage, starting.began_at(), starting.file.size), (Stage::Starting, None, 0));
        let long = "ä".repeat(1000);
        let wordy = json!({"egressId": "EG_1", "status": "EGRESS_FAILED", "error": long, "startedAt": {"x": 1}, "fileResults": 7});
        assert_eq!(Told::read(&wordy).expect("an egress").error.len(), LONGEST);
        for nothing in [
            json!({}),
            json!({"egressId": ""}),
            json!({"egressId": "EG_1", "status": "EGRESS_DANCING"}),
            json!([]),
        ] {
            assert_eq!(Told::read(&nothing), None, "{nothing}");
        }
    }

    #[test]
    fn keys_are_taken_out_wherever_they_stand() {
        let mut info = json!({"egressId": "EG_1", "roomComposite": {"fileOutputs": [{"filepath": "a", "s3": {"secret": "x"}}],
            "streamOutputs": [{"urls": ["rtmp://k"]}]}, "track": {"file": {"gcp": {"credentials": "x"}}}});
        without_keys(&mut info);
        let rest = json!({"egressId": "EG_1", "roomComposite": {"fileOutputs": [{"filepath": "a"}]}, "track": {"file": {}}});
        assert_eq!(info, rest);
    }

    #[test]
    fn another_egress_says_nothing_of_this_one() {
        let other = Told { egress_id: "EG_2".into(), ..told(Stage::Complete, 9) };
        assert_eq!(told(Stage::Active, 1).and(other).egress_id, "EG_1");
    }

    /// One way through the stages, each told once or several times with a later moment.
    fn histories() -> impl Strategy<Value = Vec<Told>> {
        let last = prop_oneof![
            Just(Stage::Complete),
            Just(Stage::Failed),
            Just(Stage::Aborted),
            Just(Stage::LimitReached)
        ];
        (1_usize..4, 0_usize..4, 0_usize..4, last).prop_map(|(starting, active, ending, last)| {
            let stages =
                [(Stage::Starting, starting), (Stage::Active, active), (Stage::Ending, ending), (last, 1)];
            let words = stages.into_iter().flat_map(|(stage, times)| std::iter::repeat_n(stage, times));
            words.zip(1..).map(|(stage, moment)| told(stage, moment)).collect()
        })
    }

    proptest! {
        #[test]
        fn doubled_and_reordered_words_come_to_the_same_end(
            (history, heard) in histories().prop_flat_map(|history| {
                let doubled = [history.clone(), history.clone()].concat();
                (Just(history), Just(doubled).prop_shuffle())
            })
        ) {
            let end = heard.into_iter().reduce(Told::and);
            prop_assert_eq!(end.as_ref(), history.last());
        }

        #[test]
        fn it_only_goes_forward_whatever_is_heard(words in prop::collection::vec((0_usize..7, 0_i64..9), 1..20)) {
            use Stage::{Aborted, Active, Complete, Ending, Failed, LimitReached, Starting};
            let stages = [Starting, Active, Ending, Complete, Failed, Aborted, LimitReached];
            let mut known = told(Starting, 0);
            for (stage, moment) in words {
                let next = known.clone().and(told(stages[stage], moment));
                prop_assert!(next.stage.place() >= known.stage.place());
                prop_assert!(!known.stage.is_final() || next == known);
                known = next;
            }
        }
    }
}
