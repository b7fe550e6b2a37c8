//! Writes a report as a workbook: the figures, the people, and their connections.

use chrono::{DateTime, NaiveDateTime, Utc};
use rust_xlsxwriter::{DocProperties, Format, Workbook, Worksheet, XlsxError};

use super::{
    model::{Proof, Sheet},
    words::{Words, moment},
};
use crate::{attendance::report::AttendanceItem, table::word};

/// The report as a workbook. Text stays text: no cell is a formula.
///
/// # Errors
/// None in practice: what is written can be written.
pub fn write(sheet: &Sheet, proof: &Proof) -> anyhow::Result<Vec<u8>> {
    let words = Words::of(&sheet.language);
    let mut book = Workbook::new();
    let about = DocProperties::new().set_title(&sheet.facts.title).set_author("Baraza");
    book.set_properties(&about.set_creation_datetime(&sheet.issued_at));
    let styles = Styles {
        bold: Format::new().set_bold(),
        time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        duration: Format::new().set_num_format("[h]:mm:ss"),
    };
    summary(book.add_worksheet(), sheet, proof, words, &styles)?;
    people(book.add_worksheet(), sheet, words, &styles)?;
    connections(book.add_worksheet(), sheet, words, &styles)?;
    if !sheet.attendance.polls.is_empty() {
        polls(book.add_worksheet(), sheet, words, &styles)?;
    }
    Ok(book.save_to_buffer()?)
}

struct Styles {
    bold: Format,
    time: Format,
    duration: Format,
}

const SECONDS_OF_DAY: f64 = 86_400.0;

fn summary(
    page: &mut Worksheet,
    sheet: &Sheet,
    proof: &Proof,
    words: &Words,
    styles: &Styles,
) -> Result<(), XlsxError> {
    let (facts, figures) = (&sheet.facts, &sheet.attendance.summary);
    page.set_name(words.summary)?.set_column_width(0, 28)?.set_column_width(1, 40)?;
    page.write_with_format(0, 0, facts.title.as_str(), &styles.bold)?;
    let said = [
        (words.host, facts.host.clone()),
        (words.scheduled, Some(moment(facts.scheduled_start, facts.zone))),
        (words.held, facts.actual_start.map(|at| moment(at, facts.zone))),
        (words.issued, Some(moment(sheet.issued_at, facts.zone))),
        (words.times_in, Some(facts.zone.to_string())),
    ];
    let mut row = 1;
    for (name, value) in said {
        page.write(row, 0, name)?.write(row, 1, value.unwrap_or_default())?;
        row += 1;
    }
    let counted = [
        (words.invited, figures.invited),
        (words.attended, figures.attended),
        (words.absent, figures.absent),
        (words.late, figures.late),
        (words.most, figures.peak_participants),
    ];
    for (name, count) in counted {
        page.write(row, 0, name)?.write(row, 1, u32::try_from(count).unwrap_or(u32::MAX))?;
        row += 1;
    }
    let average = figures.average_duration_seconds / SECONDS_OF_DAY;
    page.write(row, 0, words.average)?.write_with_format(row, 1, average, &styles.duration)?;
    page.write(row + 2, 0, words.proof)?
        .write_url(row + 3, 0, proof.link.as_str())?
        .write(row + 4, 0, words.code)?
        .write(row + 4, 1, proof.code.to_string())?;
    if let Some(seal) = proof.seal {
        page.write(row + 5, 0, words.seal)?.write(row + 5, 1, seal.to_string())?;
    }
    Ok(())
}

fn people(page: &mut Worksheet, sheet: &Sheet, words: &Words, styles: &Styles) -> anyhow::Result<()> {
    let names = [
        words.name,
        words.remarks,
        words.came,
        words.left,
        words.duration,
        words.came_late,
        words.left_early,
        words.messages,
        words.hands,
    ];
    heading(page, words.report, &names, styles)?;
    for (row, item) in (1..).zip(&sheet.attendance.items) {
        page.write(row, 0, name(item, words))?.write(row, 1, word(item.status)?)?;
        when(page, (row, 2), item.first_joined_at, sheet, styles)?;
        when(page, (row, 3), item.last_left_at, sheet, styles)?;
        page.write_with_format(row, 4, item.duration_seconds / SECONDS_OF_DAY, &styles.duration)?
            .write(row, 5, item.is_late)?
            .write(row, 6, item.left_early)?
            .write(row, 7, item.messages_sent)?
            .write(row, 8, item.hand_raised_count)?;
    }
    Ok(())
}

fn connections(page: &mut Worksheet, sheet: &Sheet, words: &Words, styles: &Styles) -> anyhow::Result<()> {
    let names = [words.name, words.came, words.left, words.duration, words.how_ended];
    heading(page, words.connections, &names, styles)?;
    let spans =
        sheet.attendance.items.iter().flat_map(|item| item.spans.iter().map(move |span| (item, span)));
    for (row, (item, span)) in (1..).zip(spans) {
        page.write(row, 0, name(item, words))?;
        when(page, (row, 1), Some(span.joined_at), sheet, styles)?;
        when(page, (row, 2), span.left_at, sheet, styles)?;
        let long = (span.left_at.unwrap_or(sheet.issued_at) - span.joined_at).as_seconds_f64();
        page.write_with_format(row, 3, long / SECONDS_OF_DAY, &styles.duration)?.write(
            row,
            4,
            span.how_closed.map(word).transpose()?.unwrap_or_default(),
        )?;
    }
    Ok(())
}

fn polls(page: &mut Worksheet, sheet: &Sheet, words: &Words, styles: &Styles) -> Result<(), XlsxError> {
    heading(page, words.poll, &[words.poll, words.option, words.votes], styles)?;
    let answers =
        sheet.attendance.polls.iter().flat_map(|poll| poll.counts().map(move |count| (poll, count)));
    for (row, (poll, (option, votes))) in (1..).zip(answers) {
        page.write(row, 0, poll.question.as_str())?.write(row, 1, option)?.write(
            row,
            2,
            i32::try_from(votes).unwrap_or(i32::MAX),
        )?;
    }
    Ok(())
}

fn heading(page: &mut Worksheet, name: &str, columns: &[&str], styles: &Styles) -> Result<(), XlsxError> {
    page.set_name(name)?.set_freeze_panes(1, 0)?;
    for (column, name) in (0..).zip(columns) {
        page.write_with_format(0, column, *name, &styles.bold)?
            .set_column_width(column, if column == 0 { 32 } else { 20 })?;
    }
    Ok(())
}

fn name<'a>(item: &'a AttendanceItem, words: &Words) -> &'a str {
    let name = item.user.as_ref().map(|user| &user.name).or(item.guest_name.as_ref());
    name.map_or(words.former, String::as_str)
}

/// A time by the clocks of the meeting; nothing for none.
fn when(
    page: &mut Worksheet,
    (row, column): (u32, u16),
    at: Option<DateTime<Utc>>,
    sheet: &Sheet,
    styles: &Styles,
) -> Result<(), XlsxError> {
    if let Some(at) = at {
        let local: NaiveDateTime = at.with_timezone(&sheet.facts.zone).naive_local();
        page.write_with_format(row, column, &local, &styles.time)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::issued::layout::tests::{proof, sheet};

    #[test]
    fn any_report_becomes_a_workbook() {
        for language in ["en", "sw"] {
            let book = write(&Sheet { language: language.into(), ..sheet(3) }, &proof()).expect("a workbook");
            assert!(book.starts_with(b"PK\x03\x04"));
        }
    }
}
