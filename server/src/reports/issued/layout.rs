//! Where everything stands on the pages of a report. Pure.

use super::{
    letters::Letters,
    model::{At, Cell, Proof, Sheet, Table},
    words::{Words, time},
};
use crate::chat::polls::PollResult;

/// A4, lying, in points.
pub const PAGE: (f32, f32) = (842.0, 595.0);

const MARGIN: f32 = 40.0;
/// How high a line of the table is.
const LINE: f32 = 16.0;
/// Where the lines of the table must end.
const BOTTOM: f32 = PAGE.1 - MARGIN - 14.0;
/// The side of the QR code.
const QR: f32 = 84.0;

/// What lies between two columns.
const GAP: f32 = 6.0;

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
    paper.head(sheet);
    paper.figures(sheet);
    let tables: Vec<&Table> = sheet.tables.iter().filter(|table| table.is_printed).collect();
    for table in &tables {
        paper.table(sheet, table, (tables.len() > 1).then_some(table.name));
    }
    paper.polls(&sheet.polls);
    paper.proof(proof)?;
    paper.feet(sheet, proof);
    Ok(paper.pages)
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
        let room = PAGE.0 - 2.0 * MARGIN;
        self.text((MARGIN, 50.0), 9.0, false, FAINT, &sheet.kind, room);
        self.text((MARGIN, 72.0), 18.0, true, INK, &sheet.title, room);
        // As many facts to a line as have room.
        let mut line = String::new();
        self.y = 89.0;
        for (name, fact) in &sheet.facts {
            let fact = format!("{name}: {fact}");
            let longer = if line.is_empty() { fact.clone() } else { format!("{line}   ·   {fact}") };
            if line.is_empty() || self.regular.width(&longer, 9.0) <= room {
                line = longer;
            } else {
                self.text((MARGIN, self.y), 9.0, false, INK, &line, room);
                self.y += 13.0;
                line = fact;
            }
        }
        self.text((MARGIN, self.y), 9.0, false, INK, &line, room);
        self.y += 12.0;
    }

    fn figures(&mut self, sheet: &Sheet) {
        let (gap, high) = (8.0, 40.0);
        let wide = (PAGE.0 - 2.0 * MARGIN + gap) / 6.0 - gap;
        let mut x = MARGIN;
        for (name, value) in &sheet.cards {
            self.fill((x, self.y, wide, high), GROUND);
            self.text((x + 8.0, self.y + 14.0), 8.0, false, FAINT, name, wide - 16.0);
            self.text((x + 8.0, self.y + 31.0), 13.0, true, INK, &value.text(sheet.zone), wide - 16.0);
            x += wide + gap;
        }
        self.y += high + 12.0;
    }

    fn table(&mut self, sheet: &Sheet, table: &Table, name: Option<&str>) {
        // A heading stands above a line.
        if self.y + 3.0 * LINE > BOTTOM {
            self.turn();
        }
        if let Some(name) = name {
            self.text((MARGIN, self.y + 10.0), 10.0, true, INK, name, 300.0);
            self.y += LINE + 2.0;
        }
        self.heading(sheet, table);
        for row in &table.rows {
            if self.y + LINE > BOTTOM {
                self.turn();
                self.heading(sheet, table);
            }
            self.line(sheet, table, row);
        }
        self.y += 10.0;
    }

    fn heading(&mut self, sheet: &Sheet, table: &Table) {
        let (y, mut x) = (self.y + 10.0, MARGIN);
        let is_chart =
            |column: usize| table.rows.iter().any(|row| matches!(row.get(column), Some(Cell::Chart(_))));
        for (column, (name, wide)) in table.columns.iter().enumerate() {
            if is_chart(column) {
                let (from, to) = (time(table.window.0, sheet.zone), time(table.window.1, sheet.zone));
                let right = x + wide - GAP;
                self.text((x, y), 8.0, true, FAINT, &from, 60.0);
                self.text_to(right, y, 8.0, true, FAINT, &to);
                let half = self.bold.width(name, 8.0) / 2.0;
                self.text((f32::midpoint(x, right) - half, y), 8.0, true, FAINT, name, 150.0);
            } else {
                self.text((x, y), 8.0, true, FAINT, name, wide - GAP);
            }
            x += wide;
        }
        self.y += LINE;
        self.fill((MARGIN, self.y - 1.5, PAGE.0 - 2.0 * MARGIN, 0.75), LINES);
    }

    fn line(&mut self, sheet: &Sheet, table: &Table, row: &[Cell]) {
        let mut x = MARGIN;
        for ((_, wide), cell) in table.columns.iter().zip(row) {
            if let Cell::Chart(spans) = cell {
                self.chart((x, wide - GAP), table.window, spans);
            } else {
                let color = if matches!(cell, Cell::Remark(_)) { WARNING } else { INK };
                self.text((x, self.y + 11.0), 9.0, false, color, &cell.text(sheet.zone), wide - GAP);
            }
            x += wide;
        }
        self.y += LINE;
        self.fill((MARGIN, self.y - 0.5, PAGE.0 - 2.0 * MARGIN, 0.5), LINES);
    }

    fn chart(&mut self, (left, wide): (f32, f32), (from, to): (At, At), spans: &[(At, At)]) {
        let top = self.y + 4.0;
        self.fill((left, top, wide, 8.0), GROUND);
        let place = |at: At| {
            #[expect(clippy::cast_possible_truncation, reason = "a place on paper")]
            let share = ((at - from).as_seconds_f64() / (to - from).as_seconds_f64()).clamp(0.0, 1.0) as f32;
            left + share * wide
        };
        for (joined, went) in spans {
            let (begin, end) = (place(*joined), place(*went));
            // The shortest presence is seen too, and none goes over the edge.
            let begin = begin.min(left + wide - 0.75);
            self.fill((begin, top, (end - begin).max(0.75), 8.0), PRESENT);
        }
    }

    /// What was voted on, and how many chose what.
    fn polls(&mut self, polls: &[PollResult]) {
        let (words, room) = (self.words, PAGE.0 - 2.0 * MARGIN);
        for poll in polls {
            // A question stands above its first answer.
            if self.y + 3.0 * LINE + 10.0 > BOTTOM {
                self.turn();
            }
            self.y += 8.0;
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
        if self.y + QR + 10.0 > BOTTOM {
            self.turn();
        }
        let words = self.words;
        let top = self.y + 8.0;
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
            self.text((x, top + 57.0), 7.5, false, FAINT, &format!("{}: {seal}", words.seal), room);
        }
        self.y = top + QR;
        Ok(())
    }

    fn feet(&mut self, sheet: &Sheet, proof: &Proof) {
        let (count, y) = (self.pages.len(), PAGE.1 - MARGIN + 6.0);
        let short: String = proof.code.to_string().chars().take(16).collect();
        let left = format!("{} · {} {short}…", sheet.title, self.words.code);
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
    use chrono::{DateTime, Duration};
    use kernel::ids::{MessageId, ReportId, SpanId};

    use super::*;
    use crate::{
        attendance::{
            excuses::Excuse,
            model::ClosedBy,
            presence::{Need, Rules},
            report::{Attendance, AttendanceSpan, Attendee, Frame, report},
        },
        participants::model::ParticipantStatus,
        presence_checks::model::CheckTally,
        reports::{
            issued::sheets::{self, Facts, Reader},
            rules::Figures,
        },
        seals::model::Hash,
    };

    fn start() -> At {
        "2026-12-01T09:00:00Z".parse().expect("a time")
    }

    fn reader(language: &str) -> Reader {
        Reader {
            organization: "Baraza la Wazee".into(),
            zone: chrono_tz::Africa::Nairobi,
            language: language.into(),
            now: start() + Duration::hours(1),
        }
    }

    /// A meeting of an hour to which `people` came, but for one.
    pub fn sheet(people: usize, language: &str) -> Sheet {
        let (start, end) = (start(), start() + Duration::hours(1));
        let attendees = (0..=people).map(|number| Attendee {
            user: None,
            guest_id: None,
            guest_name: Some(format!("Nguyễn Σωκράτης Ёлкина {number} (guest)\u{0}\n of a long, long name")),
            status: Some(ParticipantStatus::Left),
            is_listed: true,
            excuse: (number == 0).then(|| Excuse {
                reason: "Ill".into(),
                excused_by: None,
                excused_at: start,
            }),
            messages_sent: 3,
            hand_raised_count: 1,
            speaking_seconds: 75.0,
            checks: if number > 0 { CheckTally { asked: 3, confirmed: 2 } } else { CheckTally::default() },
            spans: (0..2)
                .filter(|_| number > 0)
                .map(|span| AttendanceSpan {
                    id: SpanId(uuid::Uuid::nil()),
                    joined_at: start + Duration::minutes(30 * span + 1),
                    left_at: Some(start + Duration::minutes(30 * span + 20)),
                    how_closed: Some(ClosedBy::Left),
                    exact_within_seconds: Some(1.0),
                    correction: None,
                })
                .collect(),
            came_as: Vec::new(),
            struck: Vec::new(),
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
            actual_start: Some(start),
            actual_end: Some(end),
            late_threshold_minutes: 5,
            rules: Rules { min_percent: Some(75), quorum: Some(Need::Percent(50)) },
        };
        let facts = Facts {
            title: "=Board <of> (\"all\") things".into(),
            host: Some("Amina".into()),
            scheduled_start: start,
            scheduled_end: Some(end),
            actual_start: Some(start),
            actual_end: Some(end),
        };
        let attendance = Attendance { polls: vec![poll], ..report(frame, attendees.collect(), end) };
        sheets::attendance(reader(language), facts, attendance)
    }

    /// What would prove it.
    pub fn proof() -> Proof {
        let id = ReportId(uuid::Uuid::nil());
        Proof { id, code: Hash::NONE, link: "https://meet.test/reports/verify/0".into(), seal: None }
    }

    /// The texts of a layout, of which nothing lies beside the paper.
    fn texts(sheet: &Sheet) -> Vec<String> {
        let pages = pages(sheet, &proof()).expect("a layout");
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
        let texts = pages.into_iter().flatten().filter_map(|mark| match mark {
            Mark::Text { text, .. } => Some(text),
            _ => None,
        });
        texts.collect()
    }

    #[test]
    fn all_that_is_told_stands_on_paper() {
        for people in [0, 1, 20, 24, 25, 26, 300] {
            let texts = texts(&sheet(people, "en"));
            for number in 0..=people {
                let name = format!("Ёлкина {number} ");
                assert_eq!(texts.iter().filter(|text| text.contains(&name)).count(), 1, "{name}");
            }
            for said in ["absent, excused", "Option 20"] {
                assert!(texts.iter().any(|text| text == said), "{said}");
            }
        }
    }

    #[test]
    fn columns_fill_the_paper_and_their_names_have_room() {
        let period: (At, At) = (DateTime::UNIX_EPOCH, start());
        for language in ["en", "sw"] {
            let figures = Figures::from(crate::reports::rules::Count::default());
            let nobody = crate::reports::rules::member_figures([].into_iter());
            for sheet in [
                sheet(1, language),
                sheets::member(reader(language), "Amina".into(), period, &nobody, &[]),
                sheets::meetings(reader(language), period, &figures, &[], &[]),
            ] {
                let texts = texts(&sheet);
                let is_whole = |name: &str| texts.iter().any(|text| text == name);
                for table in sheet.tables.iter().filter(|table| table.is_printed) {
                    let all: f32 = table.columns.iter().map(|(_, wide)| wide).sum();
                    assert!((all - (PAGE.0 - 2.0 * MARGIN)).abs() < 0.01, "{}: {all}", table.name);
                    for (name, _) in &table.columns {
                        assert!(is_whole(name), "{name}");
                    }
                }
                for (name, _) in &sheet.cards {
                    assert!(is_whole(name), "{name}");
                }
            }
        }
    }
}
