//! What each kind of report says. Pure.

use chrono::Duration;
use chrono_tz::Tz;

use super::{
    model::{At, Cell, Sheet, Table},
    words::{Words, duration, moment, time},
};
use crate::{
    attendance::{
        presence::AttendanceQuorum,
        report::{Attendance, AttendanceItem},
    },
    meetings::model::{MeetingStatus, ShowStatus},
    reports::{
        api::{MonthFigures, ReportedMeeting},
        member::MemberMeeting,
        rules::{Figures, MemberFigures},
    },
};

/// What stands above the figures of a meeting.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What the meeting is called.
    pub title: String,
    /// Who held it.
    pub host: Option<String>,
    /// When it was to begin.
    pub scheduled_start: At,
    /// When it was to end.
    pub scheduled_end: Option<At>,
    /// When it began.
    pub actual_start: Option<At>,
    /// When it ended.
    pub actual_end: Option<At>,
}

/// For whom a report is made.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The organization's name.
    pub organization: String,
    /// By whose clocks.
    pub zone: Tz,
    /// In which language (BCP 47).
    pub language: String,
    /// When.
    pub now: At,
}

impl Reader {
    fn span(&self, from: At, to: Option<At>) -> String {
        let to = to.map_or_else(|| "…".to_owned(), |to| moment(to, self.zone));
        format!("{} – {to}", moment(from, self.zone))
    }

    fn sheet(self, kind: &str, title: String, mut facts: Vec<(&'static str, String)>) -> Sheet {
        let words = Words::of(&self.language);
        facts.push((words.issued, moment(self.now, self.zone)));
        facts.push((words.times_in, self.zone.to_string()));
        Sheet {
            kind: format!("{} · {kind}", self.organization),
            title,
            facts,
            cards: Vec::new(),
            tables: Vec::new(),
            polls: Vec::new(),
            issued_at: self.now,
            zone: self.zone,
            language: self.language,
        }
    }
}

fn count(number: impl TryInto<i64>) -> Cell {
    Cell::Count(number.try_into().unwrap_or(i64::MAX))
}

fn remarks<const N: usize>(said: [(bool, &str); N]) -> Cell {
    let said: Vec<&str> = said.into_iter().filter_map(|(is, word)| is.then_some(word)).collect();
    Cell::Remark(said.join(", "))
}

/// Who was at a meeting.
pub fn attendance(reader: Reader, facts: Facts, attendance: Attendance) -> Sheet {
    let (words, now) = (Words::of(&reader.language), reader.now);
    let Attendance { summary, min_presence_percent, quorum, items, polls } = attendance;
    let held = facts.actual_start.map(|from| reader.span(from, facts.actual_end));
    let mut about = vec![
        (words.scheduled, reader.span(facts.scheduled_start, facts.scheduled_end)),
        (words.held, held.unwrap_or_else(|| words.not_held.to_owned())),
    ];
    about.extend(facts.host.clone().map(|host| (words.host, host)));
    let checks = (summary.presence_checks > 0).then(|| summary.presence_checks.to_string());
    about.extend(checks.map(|checks| (words.checks, checks)));
    about.extend(quorum.map(|quorum| (words.quorum, said_of(&quorum, words, reader.zone))));
    about.extend(
        min_presence_percent
            .map(|percent| (words.counted, format!("{} ({} {percent} %)", summary.present, words.at_least))),
    );
    about.extend((summary.excused > 0).then(|| (words.excused, summary.excused.to_string())));
    let window = window(&facts, &items, now);
    let people = items
        .iter()
        .map(|item| {
            let is_there = item.spans.iter().any(|span| span.left_at.is_none());
            let was_there = !item.spans.is_empty();
            let spans = item.spans.iter().map(|span| (span.joined_at, span.left_at.unwrap_or(now)));
            let confirmed = words.confirmed_of(item.checks);
            vec![
                Cell::Text(name(item, words)),
                Cell::Chart(spans.collect()),
                Cell::Time(item.first_joined_at),
                Cell::Time(item.last_left_at.filter(|_| !is_there)),
                Cell::Duration(was_there.then_some(item.duration_seconds)),
                remarks([
                    (!was_there, words.was_absent),
                    (item.excuse.is_some() && !item.counts_as_present, words.was_excused),
                    (was_there && !item.counts_as_present, words.too_short),
                    (item.is_late, words.came_late),
                    (item.left_early, words.left_early),
                    (is_there, words.still_there),
                    (item.checks.asked > 0, &confirmed),
                    (item.is_corrected(), words.corrected),
                ]),
                count(item.messages_sent),
                count(item.hand_raised_count),
                Cell::Duration((item.speaking_seconds > 0.0).then_some(item.speaking_seconds)),
            ]
        })
        .collect();
    let connections = items.iter().flat_map(|item| {
        let struck = item.struck.iter().map(move |span| (item, span, true));
        item.spans.iter().map(move |span| (item, span, false)).chain(struck)
    });
    let connections = connections
        .map(|(item, span, is_struck)| {
            let seconds = (span.left_at.unwrap_or(now) - span.joined_at).as_seconds_f64();
            vec![
                Cell::Text(name(item, words)),
                Cell::Time(Some(span.joined_at)),
                Cell::Time(span.left_at),
                Cell::Duration((!is_struck).then_some(seconds)),
                remarks([
                    (is_struck, words.struck),
                    (!is_struck && span.correction.is_some(), words.corrected),
                ]),
            ]
        })
        .collect();
    Sheet {
        cards: vec![
            (words.invited, count(summary.invited)),
            (words.attended, count(summary.attended)),
            (words.absent, count(summary.absent)),
            (words.late, count(summary.late)),
            (words.average, Cell::Duration(Some(summary.average_duration_seconds))),
            (words.most, count(summary.peak_participants)),
        ],
        tables: vec![
            Table {
                name: words.people,
                is_printed: true,
                columns: vec![
                    (words.name, 164.0),
                    (words.presence, 186.0),
                    (words.came, 54.0),
                    (words.left, 54.0),
                    (words.duration, 58.0),
                    (words.remarks, 106.0),
                    (words.messages, 46.0),
                    (words.hands, 44.0),
                    (words.spoke, 50.0),
                ],
                window,
                rows: people,
            },
            Table {
                name: words.connections,
                is_printed: false,
                columns: vec![
                    (words.name, 0.0),
                    (words.came, 0.0),
                    (words.left, 0.0),
                    (words.duration, 0.0),
                    (words.remarks, 0.0),
                ],
                window,
                rows: connections,
            },
        ],
        polls,
        ..reader.sheet(words.report, facts.title, about)
    }
}

/// How many were needed, and whether and for how long they were there.
fn said_of(quorum: &AttendanceQuorum, words: &Words, zone: Tz) -> String {
    let AttendanceQuorum { needed, invited, most_present, held_seconds, .. } = quorum;
    match quorum.reached_at {
        Some(at) => {
            let (at, held) = (time(at, zone), duration(*held_seconds));
            format!("{needed} / {invited}, {} {at}, {} {held}", words.reached, words.held_for)
        }
        None => {
            format!("{needed} / {invited}, {}, {} {most_present}", words.not_reached, words.at_most)
        }
    }
}

/// From when to when the chart goes: the meeting, and whoever came before or left after it.
fn window(facts: &Facts, items: &[AttendanceItem], now: At) -> (At, At) {
    let spans = || items.iter().flat_map(|item| &item.spans);
    let from = spans().map(|span| span.joined_at).chain(facts.actual_start).min();
    let to = spans().map(|span| span.left_at.unwrap_or(now)).chain(facts.actual_end).max();
    let from = from.unwrap_or(facts.scheduled_start);
    let to = to.or(facts.scheduled_end).unwrap_or(from);
    (from, to.max(from + Duration::minutes(1)))
}

fn name(item: &AttendanceItem, words: &Words) -> String {
    let name = item.user.as_ref().map(|user| &user.name).or(item.guest_name.as_ref());
    name.map_or(words.former, String::as_str).to_owned()
}

/// A member's part in the meetings of a period.
pub fn member(
    reader: Reader,
    name: String,
    (from, to): (At, At),
    figures: &MemberFigures,
    meetings: &[MemberMeeting],
) -> Sheet {
    let (words, now) = (Words::of(&reader.language), reader.now);
    let rows = meetings.iter().map(|meeting| {
        let was_there = meeting.first_joined_at.is_some();
        vec![
            Cell::Text(meeting.title.clone()),
            Cell::Moment(meeting.scheduled_start),
            Cell::Time(meeting.first_joined_at),
            Cell::Time(meeting.last_left_at),
            Cell::Duration(was_there.then_some(meeting.duration_seconds)),
            remarks([
                (!meeting.is_held && meeting.scheduled_start < now, words.not_held),
                (meeting.is_held && !was_there, words.was_absent),
                (!was_there && meeting.excuse_reason.is_some(), words.was_excused),
                (meeting.is_late, words.came_late),
                (meeting.left_early, words.left_early),
            ]),
            count(meeting.messages_sent),
            count(meeting.hand_raised_count),
        ]
    });
    let table = Table {
        name: words.meetings,
        is_printed: true,
        columns: vec![
            (words.meeting, 264.0),
            (words.scheduled, 98.0),
            (words.came, 60.0),
            (words.left, 60.0),
            (words.duration, 60.0),
            (words.remarks, 130.0),
            (words.messages, 46.0),
            (words.hands, 44.0),
        ],
        window: (from, to),
        rows: rows.collect(),
    };
    let facts = vec![(words.period, reader.span(from, Some(to)))];
    Sheet {
        cards: vec![
            (words.meetings, count(figures.invited)),
            (words.attended, count(figures.attended)),
            (words.absent, count(figures.absent)),
            (words.rate, Cell::Share(figures.attendance_rate)),
            (words.in_time, Cell::Share(figures.punctuality_rate)),
            (words.duration, Cell::Duration(Some(figures.duration_seconds))),
        ],
        tables: vec![table],
        ..reader.sheet(words.member_report, name, facts)
    }
}

/// An organization's meetings of a period, by month and one by one.
pub fn meetings(
    reader: Reader,
    (from, to): (At, At),
    figures: &Figures,
    months: &[MonthFigures],
    meetings: &[ReportedMeeting],
) -> Sheet {
    let (words, now) = (Words::of(&reader.language), reader.now);
    let by_month = months.iter().map(|MonthFigures { month, figures }| {
        vec![
            Cell::Text(month.clone()),
            count(figures.meetings),
            count(figures.held),
            count(figures.no_shows),
            count(figures.cancelled),
            Cell::Share(figures.attendance_rate),
            count(figures.late),
            Cell::Duration(figures.average_duration_seconds),
        ]
    });
    let by_month = Table {
        name: words.months,
        is_printed: true,
        columns: vec![
            (words.month, 112.0),
            (words.meetings, 92.0),
            (words.took_place, 92.0),
            (words.nobody_came, 92.0),
            (words.cancelled, 92.0),
            (words.rate, 92.0),
            (words.late, 92.0),
            (words.average, 98.0),
        ],
        window: (from, to),
        rows: by_month.collect(),
    };
    let one_by_one = meetings.iter().map(|meeting| {
        let is_cancelled = meeting.status == MeetingStatus::Cancelled;
        let nobody_came = meeting.show_status == ShowStatus::NoShow;
        let is_held = meeting.actual_start.is_some() || meeting.show_status == ShowStatus::Attended;
        let is_missed = !is_held && meeting.scheduled_start < now;
        vec![
            Cell::Text(meeting.title.clone()),
            Cell::Moment(meeting.scheduled_start),
            Cell::Text(meeting.host_name.clone().unwrap_or_default()),
            remarks([
                (is_cancelled, words.was_cancelled),
                (nobody_came, words.was_empty),
                (is_missed && !is_cancelled && !nobody_came, words.not_held),
            ]),
            count(meeting.invited),
            count(meeting.attended),
            count(meeting.late),
            Cell::Duration(meeting.average_duration_seconds),
        ]
    });
    let one_by_one = Table {
        name: words.meetings,
        is_printed: true,
        columns: vec![
            (words.meeting, 190.0),
            (words.scheduled, 98.0),
            (words.host, 90.0),
            (words.remarks, 80.0),
            (words.invited, 64.0),
            (words.attended, 78.0),
            (words.late, 72.0),
            (words.average, 90.0),
        ],
        window: (from, to),
        rows: one_by_one.collect(),
    };
    let facts = vec![(words.period, reader.span(from, Some(to)))];
    Sheet {
        cards: vec![
            (words.meetings, count(figures.meetings)),
            (words.took_place, count(figures.held)),
            (words.nobody_came, count(figures.no_shows)),
            (words.cancelled, count(figures.cancelled)),
            (words.rate, Cell::Share(figures.attendance_rate)),
            (words.average, Cell::Duration(figures.average_duration_seconds)),
        ],
        tables: vec![by_month, one_by_one],
        ..reader.sheet(words.meetings_report, words.meetings.to_owned(), facts)
    }
}
