//! Writes a report as a workbook: the figures, and each table.

use chrono_tz::Tz;
use rust_xlsxwriter::{DocProperties, Format, Workbook, Worksheet, XlsxError};

use super::{
    model::{At, Cell, Proof, Sheet, Table},
    words::Words,
};

/// The report as a workbook. Text stays text: no cell is a formula.
///
/// # Errors
/// None in practice: what is written can be written.
pub fn write(sheet: &Sheet, proof: &Proof) -> anyhow::Result<Vec<u8>> {
    let words = Words::of(&sheet.language);
    let mut book = Workbook::new();
    let about = DocProperties::new().set_title(&sheet.title).set_author("Baraza");
    book.set_properties(&about.set_creation_datetime(&sheet.issued_at));
    let styles = Styles {
        bold: Format::new().set_bold(),
        time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        duration: Format::new().set_num_format("[h]:mm:ss"),
        share: Format::new().set_num_format("0 %"),
    };
    summary(book.add_worksheet(), sheet, proof, words, &styles)?;
    for table in &sheet.tables {
        write_table(book.add_worksheet(), table, sheet.zone, &styles)?;
    }
    if !sheet.polls.is_empty() {
        polls(book.add_worksheet(), sheet, words, &styles)?;
    }
    Ok(book.save_to_buffer()?)
}

struct Styles {
    bold: Format,
    time: Format,
    duration: Format,
    share: Format,
}

const SECONDS_OF_DAY: f64 = 86_400.0;

fn summary(
    page: &mut Worksheet,
    sheet: &Sheet,
    proof: &Proof,
    words: &Words,
    styles: &Styles,
) -> Result<(), XlsxError> {
    page.set_name(words.summary)?.set_column_width(0, 28)?.set_column_width(1, 40)?;
    page.write(0, 0, sheet.kind.as_str())?;
    page.write_with_format(1, 0, sheet.title.as_str(), &styles.bold)?;
    let mut row = 2;
    for (name, fact) in &sheet.facts {
        page.write(row, 0, *name)?.write(row, 1, fact.as_str())?;
        row += 1;
    }
    for (name, figure) in &sheet.cards {
        page.write(row, 0, *name)?;
        write_cell(page, (row, 1), figure, sheet.zone, styles)?;
        row += 1;
    }
    page.write(row + 1, 0, words.proof)?
        .write_url(row + 2, 0, proof.link.as_str())?
        .write(row + 3, 0, words.code)?
        .write(row + 3, 1, proof.code.to_string())?;
    if let Some(seal) = proof.seal {
        page.write(row + 4, 0, words.seal)?.write(row + 4, 1, seal.to_string())?;
    }
    Ok(())
}

fn write_table(page: &mut Worksheet, table: &Table, zone: Tz, styles: &Styles) -> Result<(), XlsxError> {
    // Charts are for paper.
    let is_chart =
        |column: usize| table.rows.iter().any(|row| matches!(row.get(column), Some(Cell::Chart(_))));
    let kept: Vec<usize> = (0..table.columns.len()).filter(|column| !is_chart(*column)).collect();
    let names: Vec<&str> = kept.iter().map(|column| table.columns[*column].0).collect();
    heading(page, table.name, &names, styles)?;
    for (line, row) in (1..).zip(&table.rows) {
        for (column, kept) in (0..).zip(&kept) {
            write_cell(page, (line, column), &row[*kept], zone, styles)?;
        }
    }
    Ok(())
}

fn write_cell(
    page: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Cell,
    zone: Tz,
    styles: &Styles,
) -> Result<(), XlsxError> {
    let local = |at: &At| at.with_timezone(&zone).naive_local();
    match cell {
        Cell::Text(text) | Cell::Remark(text) => page.write(row, column, text.as_str())?,
        Cell::Count(count) => page.write(row, column, i32::try_from(*count).unwrap_or(i32::MAX))?,
        Cell::Share(Some(share)) => page.write_with_format(row, column, *share, &styles.share)?,
        Cell::Moment(at) | Cell::Time(Some(at)) => {
            page.write_with_format(row, column, &local(at), &styles.time)?
        }
        Cell::Duration(Some(seconds)) => {
            page.write_with_format(row, column, *seconds / SECONDS_OF_DAY, &styles.duration)?
        }
        Cell::Share(None) | Cell::Time(None) | Cell::Duration(None) | Cell::Chart(_) => page,
    };
    Ok(())
}

fn polls(page: &mut Worksheet, sheet: &Sheet, words: &Words, styles: &Styles) -> Result<(), XlsxError> {
    heading(page, words.poll, &[words.poll, words.option, words.votes], styles)?;
    let answers = sheet.polls.iter().flat_map(|poll| poll.counts().map(move |count| (poll, count)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::issued::layout::tests::{proof, sheet};

    #[test]
    fn any_report_becomes_a_workbook() {
        for language in ["en", "sw"] {
            let book = write(&sheet(3, language), &proof()).expect("a workbook");
            assert!(book.starts_with(b"PK\x03\x04"));
        }
    }
}
