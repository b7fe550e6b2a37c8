//! What is to be done, by what is known. Pure.

use std::time::{Duration, Instant};

use kernel::{
    egress::{Stage, Told},
    recording::{FailureCode, Layout, StopReason},
};

/// By how much longer a recorder that is done may be away from the room: it stores its file then.
const STORING: u32 = 10;

/// Who is in the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// How many people.
    pub people: usize,
    /// Whether the recorder of the service is.
    pub has_recorder: bool,
}

/// Why there is no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The code.
    pub code: FailureCode,
    /// One sentence for people.
    pub detail: &'static str,
}

impl Failure {
    /// With a sentence that says more than the code does.
    pub const fn new(code: FailureCode, detail: &'static str) -> Self {
        Self { code, detail }
    }

    /// With the code's own sentence.
    pub const fn plain(code: FailureCode) -> Self {
        Self { code, detail: code.sentence() }
    }
}

/// The layout of the service's template. Its grid gives way to the speaker's layout while a screen is shared, and in that a
/// shared screen is always the large picture. Sound alone needs none, and without one the service opens no browser for it.
pub const fn template(layout: Layout, audio_only: bool) -> &'static str {
    match layout {
        _ if audio_only => "",
        Layout::Grid => "grid",
        Layout::Speaker | Layout::Screen => "speaker",
    }
}

/// The egress among all of a room that stores under `path`: one that still runs, else the last.
pub fn ours(all: &[Told], path: &str) -> Option<Told> {
    let ours = all.iter().filter(|told| told.path == path);
    ours.max_by_key(|told| (!told.stage.is_final(), told.updated_at.or(told.started_at))).cloned()
}

/// Others that store under the same name and still run: a start whose answer was lost has made one too many.
pub fn doubles<'a>(all: &'a [Told], kept: &Told) -> impl Iterator<Item = &'a str> {
    let (id, path) = (kept.egress_id.clone(), kept.path.clone());
    all.iter()
        .filter(move |told| {
            !path.is_empty() && told.path == path && told.egress_id != id && !told.stage.is_final()
        })
        .map(|told| told.egress_id.as_str())
}

/// What a final stage means when nothing is stored. A file that is stored counts more than any of it.
pub fn failure(told: &Told) -> Failure {
    use FailureCode::{EngineFailed, NothingRecorded, RecorderLost, RoomUnreachable, VaultFailed};
    let says = |word: &str| {
        let found = |text: &str| text.to_ascii_lowercase().contains(word);
        found(&told.error) || found(&told.details)
    };
    match told.stage {
        _ if told.is_elsewhere => Failure::new(
            VaultFailed,
            "The recording service could not reach the vault and kept the recording in its own backup store.",
        ),
        Stage::LimitReached => Failure::new(
            NothingRecorded,
            "The recording service reached its limit of time before anything was recorded.",
        ),
        Stage::Aborted => Failure::plain(NothingRecorded),
        Stage::Complete => Failure::new(
            VaultFailed,
            "The recording service says that it is done, but no file is in the vault.",
        ),
        _ if says("upload") || says("storage") => {
            Failure::new(VaultFailed, "The recording service could not store the recording.")
        }
        _ if says("cpu exhausted") || told.error.starts_with("OOM") => Failure::new(
            EngineFailed,
            "The recording service had too little computing power left and gave the recording up.",
        ),
        _ if says("process killed") || says("shutting down") => {
            Failure::new(RecorderLost, "The recording service was stopped in the middle of the recording.")
        }
        _ if says("start signal") || says("page load") || says("template error") => {
            Failure::new(RoomUnreachable, "The recording service could not open the meeting room.")
        }
        _ if says("connection to room") => {
            Failure::new(RoomUnreachable, "The recording service lost its connection to the meeting room.")
        }
        _ => Failure::new(EngineFailed, "The recording service failed."),
    }
}

/// Why it ended, when nobody had asked for it.
pub const fn own_end(stage: Stage) -> StopReason {
    match stage {
        Stage::LimitReached => StopReason::TooLong,
        // It ends by itself when LiveKit closes the room, and that does so when nobody is there.
        _ => StopReason::RoomEmpty,
    }
}

/// Since when something is missing that has to be there.
#[derive(Debug, Default)]
pub struct Watch {
    gone_since: Option<Instant>,
    empty_since: Option<Instant>,
}

impl Watch {
    /// Takes what was seen: the room, and whether the service still lists the egress.
    pub fn saw(&mut self, room: Room, is_listed: bool, now: Instant) {
        let note = |since: &mut Option<Instant>, is_so: bool| {
            *since = is_so.then(|| since.unwrap_or(now));
        };
        note(&mut self.gone_since, !is_listed || !room.has_recorder);
        note(&mut self.empty_since, room.people == 0);
    }

    /// Whether the recorder is given up. It says nothing any more and nobody can ask it, so its place in the room is the only
    /// sign of life that it gives.
    pub fn is_lost(&self, stage: Stage, after: Duration, now: Instant) -> bool {
        let after = if stage == Stage::Ending { after * STORING } else { after };
        !stage.is_final() && self.gone_since.is_some_and(|since| now.duration_since(since) >= after)
    }

    /// Whether nobody has been in the room for so long.
    pub fn is_empty(&self, after: Duration, now: Instant) -> bool {
        self.empty_since.is_some_and(|since| now.duration_since(since) >= after)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(id: &str, status: &str, error: &str) -> Told {
        let output = json!([{"filepath": "ours.mp4"}]);
        Told::read(&json!({"egressId": id, "status": status, "error": error, "roomComposite": {"fileOutputs": output}}))
            .expect("an egress")
    }

    #[test]
    fn layouts_have_their_template() {
        assert_eq!(template(Layout::Grid, false), "grid");
        assert_eq!(template(Layout::Speaker, false), "speaker");
        assert_eq!(template(Layout::Screen, false), "speaker");
        assert_eq!(template(Layout::Speaker, true), "");
    }

    #[test]
    fn ours_is_known_by_the_file_and_a_running_one_comes_first() {
        let other = Told { path: "theirs.mp4".into(), ..told("EG_0", "EGRESS_ACTIVE", "") };
        let all = [
            other,
            told("EG_1", "EGRESS_FAILED", ""),
            told("EG_2", "EGRESS_ACTIVE", ""),
            told("EG_3", "EGRESS_ABORTED", ""),
        ];
        assert_eq!(ours(&all, "ours.mp4").map(|told| told.egress_id), Some("EG_2".to_owned()));
        assert_eq!(ours(&all, "nobody.mp4"), None);
        let kept = told("EG_9", "EGRESS_ACTIVE", "");
        assert_eq!(doubles(&all, &kept).collect::<Vec<_>>(), ["EG_2"]);
        assert_eq!(doubles(&all, &all[2]).count(), 0);
    }

    #[test]
    fn every_failure_has_a_reason_that_people_understand() {
        use FailureCode::{EngineFailed, NothingRecorded, RecorderLost, RoomUnreachable, VaultFailed};
        for (status, error, code) in [
            (
                "EGRESS_FAILED",
                "S3 upload failed: operation error S3: PutObject, https://minio.internal",
                VaultFailed,
            ),
            ("EGRESS_FAILED", "CPU exhausted: 3.90 cores used", EngineFailed),
            ("EGRESS_FAILED", "OOM: 3.20 GB used", EngineFailed),
            ("EGRESS_FAILED", "Start signal not received", RoomUnreachable),
            ("EGRESS_FAILED", "page load error: net::ERR_CONNECTION_REFUSED", RoomUnreachable),
            ("EGRESS_FAILED", "recording ended early: connection to room failed", RoomUnreachable),
            ("EGRESS_FAILED", "End reason: Process killed", RecorderLost),
            ("EGRESS_FAILED", "something new", EngineFailed),
            ("EGRESS_ABORTED", "Stop called before pipeline could start", NothingRecorded),
            ("EGRESS_LIMIT_REACHED", "Session limit reached before start signal", NothingRecorded),
            ("EGRESS_COMPLETE", "", VaultFailed),
        ] {
            let failure = failure(&told("EG_1", status, error));
            assert_eq!(failure.code, code, "{status} {error}");
            assert!(failure.detail.ends_with('.') && !failure.detail.contains("minio"), "{}", failure.detail);
        }
        let elsewhere = Told { is_elsewhere: true, ..told("EG_1", "EGRESS_COMPLETE", "") };
        assert!(failure(&elsewhere).detail.contains("backup"));
    }

    #[test]
    fn a_recorder_is_given_up_only_after_a_while_away() {
        let (start, limit) = (Instant::now(), Duration::from_mins(1));
        let at = |seconds| start + Duration::from_secs(seconds);
        let (here, away) = (Room { people: 1, has_recorder: true }, Room { people: 1, has_recorder: false });
        let mut watch = Watch::default();
        assert!(!watch.is_lost(Stage::Active, limit, at(9999)), "nothing was seen yet");
        watch.saw(away, true, at(0));
        watch.saw(away, true, at(50));
        assert!(!watch.is_lost(Stage::Active, limit, at(59)) && watch.is_lost(Stage::Active, limit, at(60)));
        assert!(
            !watch.is_lost(Stage::Ending, limit, at(599)) && watch.is_lost(Stage::Ending, limit, at(600))
        );
        assert!(!watch.is_lost(Stage::Complete, limit, at(9999)));
        watch.saw(here, true, at(61));
        assert!(!watch.is_lost(Stage::Active, limit, at(9999)), "it came back");
        watch.saw(here, false, at(70));
        assert!(watch.is_lost(Stage::Active, limit, at(130)), "the service has forgotten it");
    }

    #[test]
    fn a_room_is_empty_when_nobody_was_there_for_long_enough() {
        let (start, limit) = (Instant::now(), Duration::from_secs(30));
        let mut watch = Watch::default();
        watch.saw(Room { people: 0, has_recorder: true }, true, start);
        assert!(!watch.is_empty(limit, start) && watch.is_empty(limit, start + limit));
        watch.saw(Room { people: 1, has_recorder: true }, true, start + limit);
        assert!(!watch.is_empty(limit, start + limit * 9));
    }
}
