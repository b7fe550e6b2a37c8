//! Pure rules of recordings.

use std::ops::Range;

use chrono::{DateTime, Utc};
use kernel::recording::{AccessLevel, Gap};
use serde::Serialize;
use utoipa::ToSchema;

use super::store::Means;
use crate::{
    access::policy::OrgRole,
    http::{Checks, Result},
};

/// Longest file name in characters, without what is put behind it.
const LONGEST_NAME: usize = 100;

/// Recorders with less room than this, in bytes, could not bridge an outage of the vault.
const LITTLE_ROOM: i64 = 1_000_000_000;

/// What stands in the way of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Obstacle {
    /// The organization or the meeting does not let it be recorded.
    RecordingOff,
    /// The organization's recordings take all that they may.
    QuotaExceeded,
    /// No recorder is running.
    NoRecorder,
    /// All recorders have as much to do as they can: the recording would wait.
    RecordersBusy,
    /// No recorder reaches the vault: recordings would wait on its disk.
    VaultAway,
    /// The recorders have little room for what the vault does not take.
    LittleRoom,
}

impl Obstacle {
    /// Whether nothing can be recorded as long as it stands.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::RecordingOff | Self::QuotaExceeded | Self::NoRecorder)
    }
}

/// What stands in the way of recording a meeting, the worst first.
pub fn obstacles(means: Means) -> Vec<Obstacle> {
    let there = means.recorders > 0;
    let room = means.room.unwrap_or(i64::MAX);
    [
        (!means.is_allowed, Obstacle::RecordingOff),
        (means.is_full, Obstacle::QuotaExceeded),
        (!there, Obstacle::NoRecorder),
        (there && means.free <= 0, Obstacle::RecordersBusy),
        (there && means.reaching_the_vault == 0, Obstacle::VaultAway),
        (there && room < LITTLE_ROOM, Obstacle::LittleRoom),
    ]
    .into_iter()
    .filter_map(|(stands, obstacle)| stands.then_some(obstacle))
    .collect()
}

/// Where in its file a recording that began at `begin` has the moment `at`, in seconds: what was left out does not count,
/// and a moment within it is where the file goes on.
pub fn position(at: DateTime<Utc>, begin: DateTime<Utc>, left_out: &[Gap]) -> f64 {
    let mut gaps: Vec<&Gap> = left_out.iter().collect();
    gaps.sort_unstable_by_key(|gap| gap.from);
    let (mut missing, mut until) = (chrono::Duration::zero(), begin);
    for gap in gaps {
        // Gaps and pauses may overlap: each moment is missing once.
        let (from, to) = (gap.from.max(until), gap.to.min(at));
        if from < to {
            missing += to - from;
            until = to;
        }
    }
    ((at - begin) - missing).as_seconds_f64().max(0.0)
}

/// The roles to store with an access level: none unless it goes by role, and then each once.
///
/// # Errors
/// 422 when it goes by role and there is none.
pub fn roles_for(level: AccessLevel, mut roles: Vec<OrgRole>) -> Result<Vec<OrgRole>> {
    if level != AccessLevel::RoleBased {
        return Ok(Vec::new());
    }
    roles.sort_unstable();
    roles.dedup();
    Checks::default()
        .require(!roles.is_empty(), "/allowed_roles", "REQUIRED", "Please choose at least one role.")
        .done()?;
    Ok(roles)
}

/// Which part of a file is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    Whole,
    /// These bytes.
    Part(Range<u64>),
    /// Bytes that it has not, or more than one range.
    Unsatisfiable,
}

/// Reads a `Range` header (RFC 9110) for a file of `size` bytes. Other units than bytes are ignored, as they should be.
pub fn wanted(range: Option<&str>, size: u64) -> Wanted {
    let Some((unit, ranges)) = range.and_then(|range| range.split_once('=')) else { return Wanted::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Wanted::Whole;
    }
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // Larger than any file is as good as the largest number.
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let Some((first, last)) = ranges.trim().split_once('-') else { return Wanted::Unsatisfiable };
    let part = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.is_empty() => first..size,
        (None, Some(suffix)) if first.is_empty() => size.saturating_sub(suffix)..size,
        _ => return Wanted::Unsatisfiable,
    };
    if part.start < part.end { Wanted::Part(part) } else { Wanted::Unsatisfiable }
}

/// A name for the downloaded file: the meeting's title and the day.
pub fn file_name(title: &str, started_at: Option<DateTime<Utc>>, content_type: &str) -> String {
    let clean: String = title
        .chars()
        .map(|letter| if letter.is_control() || "\\/:*?\"<>|%;".contains(letter) { ' ' } else { letter })
        .take(LONGEST_NAME)
        .collect();
    let words: Vec<&str> = clean.split_whitespace().collect();
    // A leading dot would hide the file.
    let name = words.join(" ").trim_matches(['.', ' ']).to_owned();
    let name = if name.is_empty() { "recording".to_owned() } else { name };
    let day = started_at.map(|at| at.format(" %Y-%m-%d").to_string()).unwrap_or_default();
    let ending = match content_type {
        "audio/ogg" => "ogg",
        "video/webm" => "webm",
        _ if content_type.starts_with("audio/") => "m4a",
        _ => "mp4",
    };
    format!("{name}{day}.{ending}")
}

/// The same name for those who know ASCII only.
pub fn ascii_name(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_graphic() || letter == ' ' { letter } else { '_' }).collect()
}

/// A `Content-Disposition` header (RFC 6266) with the name in both forms.
pub fn disposition(kind: &str, name: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("{kind}; filename=\"{}\"; filename*=UTF-8''{encoded}", ascii_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_browsers_write_them() {
        let part = |text| wanted(Some(text), 1000);
        assert_eq!(wanted(None, 1000), Wanted::Whole);
        assert_eq!(part("bytes=0-"), Wanted::Part(0..1000));
        assert_eq!(part("bytes=0-0"), Wanted::Part(0..1));
        assert_eq!(part("bytes=500-99999999999999999999999"), Wanted::Part(500..1000));
        assert_eq!(part("bytes=-200"), Wanted::Part(800..1000));
        assert_eq!(part("Bytes=-2000"), Wanted::Part(0..1000));
        assert_eq!(part("items=0-1"), Wanted::Whole);
        for bad in [
            "bytes=1000-",
            "bytes=5-4",
            "bytes=-0",
            "bytes=-",
            "bytes=a-b",
            "bytes=0-1,3-4",
            "bytes=+1-2",
            "bytes=",
        ] {
            assert_eq!(part(bad), Wanted::Unsatisfiable, "{bad}");
        }
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Unsatisfiable);
    }

    #[test]
    fn file_names_are_safe_and_still_readable() {
        let at = DateTime::from_timestamp(1_800_000_000, 0);
        assert_eq!(
            file_name("Weekly: plans/ideas\r\n", at, "video/mp4"),
            "Weekly plans ideas 2027-01-15.mp4"
        );
        assert_eq!(file_name("../..", None, "audio/mp4"), "recording.m4a");
        assert_eq!(file_name("a", None, "video/webm"), "a.webm");
        assert_eq!(file_name("a", None, "audio/ogg"), "a.ogg");
        let header = disposition("attachment", &file_name("Ärzte \"A\"", None, "video/mp4"));
        assert_eq!(header, "attachment; filename=\"_rzte A.mp4\"; filename*=UTF-8''%C3%84rzte%20A.mp4");
    }

    #[test]
    fn what_was_left_out_does_not_count() {
        let at = |seconds: i64| DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("a time");
        let gap = |from, to| Gap { from: at(from), to: at(to) };
        let file = [gap(60, 90), gap(10, 20), gap(15, 30)];
        let close = |one: f64, other: f64| (one - other).abs() < 1e-9;
        for (moment, place) in
            [(-5, 0.0), (0, 0.0), (5, 5.0), (12, 10.0), (30, 10.0), (60, 40.0), (75, 40.0), (100, 50.0)]
        {
            assert!(close(position(at(moment), at(0), &file), place), "{moment}");
        }
    }

    #[test]
    fn what_stands_in_the_way_is_told_the_worst_first() {
        let fine = Means {
            is_allowed: true,
            is_full: false,
            recorders: 1,
            free: 2,
            reaching_the_vault: 1,
            room: Some(LITTLE_ROOM),
        };
        assert_eq!(obstacles(fine), []);
        assert_eq!(obstacles(Means { room: None, ..fine }), [], "a recorder that does not say");
        assert_eq!(obstacles(Means { free: 0, ..fine }), [Obstacle::RecordersBusy]);
        assert_eq!(
            obstacles(Means { free: -3, room: Some(5), ..fine }),
            [Obstacle::RecordersBusy, Obstacle::LittleRoom]
        );
        assert_eq!(obstacles(Means { reaching_the_vault: 0, ..fine }), [Obstacle::VaultAway]);
        let none = Means {
            is_allowed: false,
            is_full: true,
            recorders: 0,
            free: 0,
            reaching_the_vault: 0,
            room: None,
        };
        let all = [Obstacle::RecordingOff, Obstacle::QuotaExceeded, Obstacle::NoRecorder];
        assert_eq!(obstacles(none), all);
        assert!(all.into_iter().all(Obstacle::is_final));
    }

    #[test]
    fn roles_belong_to_access_by_role_only() {
        let roles = vec![OrgRole::Member, OrgRole::Admin, OrgRole::Member];
        assert_eq!(
            roles_for(AccessLevel::RoleBased, roles.clone()).expect("roles"),
            [OrgRole::Admin, OrgRole::Member]
        );
        assert!(roles_for(AccessLevel::Public, roles).expect("none").is_empty());
        assert!(roles_for(AccessLevel::RoleBased, Vec::new()).is_err());
    }
}
