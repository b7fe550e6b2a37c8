//! Where everything stands on the pages of a report. Pure.

use chrono::{DateTime, Utc};

use super::{
    letters::Letters,
    model::{Proof, Sheet},
    words::{Words, duration, moment, time},
};
use crate::{attendance::report::AttendanceItem, chat::polls::PollResult};

/// A4, lying, in points.
pub const PAGE: (f32, f32) = (842.0, 595.0);

const MARGIN: f32 = 40.0;
/// How high a line of the table is.
const LINE: f32 = 16.0;
/// Where the lines of the table must end.
const BOTTOM: f32 = PAGE.1 - MARGIN - 14.0;
/// The side of the QR code.
const QR: f32 = 84.0;

/// Where the columns of the table begin, and where the last one ends.
const COLUMNS: [f32; 9] = [MARGIN, 214.0, 476.0, 530.0, 584.0, 642.0, 722.0, 762.0, PAGE.0 - MARGIN];

/// A color: red, green, blue.
pub type Color = (u8, u8, u8);

const INK: Color = (33, 37, 41);
const FAINT: Color = (110, 118, 129);
const LINES: Color = (222, 226, 230);
const GROUND: Color = (241, 243, 245);
const PRESENT: Color = (18, 135, 99);
const WARNING: Color = (171, 87, 0);

/// Something on a page; places are points from the left and from the top.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// A line of text that begins there, on its base line.
    Text {
        /// Where.
        at: (f32, f32),
        /// How big.
        size: f32,
        /// Whether in bold.
        bold: bool,
        /// In which color.
        color: Color,
        /// What.
        text: String,
    },
    /// A filled rectangle: left, top, width, height.
    Box {
        /// Where.
        area: (f32, f32, f32, f32),
        /// In which color.
        color: Color,
    },
    /// A link: left, top, width, height.
    Link {
        /// Where.
        area: (f32, f32, f32, f32),
        /// To what.
        url: String,
    },
}

/// The pages of a report.
///
/// # Errors
/// None in practice: the fonts are part of the program.
pub fn pages(sheet: &Sheet, proof: &Proof) -> anyhow::Result<Vec<Vec<Mark>>> {
    let mut paper = Paper {
        regular: Letters::load(false)?,
        bold: Letters::load(true)?,
        words: Words::of(&sheet.language),
        pages: vec![Vec::new()],
        y: MARGIN,
    };
    let window = window(sheet);
    paper.head(sheet);
    paper.figures(sheet);
    paper.heading(sheet, window);
    for item in &sheet.attendance.items {
        if paper.y + LINE > BOTTOM {
            paper.turn();
            paper.heading(sheet, window);
        }
        paper.line(sheet, item, window);
    }
    paper.polls(&sheet.attendance.polls);
    paper.proof(proof)?;
    paper.feet(sheet, proof);
    Ok(paper.pages)
}

/// From when to when the chart goes: the meeting, and whoever came before or left after it.
fn window(sheet: &Sheet) -> (DateTime<Utc>, DateTime<Utc>) {
    let spans = || sheet.attendance.items.iter().flat_map(|item| &item.spans);
    let facts = &sheet.facts;
    let from = spans().map(|span| span.joined_at).chain(facts.actual_start).min();
    let to = spans().map(|span| span.left_at.unwrap_or(sheet.issued_at)).chain(facts.actual_end).max();
    let from = from.unwrap_or(facts.scheduled_start);
    let to = to.or(facts.scheduled_end).unwrap_or(from);
    (from, to.max(from + chrono::Duration::minutes(1)))
}

struct Paper {
    regular: Letters,
    bold: Letters,
    words: &'static Words,
    pages: Vec<Vec<Mark>>,
    y: f32,
}

impl Paper {
    const fn letters(&self, bold: bool) -> &Letters {
        if bold { &self.bold } else { &self.regular }
    }

    fn put(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    fn turn(&mut self) {
        self.pages.push(Vec::new());
        self.y = MARGIN;
    }

    /// Text of which what has no room is left out.
    fn text(&mut self, at: (f32, f32), size: f32, bold: bool, color: Color, text: &str, room: f32) {
        let text = self.letters(bold).fitted(text, size, room);
        self.put(Mark::Text { at, size, bold, color, text });
    }

    /// The same, ending at `right`.
    fn text_to(&mut self, right: f32, y: f32, size: f32, bold: bool, color: Color, text: &str) {
        let x = right - self.letters(bold).width(text, size);
        self.put(Mark::Text { at: (x, y), size, bold, color, text: text.to_owned() });
    }

    fn fill(&mut self, area: (f32, f32, f32, f32), color: Color) {
        self.put(Mark::Box { area, color });
    }

    fn head(&mut self, sheet: &Sheet) {
        let (words, facts, room) = (self.words, &sheet.facts, PAGE.0 - 2.0 * MARGIN);
        self.text(
            (MARGIN, 50.0),
            9.0,
            false,
            FAINT,
            &format!("{} · {}", facts.organization_name, words.report),
            room,
        );
        self.text((MARGIN, 72.0), 18.0, true, INK, &facts.title, room);
        let zone = facts.zone;
        let span = |from: DateTime<Utc>, to: Option<DateTime<Utc>>| {
            let to = to.map_or_else(|| "…".to_owned(), |to| moment(to, zone));
            format!("{} – {to}", moment(from, zone))
        };
        let held =
            facts.actual_start.map_or_else(|| words.not_held.to_owned(), |from| span(from, facts.actual_end));
        let mut told = vec![
            format!("{}: {}", words.scheduled, span(facts.scheduled_start, facts.scheduled_end)),
            format!("{}: {held}", words.held),
        ];
        told.extend(facts.host.as_ref().map(|host| format!("{}: {host}", words.host)));
        self.text((MARGIN, 89.0), 9.0, false, INK, &told.join("   ·   "), room);
        let issued =
            format!("{}: {}   ·   {}: {zone}", words.issued, moment(sheet.issued_at, zone), words.times_in);
        self.text((MARGIN, 102.0), 9.0, false, FAINT, &issued, room);
        self.y = 114.0;
    }

    fn figures(&mut self, sheet: &Sheet) {
        let (words, summary) = (self.words, &sheet.attendance.summary);
        let cards = [
            (words.invited, summary.invited.to_string()),
            (words.attended, summary.attended.to_string()),
            (words.absent, summary.absent.to_string()),
            (words.late, summary.late.to_string()),
            (words.average, duration(summary.average_duration_seconds)),
            (words.most, summary.peak_participants.to_string()),
        ];
        let (gap, high) = (8.0, 40.0);
        let wide = (PAGE.0 - 2.0 * MARGIN + gap) / 6.0 - gap;
        let mut x = MARGIN;
        for (name, value) in cards {
            self.fill((x, self.y, wide, high), GROUND);
            self.text((x + 8.0, self.y + 14.0), 8.0, false, FAINT, name, wide - 16.0);
            self.text((x + 8.0, self.y + 31.0), 13.0, true, INK, &value, wide - 16.0);
            x += wide + gap;
        }
        self.y += high + 12.0;
    }

    fn heading(&mut self, sheet: &Sheet, (from, to): (DateTime<Utc>, DateTime<Utc>)) {
        let words = self.words;
        let names = [
            words.name,
            "",
            words.came,
            words.left,
            words.duration,
            words.remarks,
            words.messages,
            words.hands,
        ];
        let y = self.y + 10.0;
        for (index, name) in names.into_iter().enumerate() {
            self.text((COLUMNS[index], y), 8.0, true, FAINT, name, COLUMNS[index + 1] - COLUMNS[index] - 4.0);
        }
        let zone = sheet.facts.zone;
        self.text((COLUMNS[1], y), 8.0, true, FAINT, &time(from, zone), 60.0);
        self.text_to(COLUMNS[2] - 10.0, y, 8.0, true, FAINT, &time(to, zone));
        let middle = self.bold.width(words.presence, 8.0) / 2.0;
        let center = f32::midpoint(COLUMNS[1], COLUMNS[2] - 10.0);
        self.text((center - middle, y), 8.0, true, FAINT, words.presence, 150.0);
        self.y += LINE;
        self.fill((MARGIN, self.y - 1.5, PAGE.0 - 2.0 * MARGIN, 0.75), LINES);
    }

    fn line(&mut self, sheet: &Sheet, item: &AttendanceItem, (from, to): (DateTime<Utc>, DateTime<Utc>)) {
        let (words, zone, base) = (self.words, sheet.facts.zone, self.y + 11.0);
        let name = item.user.as_ref().map(|user| &user.name).or(item.guest_name.as_ref());
        self.text(
            (COLUMNS[0], base),
            9.0,
            false,
            INK,
            name.map_or(words.former, String::as_str),
            COLUMNS[1] - COLUMNS[0] - 8.0,
        );
        let (left, wide) = (COLUMNS[1], COLUMNS[2] - 10.0 - COLUMNS[1]);
        self.fill((left, self.y + 4.0, wide, 8.0), GROUND);
        let place = |at: DateTime<Utc>| {
            #[expect(clippy::cast_possible_truncation, reason = "a place on paper")]
            let share = ((at - from).as_seconds_f64() / (to - from).as_seconds_f64()).clamp(0.0, 1.0) as f32;
            left + share * wide
        };
        for span in &item.spans {
            let (begin, end) = (place(span.joined_at), place(span.left_at.unwrap_or(sheet.issued_at)));
            self.fill((begin, self.y + 4.0, (end - begin).max(0.75), 8.0), PRESENT);
        }
        let is_there = item.spans.iter().any(|span| span.left_at.is_none());
        let came = item.first_joined_at.map(|at| time(at, zone));
        let went = item.last_left_at.filter(|_| !is_there).map(|at| time(at, zone));
        let stayed = (!item.spans.is_empty()).then(|| duration(item.duration_seconds));
        for (column, told) in [(2, came), (3, went), (4, stayed)] {
            self.text((COLUMNS[column], base), 9.0, false, INK, &told.unwrap_or_default(), 54.0);
        }
        let remarks: Vec<&str> = [
            (item.spans.is_empty(), words.was_absent),
            (item.is_late, words.came_late),
            (item.left_early, words.left_early),
            (is_there, words.still_there),
        ]
        .into_iter()
        .filter_map(|(is, word)| is.then_some(word))
        .collect();
        self.text(
            (COLUMNS[5], base),
            9.0,
            false,
            WARNING,
            &remarks.join(", "),
            COLUMNS[6] - COLUMNS[5] - 4.0,
        );
        self.text((COLUMNS[6], base), 9.0, false, INK, &item.messages_sent.to_string(), 30.0);
        self.text((COLUMNS[7], base), 9.0, false, INK, &item.hand_raised_count.to_string(), 30.0);
        self.y += LINE;
        self.fill((MARGIN, self.y - 0.5, PAGE.0 - 2.0 * MARGIN, 0.5), LINES);
    }

    /// What was voted on, and how many chose what.
    fn polls(&mut self, polls: &[PollResult]) {
        let (words, room) = (self.words, PAGE.0 - 2.0 * MARGIN);
        for (number, poll) in polls.iter().enumerate() {
            // A question stands above its first answer.
            if self.y + 3.0 * LINE + 10.0 > BOTTOM {
                self.turn();
            }
            self.y += if number == 0 { 18.0 } else { 8.0 };
            let asked = format!("{}: {}", words.poll, poll.question);
            self.text((MARGIN, self.y + 10.0), 9.0, true, INK, &asked, room - 160.0);
            let voted = format!("{}: {} / {}", words.voted, poll.voted, poll.entitled);
            self.text_to(PAGE.0 - MARGIN, self.y + 10.0, 9.0, false, FAINT, &voted);
            self.y += LINE;
            for (option, votes) in poll.counts() {
                if self.y + LINE > BOTTOM {
                    self.turn();
                }
                self.text((MARGIN + 12.0, self.y + 11.0), 9.0, false, INK, &votes.to_string(), 40.0);
                self.text((MARGIN + 52.0, self.y + 11.0), 9.0, false, INK, option, room - 52.0);
                self.y += LINE;
            }
        }
    }

    /// The code, the link and its picture.
    fn proof(&mut self, proof: &Proof) -> anyhow::Result<()> {
        if self.y + QR + 20.0 > BOTTOM {
            self.turn();
        }
        let words = self.words;
        let top = self.y + 16.0;
        let code = qrcodegen::QrCode::encode_text(&proof.link, qrcodegen::QrCodeEcc::Medium)?;
        #[expect(clippy::cast_precision_loss, reason = "a QR code has few modules")]
        let module = QR / code.size() as f32;
        for row in 0..code.size() {
            for column in (0..code.size()).filter(|column| code.get_module(*column, row)) {
                #[expect(clippy::cast_precision_loss, reason = "a QR code has few modules")]
                let (x, y) = (MARGIN + column as f32 * module, top + row as f32 * module);
                self.fill((x, y, module, module), INK);
            }
        }
        let (x, room) = (MARGIN + QR + 16.0, PAGE.0 - 2.0 * MARGIN - QR - 16.0);
        self.text((x, top + 10.0), 9.0, false, INK, words.proof, room);
        self.text((x, top + 25.0), 9.0, true, INK, &proof.link, room);
        self.put(Mark::Link { area: (x, top + 16.0, room, 12.0), url: proof.link.clone() });
        self.text((x, top + 44.0), 8.0, false, FAINT, &format!("{}: {}", words.code, proof.code), room);
        if let Some(seal) = proof.seal {
            self.text((x, top + 57.0), 8.0, false, FAINT, &format!("{}: {seal}", words.seal), room);
        }
        self.y = top + QR;
        Ok(())
    }

    fn feet(&mut self, sheet: &Sheet, proof: &Proof) {
        let (count, y) = (self.pages.len(), PAGE.1 - MARGIN + 6.0);
        let short: String = proof.code.to_string().chars().take(16).collect();
        let left = format!("{} · {} {short}…", sheet.facts.title, self.words.code);
        for number in 1..=count {
            let room = PAGE.0 - 2.0 * MARGIN - 120.0;
            let left = self.regular.fitted(&left, 7.5, room);
            let right = format!("{} {number} / {count}", self.words.page);
            let x = PAGE.0 - MARGIN - self.regular.width(&right, 7.5);
            for (x, text) in [(MARGIN, left), (x, right)] {
                let mark = Mark::Text { at: (x, y), size: 7.5, bold: false, color: FAINT, text };
                self.pages[number - 1].push(mark);
            }
        }
    }
}

#[cfg(test)]
pub mod tests {
    use chrono::Duration;
    use kernel::ids::{MessageId, OrganizationId, ReportId};

    use super::*;
    use crate::{
        attendance::{
            model::ClosedBy,
            report::{Attendance, AttendanceSpan, Attendee, Frame, report},
        },
        participants::model::ParticipantStatus,
        reports::issued::model::Facts,
        seals::model::Hash,
    };

    /// A meeting of an hour to which `people` came, but for one.
    pub fn sheet(people: usize) -> Sheet {
        let start: DateTime<Utc> = "2026-12-01T09:00:00Z".parse().expect("a time");
        let end = start + Duration::hours(1);
        let attendees = (0..=people).map(|number| Attendee {
            user: None,
            guest_name: Some(format!("Nguyễn Σωκράτης Ёлкина {number} (guest)\u{0}\n of a long, long name")),
            status: Some(ParticipantStatus::Left),
            messages_sent: 3,
            hand_raised_count: 1,
            spans: (0..2)
                .filter(|_| number > 0)
                .map(|span| AttendanceSpan {
                    joined_at: start + Duration::minutes(30 * span + 1),
                    left_at: Some(start + Duration::minutes(30 * span + 20)),
                    how_closed: Some(ClosedBy::Left),
                })
                .collect(),
        });
        let poll = PollResult {
            id: MessageId(uuid::Uuid::nil()),
            question: "Which day suits you? ".repeat(20),
            options: (1..=20).map(|number| format!("Option {number}")).collect(),
            secret: false,
            voted: 3,
            entitled: 4,
            results: serde_json::json!({"counts": [2, 1]}),
            closed_at: end,
        };
        let frame = Frame {
            scheduled_start: start,
            scheduled_end: Some(end),
            actual_end: Some(end),
            late_threshold_minutes: 5,
        };
        Sheet {
            facts: Facts {
                organization: OrganizationId(uuid::Uuid::nil()),
                organization_name: "Baraza la Wazee".into(),
                title: "=Board <of> (\"all\") things".into(),
                host: Some("Amina".into()),
                scheduled_start: start,
                scheduled_end: Some(end),
                actual_start: Some(start),
                actual_end: Some(end),
                zone: chrono_tz::Africa::Nairobi,
            },
            attendance: Attendance { polls: vec![poll], ..report(frame, attendees.collect(), end) },
            issued_at: end,
            language: "en".into(),
        }
    }

    /// What would prove it.
    pub fn proof() -> Proof {
        let id = ReportId(uuid::Uuid::nil());
        Proof { id, code: Hash::NONE, link: "https://meet.test/reports/verify/0".into(), seal: None }
    }

    #[test]
    fn all_that_is_told_stands_on_paper() {
        for people in [0, 1, 20, 24, 25, 26, 300] {
            let pages = pages(&sheet(people), &proof()).expect("a layout");
            for mark in pages.iter().flatten() {
                let (x, y, wide, high) = match mark {
                    Mark::Text { at, text, .. } => {
                        assert!(!text.chars().any(char::is_control), "{text:?}");
                        (at.0, at.1, 0.0, 0.0)
                    }
                    Mark::Box { area, .. } | Mark::Link { area, .. } => *area,
                };
                assert!(x >= MARGIN - 0.01 && x + wide <= PAGE.0 - MARGIN + 0.01, "{mark:?}");
                assert!(y >= MARGIN && y + high <= PAGE.1 - MARGIN + 7.0, "{mark:?}");
            }
            let texts: Vec<&str> = pages
                .iter()
                .flatten()
                .filter_map(
                    |mark| if let Mark::Text { text, .. } = mark { Some(text.as_str()) } else { None },
                )
                .collect();
            for number in 0..=people {
                let name = format!("Ёлкина {number} ");
                assert_eq!(texts.iter().filter(|text| text.contains(&name)).count(), 1, "{name}");
            }
            assert!(texts.contains(&"absent") && texts.contains(&"Option 20"));
        }
    }
}
