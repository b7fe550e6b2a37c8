//! Pure rules of recordings.

use std::ops::Range;

use chrono::{DateTime, Utc};
use kernel::{
    config::Engine,
    recording::{AccessLevel, Layout},
};

use crate::{
    access::policy::OrgRole,
    http::{Checks, Result},
};

/// Longest file name in characters, without what is put behind it.
const LONGEST_NAME: usize = 100;

/// An engine as recordings name it.
pub const fn engine_name(engine: Engine) -> &'static str {
    match engine {
        Engine::Native => "native",
        Engine::LivekitEgress => "livekit_egress",
    }
}

/// Requires a layout that the recorder can compose.
///
/// # Errors
/// 422 otherwise.
pub fn check_layout(layout: Layout) -> Result<()> {
    let detail = "The recorder cannot compose this layout yet.";
    Checks::default().require(layout.is_supported(), "/layout", "UNSUPPORTED", detail).done()
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
    let ending = if content_type.starts_with("audio/") { "m4a" } else { "mp4" };
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
        let header = disposition("attachment", &file_name("Ärzte \"A\"", None, "video/mp4"));
        assert_eq!(header, "attachment; filename=\"_rzte A.mp4\"; filename*=UTF-8''%C3%84rzte%20A.mp4");
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
