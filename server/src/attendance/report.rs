//! The report: who was there, from when to when. Pure.

use chrono::{DateTime, Duration, Utc};
use kernel::ids::{GuestId, SpanId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    excuses::Excuse,
    model::ClosedBy,
    presence::{self, AttendanceQuorum, Rules, Stretch},
};
use crate::{
    chat::polls::PollResult, participants::model::ParticipantStatus, presence_checks::model::CheckTally,
};

/// What the report has to know of the meeting.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// Scheduled start.
    pub scheduled_start: DateTime<Utc>,
    /// Scheduled end.
    pub scheduled_end: Option<DateTime<Utc>>,
    /// When it began; `None` when it never did.
    pub actual_start: Option<DateTime<Utc>>,
    /// When it ended; `None` while it has not.
    pub actual_end: Option<DateTime<Utc>>,
    /// Minutes after the scheduled start from which a first join is late.
    pub late_threshold_minutes: i64,
    /// What it asks of presence.
    pub rules: Rules,
}

impl Frame {
    /// When it takes place, up to `now`.
    fn stretch(self, now: DateTime<Utc>) -> Option<Stretch> {
        self.actual_start.map(|from| (from, self.actual_end.unwrap_or(now).max(from)))
    }
}

/// Someone who was invited or was there, as stored.
#[derive(Debug, Clone)]
pub struct Attendee {
    /// The person, when they have an account.
    pub user: Option<AttendeeUser>,
    /// Which guest it is, when it is one.
    pub guest_id: Option<GuestId>,
    /// The name a guest gave.
    pub guest_name: Option<String>,
    /// Where they stand; `None` for whoever is not (or no longer) invited.
    pub status: Option<ParticipantStatus>,
    /// Whether they are a member on the list.
    pub is_listed: bool,
    /// Why they need not come.
    pub excuse: Option<Excuse>,
    /// Chat messages they wrote.
    pub messages_sent: i32,
    /// How often they raised a hand.
    pub hand_raised_count: i32,
    /// How long they spoke, as their own device told it; 0 where it is not measured.
    pub speaking_seconds: f64,
    /// What they made of the checks of who is there.
    pub checks: CheckTally,
    /// Guests who turned out to be this member.
    pub came_as: Vec<CameAs>,
    /// When they were there, by beginning.
    pub spans: Vec<AttendanceSpan>,
    /// What was told and is not believed.
    pub struck: Vec<AttendanceSpan>,
}

/// The attendance of a meeting.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Attendance {
    /// The figures.
    pub summary: AttendanceSummary,
    /// From which share of the meeting on somebody counts as present, in percent; `null` where any presence does.
    pub min_presence_percent: Option<u8>,
    /// Whether enough members were there; `null` where the meeting asks for no quorum.
    pub quorum: Option<AttendanceQuorum>,
    /// Everybody who was invited or was there, by name.
    pub items: Vec<AttendanceItem>,
    /// What came out of the polls that were closed, oldest first.
    pub polls: Vec<PollResult>,
}

/// The figures of a meeting's attendance.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AttendanceSummary {
    /// People who were invited.
    pub invited: usize,
    /// People who were there, guests included.
    pub attended: usize,
    /// Members on the list who count as present.
    pub present: usize,
    /// Invited people who were not there, excused or not.
    pub absent: usize,
    /// Members on the list who are excused, and were absent or don't count as present.
    pub excused: usize,
    /// People who came late.
    pub late: usize,
    /// How long those who were there stayed on average.
    pub average_duration_seconds: f64,
    /// The most people who were there at one time.
    pub peak_participants: usize,
    /// How often people were asked whether they are there.
    pub presence_checks: usize,
}

/// The attendance of one person.
#[expect(clippy::struct_excessive_bools, reason = "each is said by itself")]
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AttendanceItem {
    /// The person; `null` for a guest, and for someone whose account was erased.
    pub user: Option<AttendeeUser>,
    /// Which guest it is; `null` for everybody else.
    pub guest_id: Option<GuestId>,
    /// The name a guest gave.
    pub guest_name: Option<String>,
    /// Where they stand.
    pub status: ParticipantStatus,
    /// Whether they are a member on the list; guests are not, nor is whoever was taken off it.
    pub is_listed: bool,
    /// When they first came.
    pub first_joined_at: Option<DateTime<Utc>>,
    /// When they last left.
    pub last_left_at: Option<DateTime<Utc>>,
    /// How long they were there; up to now for whoever still is.
    pub duration_seconds: f64,
    /// Whether they came late.
    pub is_late: bool,
    /// Whether they left before the end.
    pub left_early: bool,
    /// What share of the meeting they were there, 0 to 1; `null` when it never began.
    pub presence_share: Option<f64>,
    /// Whether they count as present: they were there, and as long as the meeting asks for.
    pub counts_as_present: bool,
    /// Why they need not come; `null` for whoever is not excused.
    pub excuse: Option<Excuse>,
    /// Chat messages they wrote.
    pub messages_sent: i32,
    /// How often they raised a hand.
    pub hand_raised_count: i32,
    /// How long they spoke, as their own device told it; 0 where it is not measured.
    pub speaking_seconds: f64,
    /// How often they were asked whether they are there, and said so.
    pub checks: CheckTally,
    /// Guests who turned out to be this member; what they did is counted here.
    pub came_as: Vec<CameAs>,
    /// When they were there, by beginning: their connections, as they were corrected, and what somebody added.
    pub spans: Vec<AttendanceSpan>,
    /// Connections that are believed not to have been theirs, or not to have been; they count nowhere.
    pub struck: Vec<AttendanceSpan>,
}

impl AttendanceItem {
    /// Whether somebody corrected what was recorded of them.
    pub fn is_corrected(&self) -> bool {
        let corrected = self.spans.iter().any(|span| span.correction.is_some());
        corrected || !self.struck.is_empty() || !self.came_as.is_empty()
    }
}

/// A person with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AttendeeUser {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: String,
}

/// A guest who turned out to be a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CameAs {
    /// Which guest.
    pub guest_id: GuestId,
    /// The name they gave.
    pub name: String,
    /// Why somebody says so.
    pub reason: String,
    /// Who says so.
    pub author: Option<AttendeeUser>,
    /// When they said so.
    pub at: DateTime<Utc>,
}

/// One connection to the room, or a presence that somebody added.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AttendanceSpan {
    /// Its id, by which it is corrected.
    pub id: SpanId,
    /// When it began.
    pub joined_at: DateTime<Utc>,
    /// When it ended; `null` while it has not.
    pub left_at: Option<DateTime<Utc>>,
    /// How it ended; `null` while it has not, and for a presence that somebody added.
    pub how_closed: Option<ClosedBy>,
    /// How far off the end may be that was recorded; `null` while it has not ended, and for what a person says.
    pub exact_within_seconds: Option<f64>,
    /// By whom and why it was corrected, added or struck; `null` for what stands as it was recorded.
    pub correction: Option<SpanCorrection>,
}

/// What somebody says of a presence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SpanCorrection {
    /// Why.
    pub reason: String,
    /// Who; `null` when their account was erased.
    pub author: Option<AttendeeUser>,
    /// When they said so.
    pub at: DateTime<Utc>,
    /// What was recorded; `null` for a presence that nobody had seen.
    pub former: Option<SpanTimes>,
}

/// From when to when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct SpanTimes {
    /// The beginning.
    pub joined_at: DateTime<Utc>,
    /// The end.
    pub left_at: DateTime<Utc>,
}

/// Makes the report as it stands at `now`.
pub fn report(frame: Frame, attendees: Vec<Attendee>, now: DateTime<Utc>) -> Attendance {
    let presences: Vec<Vec<Stretch>> =
        attendees.iter().map(|attendee| presence(&attendee.spans, now)).collect();
    let invited = attendees.iter().filter(|attendee| attendee.status.is_some()).count();
    let absent =
        attendees.iter().filter(|attendee| attendee.status.is_some() && attendee.spans.is_empty()).count();
    let meeting = frame.stretch(now);
    let listed = attendees.iter().zip(&presences).filter(|(attendee, _)| attendee.is_listed);
    let members: Vec<&[Stretch]> = listed.map(|(_, presence)| presence.as_slice()).collect();
    let is_on = frame.actual_end.is_none();
    let quorum = frame.rules.quorum.map(|need| presence::quorum(need, &members, meeting, is_on));
    let counts = |presence: &[Stretch]| presence::counts(presence, meeting, frame.rules.min_percent);
    let present = members.iter().filter(|presence| counts(presence)).count();
    let items: Vec<AttendanceItem> = attendees
        .into_iter()
        .zip(&presences)
        .map(|(attendee, presence)| AttendanceItem {
            presence_share: meeting.map(|meeting| presence::share(presence, meeting)),
            counts_as_present: counts(presence),
            ..item(frame, attendee, presence)
        })
        .collect();
    let is_excused = |item: &&AttendanceItem| item.excuse.is_some() && !item.counts_as_present;
    let there: Vec<f64> =
        items.iter().filter(|item| !item.spans.is_empty()).map(|item| item.duration_seconds).collect();
    #[expect(clippy::cast_precision_loss, reason = "no meeting has 2^52 people")]
    let average = if there.is_empty() { 0.0 } else { there.iter().sum::<f64>() / there.len() as f64 };
    let summary = AttendanceSummary {
        invited,
        attended: there.len(),
        present,
        absent,
        excused: items.iter().filter(is_excused).count(),
        late: items.iter().filter(|item| item.is_late).count(),
        average_duration_seconds: (average * 1000.0).round() / 1000.0,
        peak_participants: peak(&presences),
        presence_checks: 0,
    };
    let min_presence_percent = frame.rules.min_percent;
    Attendance { summary, min_presence_percent, quorum, items, polls: Vec::new() }
}

fn item(frame: Frame, attendee: Attendee, presence: &[Stretch]) -> AttendanceItem {
    let spans = attendee.spans;
    let is_there = spans.iter().any(|span| span.left_at.is_none());
    let first_joined_at = spans.iter().map(|span| span.joined_at).min();
    let last_left_at = spans.iter().filter_map(|span| span.left_at).max();
    let status = if is_there { ParticipantStatus::Joined } else { ParticipantStatus::Left };
    AttendanceItem {
        user: attendee.user,
        guest_id: attendee.guest_id,
        guest_name: attendee.guest_name,
        status: attendee.status.unwrap_or(status),
        is_listed: attendee.is_listed,
        first_joined_at,
        last_left_at,
        duration_seconds: presence
            .iter()
            .map(|(from, to)| seconds(*to - *from))
            .fold(0.0, |sum, span| sum + span),
        is_late: first_joined_at.is_some_and(|first| is_late(frame, first)),
        left_early: !is_there && last_left_at.is_some_and(|last| left_early(frame, last)),
        presence_share: None,
        counts_as_present: false,
        excuse: attendee.excuse,
        messages_sent: attendee.messages_sent,
        hand_raised_count: attendee.hand_raised_count,
        speaking_seconds: attendee.speaking_seconds,
        checks: attendee.checks,
        came_as: attendee.came_as,
        spans,
        struck: attendee.struck,
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_seconds_f64()
}

fn is_late(frame: Frame, first_joined_at: DateTime<Utc>) -> bool {
    first_joined_at > frame.scheduled_start + Duration::minutes(frame.late_threshold_minutes)
}

/// Whether someone left more than the threshold before the end, which is the scheduled one when others went on after
/// it. A room that empties ends some seconds after its last person, so a minute is allowed in any case.
pub fn left_early(frame: Frame, last_left_at: DateTime<Utc>) -> bool {
    let allowed = Duration::minutes(frame.late_threshold_minutes.max(1));
    frame.actual_end.is_some_and(|actual| {
        let end = frame.scheduled_end.map_or(actual, |scheduled| scheduled.min(actual));
        last_left_at + allowed < end
    })
}

/// When a person was there: overlapping connections count once, an open one until `now`.
fn presence(spans: &[AttendanceSpan], now: DateTime<Utc>) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> =
        spans.iter().map(|span| (span.joined_at, span.left_at.unwrap_or(now).max(span.joined_at))).collect();
    stretches.sort_unstable();
    let mut merged: Vec<Stretch> = Vec::with_capacity(stretches.len());
    for (from, to) in stretches {
        match merged.last_mut() {
            Some((_, until)) if from <= *until => *until = to.max(*until),
            _ => merged.push((from, to)),
        }
    }
    merged
}

/// The most people at one time.
fn peak(presences: &[Vec<Stretch>]) -> usize {
    let levels = presence::levels(presences.iter().flatten().copied());
    levels.into_iter().map(|(_, there)| there).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).expect("a valid time")
    }

    fn span(from: i64, to: Option<i64>) -> AttendanceSpan {
        AttendanceSpan {
            id: SpanId(uuid::Uuid::nil()),
            joined_at: at(from),
            left_at: to.map(at),
            how_closed: to.map(|_| ClosedBy::Left),
            exact_within_seconds: None,
            correction: None,
        }
    }

    fn attendee(status: Option<ParticipantStatus>, spans: Vec<AttendanceSpan>) -> Attendee {
        Attendee {
            user: None,
            guest_id: None,
            guest_name: None,
            status,
            messages_sent: 0,
            hand_raised_count: 0,
            speaking_seconds: 0.0,
            checks: CheckTally::default(),
            is_listed: status.is_some(),
            excuse: None,
            came_as: Vec::new(),
            spans,
            struck: Vec::new(),
        }
    }

    fn frame() -> Frame {
        Frame {
            scheduled_start: at(0),
            scheduled_end: Some(at(3600)),
            actual_start: None,
            actual_end: None,
            late_threshold_minutes: 5,
            rules: Rules::default(),
        }
    }

    #[test]
    fn the_figures_count_people_and_not_connections() {
        let report = report(
            frame(),
            vec![
                attendee(
                    Some(ParticipantStatus::Left),
                    vec![span(0, Some(100)), span(50, Some(120)), span(200, Some(210))],
                ),
                attendee(Some(ParticipantStatus::Joined), vec![span(301, None)]),
                attendee(Some(ParticipantStatus::Invited), vec![]),
                attendee(None, vec![span(60, Some(70))]),
            ],
            at(401),
        );
        let summary = &report.summary;
        assert_eq!((summary.invited, summary.attended, summary.absent, summary.late), (3, 3, 1, 1));
        assert_eq!(summary.peak_participants, 2);
        assert!((report.items[0].duration_seconds - 130.0).abs() < 1e-9);
        assert!((report.items[1].duration_seconds - 100.0).abs() < 1e-9, "an open span counts until now");
        assert!((summary.average_duration_seconds - 80.0).abs() < 1e-9);
        assert_eq!(report.items[0].last_left_at, Some(at(210)));
        assert_eq!(report.items[1].last_left_at, None);
        assert_eq!(report.items[3].status, ParticipantStatus::Left);
    }

    #[test]
    fn who_counts_as_present_and_who_is_excused_are_members_of_the_list() {
        let excuse = Excuse { reason: "Ill".into(), excused_by: None, excused_at: at(0) };
        let excused = |attendee| Attendee { excuse: Some(excuse.clone()), ..attendee };
        let invited = Some(ParticipantStatus::Invited);
        let rules = Rules { min_percent: Some(75), quorum: Some(presence::Need::Percent(40)) };
        let frame = Frame { actual_start: Some(at(0)), actual_end: Some(at(100)), rules, ..frame() };
        let report = report(
            frame,
            vec![
                attendee(invited, vec![span(0, Some(80))]),
                excused(attendee(invited, vec![span(0, Some(74))])),
                excused(attendee(invited, vec![])),
                // Who came in spite of it needs no excuse, and a guest needs none at all.
                excused(attendee(invited, vec![span(10, Some(100))])),
                attendee(invited, vec![]),
                Attendee { is_listed: false, ..attendee(invited, vec![span(0, Some(100))]) },
            ],
            at(200),
        );
        let summary = &report.summary;
        assert_eq!((summary.present, summary.excused, summary.absent, summary.attended), (2, 2, 2, 4));
        let shares: Vec<_> = report.items.iter().map(|item| item.presence_share).collect();
        assert_eq!(shares, [Some(0.8), Some(0.74), Some(0.0), Some(0.9), Some(0.0), Some(1.0)]);
        let counts: Vec<_> = report.items.iter().map(|item| item.counts_as_present).collect();
        assert_eq!(counts, [true, false, false, true, false, true]);
        let quorum = report.quorum.expect("it asks for one");
        assert_eq!((quorum.needed, quorum.invited, quorum.most_present), (2, 5, 3));
        assert!((quorum.held_seconds - 80.0).abs() < 1e-9);
    }

    #[test]
    fn late_and_early_are_beyond_the_threshold() {
        let frame = Frame { actual_end: Some(at(3000)), ..frame() };
        assert!(!is_late(frame, at(300)) && is_late(frame, at(301)));
        assert!(!left_early(frame, at(2700)) && left_early(frame, at(2699)));
        // The others went on, but the scheduled end was reached.
        let long = Frame { actual_end: Some(at(9000)), ..frame };
        assert!(!left_early(long, at(3600)) && left_early(long, at(3200)));
        assert!(!left_early(Frame { actual_end: None, ..frame }, at(10)), "it has not ended");
        // A threshold of nothing still allows for the room's own end.
        assert!(!left_early(Frame { late_threshold_minutes: 0, ..frame }, at(2980)));
    }

    #[test]
    fn one_who_goes_as_another_comes_makes_no_peak() {
        assert_eq!(peak(&[vec![(at(0), at(10))], vec![(at(10), at(20))]]), 1);
        assert_eq!(peak(&[vec![(at(0), at(11))], vec![(at(10), at(20))]]), 2);
        assert_eq!(peak(&[]), 0);
    }

    proptest! {
        #[test]
        fn presence_is_the_union_of_the_spans(spans in proptest::collection::vec((0_i64..60, 0_i64..30), 0..12)) {
            let spans: Vec<AttendanceSpan> = spans.into_iter().map(|(from, long)| span(from, Some(from + long))).collect();
            let merged = presence(&spans, at(0));
            for second in 0..100 {
                let middle = at(second) + Duration::milliseconds(500);
                let in_any = spans.iter().any(|s| s.joined_at < middle && middle < s.left_at.expect("closed"));
                prop_assert_eq!(merged.iter().any(|(from, to)| *from < middle && middle < *to), in_any);
            }
            prop_assert!(merged.windows(2).all(|pair| pair[0].1 < pair[1].0), "apart and in order");
            let singles: Vec<Vec<Stretch>> = spans.iter().map(|s| presence(std::slice::from_ref(s), at(0))).collect();
            let most = (0..100).map(|second| {
                let middle = at(second) + Duration::milliseconds(500);
                singles.iter().flatten().filter(|(from, to)| *from < middle && middle < *to).count()
            }).max().unwrap_or(0);
            prop_assert_eq!(peak(&singles), most);
        }
    }
}
