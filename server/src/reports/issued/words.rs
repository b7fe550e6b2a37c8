//! The words of reports, in the languages that there are.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::presence_checks::model::CheckTally;

/// The words of one language.
pub struct Words {
    pub report: &'static str,
    pub member_report: &'static str,
    pub meetings_report: &'static str,
    pub period: &'static str,
    pub people: &'static str,
    pub meetings: &'static str,
    pub meeting: &'static str,
    pub months: &'static str,
    pub month: &'static str,
    pub took_place: &'static str,
    pub nobody_came: &'static str,
    pub cancelled: &'static str,
    pub rate: &'static str,
    pub in_time: &'static str,
    pub was_cancelled: &'static str,
    pub was_empty: &'static str,
    pub scheduled: &'static str,
    pub held: &'static str,
    pub not_held: &'static str,
    pub host: &'static str,
    pub times_in: &'static str,
    pub issued: &'static str,
    pub invited: &'static str,
    pub attended: &'static str,
    pub absent: &'static str,
    pub late: &'static str,
    pub average: &'static str,
    pub most: &'static str,
    pub name: &'static str,
    pub presence: &'static str,
    pub came: &'static str,
    pub left: &'static str,
    pub duration: &'static str,
    pub remarks: &'static str,
    pub messages: &'static str,
    pub hands: &'static str,
    pub spoke: &'static str,
    pub came_late: &'static str,
    pub left_early: &'static str,
    pub was_absent: &'static str,
    pub was_excused: &'static str,
    pub too_short: &'static str,
    pub excused: &'static str,
    pub counted: &'static str,
    pub at_least: &'static str,
    pub quorum: &'static str,
    pub reached: &'static str,
    pub not_reached: &'static str,
    pub held_for: &'static str,
    pub at_most: &'static str,
    pub still_there: &'static str,
    pub checks: &'static str,
    pub confirmed: &'static str,
    pub corrected: &'static str,
    pub struck: &'static str,
    pub former: &'static str,
    pub code: &'static str,
    pub seal: &'static str,
    pub proof: &'static str,
    pub page: &'static str,
    pub connections: &'static str,
    pub summary: &'static str,
    pub poll: &'static str,
    pub option: &'static str,
    pub votes: &'static str,
    pub voted: &'static str,
}

const ENGLISH: Words = Words {
    report: "Attendance report",
    member_report: "Attendance of a member",
    meetings_report: "Report of meetings",
    period: "Period",
    people: "People",
    meetings: "Meetings",
    meeting: "Meeting",
    months: "By month",
    month: "Month",
    took_place: "Took place",
    nobody_came: "Nobody came",
    cancelled: "Called off",
    rate: "Attendance",
    in_time: "On time",
    was_cancelled: "called off",
    was_empty: "nobody came",
    scheduled: "Scheduled",
    held: "Held",
    not_held: "did not begin",
    host: "Host",
    times_in: "Times in",
    issued: "Issued",
    invited: "Invited",
    attended: "Attended",
    absent: "Absent",
    late: "Late",
    average: "Average stay",
    most: "Most at once",
    name: "Name",
    presence: "Who was there when",
    came: "Came",
    left: "Left",
    duration: "Stayed",
    remarks: "Remarks",
    messages: "Msg.",
    hands: "Hands",
    spoke: "Spoke",
    came_late: "late",
    left_early: "left early",
    was_absent: "absent",
    was_excused: "excused",
    too_short: "too short",
    excused: "Excused",
    counted: "Counted as present",
    at_least: "there for at least",
    quorum: "Quorum",
    reached: "reached",
    not_reached: "not reached",
    held_for: "held for",
    at_most: "most at once",
    still_there: "still there",
    checks: "Presence checks",
    confirmed: "confirmed {} of {}",
    corrected: "corrected",
    struck: "struck",
    former: "Former member",
    code: "Code",
    seal: "Last seal",
    proof: "Whether this report is genuine, and whether the record still says the same, is told by this page:",
    page: "Page",
    connections: "Connections",
    summary: "Summary",
    poll: "Poll",
    option: "Answer",
    votes: "Votes",
    voted: "Voted",
};

const SWAHILI: Words = Words {
    report: "Ripoti ya mahudhurio",
    member_report: "Mahudhurio ya mwanachama",
    meetings_report: "Ripoti ya mikutano",
    period: "Kipindi",
    people: "Watu",
    meetings: "Mikutano",
    meeting: "Mkutano",
    months: "Kwa mwezi",
    month: "Mwezi",
    took_place: "Iliyofanyika",
    nobody_came: "Bila waliokuja",
    cancelled: "Iliyoghairiwa",
    rate: "Mahudhurio",
    in_time: "Kwa wakati",
    was_cancelled: "ulighairiwa",
    was_empty: "hakuna aliyekuja",
    scheduled: "Ilipangwa",
    held: "Ilifanyika",
    not_held: "haikuanza",
    host: "Mwenyeji",
    times_in: "Saa za",
    issued: "Imetolewa",
    invited: "Walioalikwa",
    attended: "Waliohudhuria",
    absent: "Hawakuwepo",
    late: "Waliochelewa",
    average: "Wastani wa muda",
    most: "Wengi kwa pamoja",
    name: "Jina",
    presence: "Nani alikuwepo lini",
    came: "Aliingia",
    left: "Alitoka",
    duration: "Muda",
    remarks: "Maelezo",
    messages: "Ujumbe",
    hands: "Mikono",
    spoke: "Kuongea",
    came_late: "alichelewa",
    left_early: "alitoka mapema",
    was_absent: "hakuwepo",
    was_excused: "ana udhuru",
    too_short: "muda haukutosha",
    excused: "Wenye udhuru",
    counted: "Waliohesabiwa kuwepo",
    at_least: "waliokuwepo angalau",
    quorum: "Akidi",
    reached: "ilifikiwa",
    not_reached: "haikufikiwa",
    held_for: "ilidumu kwa",
    at_most: "wengi kwa pamoja",
    still_there: "bado yupo",
    checks: "Ukaguzi wa uwepo",
    confirmed: "alithibitisha {} kati ya {}",
    corrected: "imesahihishwa",
    struck: "imefutwa",
    former: "Mwanachama wa zamani",
    code: "Msimbo",
    seal: "Muhuri wa mwisho",
    proof: "Kama ripoti hii ni halisi, na kama kumbukumbu bado inasema vilevile, ukurasa huu unaeleza:",
    page: "Ukurasa",
    connections: "Miunganisho",
    summary: "Muhtasari",
    poll: "Kura",
    option: "Jibu",
    votes: "Idadi ya kura",
    voted: "Waliopiga kura",
};

impl Words {
    /// Of a language (BCP 47); English stands in for what there is not.
    pub fn of(language: &str) -> &'static Self {
        match language.split('-').next() {
            Some("sw") => &SWAHILI,
            _ => &ENGLISH,
        }
    }

    /// How many checks somebody has confirmed.
    pub fn confirmed_of(&self, checks: CheckTally) -> String {
        let text = self.confirmed.replacen("{}", &checks.confirmed.to_string(), 1);
        text.replacen("{}", &checks.asked.to_string(), 1)
    }
}

/// A day and time by the clocks of a zone.
pub fn moment(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}

/// A time by the clocks of a zone.
pub fn time(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%H:%M:%S").to_string()
}

/// A share in percent.
pub fn share(part: f64) -> String {
    format!("{:.0} %", part * 100.0)
}

/// Hours, minutes and seconds.
pub fn duration(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "no meeting lasts that long")]
    let whole = seconds.max(0.0).round() as i64;
    format!("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_by_the_zones_clocks() {
        let at = "2026-12-01T21:59:59.9Z".parse().expect("a time");
        assert_eq!(moment(at, chrono_tz::Africa::Nairobi), "2026-12-02 00:59");
        assert_eq!(time(at, chrono_tz::UTC), "21:59:59");
        assert_eq!(duration(3725.4), "1:02:05");
        assert_eq!(share(0.6667), "67 %");
        assert_eq!(Words::of("sw-KE").name, "Jina");
        assert_eq!(Words::of("fr").name, "Name");
        let checks = CheckTally { asked: 3, confirmed: 2 };
        assert_eq!(Words::of("en").confirmed_of(checks), "confirmed 2 of 3");
    }
}
