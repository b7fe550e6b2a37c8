//! Tables as people's other programs write and read them: CSV in the shapes that spreadsheets give it.

use std::collections::HashMap;

use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, SecondsFormat, Utc};
use futures::stream;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{Problem, csv::FORMULA, harmless};

/// Most lines that one import takes.
pub const MOST_LINES: usize = 20_000;

/// Why a file is no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// Nothing is in it.
    Empty,
    /// It is not text.
    NoText,
    /// It has more lines than [`MOST_LINES`].
    TooLong,
}

impl From<Unreadable> for Problem {
    fn from(why: Unreadable) -> Self {
        let (code, detail) = match why {
            Unreadable::Empty => ("EMPTY_FILE", "This file is empty.".to_owned()),
            Unreadable::NoText => {
                ("NOT_A_TABLE", "This is no text. Please save the table as CSV.".to_owned())
            }
            Unreadable::TooLong => ("TOO_MANY_LINES", format!("A file may have at most {MOST_LINES} lines.")),
        };
        Self::invalid_field("", code, detail)
    }
}

/// A table with named columns.
#[derive(Debug)]
pub struct Table {
    columns: HashMap<String, usize>,
    /// The lines behind the heading.
    pub rows: Vec<Row>,
}

/// A line of a table.
#[derive(Debug)]
pub struct Row {
    /// Where it begins in the file, from 1.
    pub line: u64,
    /// What is in it; `None` when it is not text.
    pub cells: Option<Vec<String>>,
}

impl Table {
    /// Reads CSV with a heading: separated by commas, semicolons or tabs, in UTF-8 (with or without a mark at the
    /// beginning) or UTF-16 (with one), with quotes where they are needed. A line that is broken does not break others.
    ///
    /// # Errors
    /// See [`Unreadable`].
    pub fn read(file: &[u8]) -> Result<Self, Unreadable> {
        let text = with_plain_ends(&decoded(file).ok_or(Unreadable::NoText)?);
        let heading = text.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
        let separator = separator(heading.ok_or(Unreadable::Empty)?);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(&text[..]);
        let heading = reader.byte_headers().map_err(|_| Unreadable::NoText)?.clone();
        let columns = heading
            .iter()
            .enumerate()
            .map(|(index, name)| (String::from_utf8_lossy(name).trim().to_lowercase(), index))
            .collect();
        let mut rows = Vec::new();
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record).map_err(|_| Unreadable::NoText)? {
            if record.iter().all(<[u8]>::is_empty) {
                continue;
            }
            if rows.len() == MOST_LINES {
                return Err(Unreadable::TooLong);
            }
            let line = record.position().map_or(0, |at| at.line() + empty_lines(&text, at.byte()));
            let cells = record.iter().map(|cell| String::from_utf8(cell.to_vec()).ok());
            let cells = cells.collect::<Option<Vec<_>>>();
            rows.push(Row {
                line,
                cells: cells.filter(|cells| !cells.iter().any(|cell| cell.contains('\0'))),
            });
        }
        Ok(Self { columns, rows })
    }

    /// The column that has one of these names.
    pub fn column(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.columns.get(*name).copied())
    }
}

impl Row {
    /// What stands in a column; empty when the line is shorter or there is no such column.
    pub fn get(&self, column: Option<usize>) -> &str {
        let cell = column.and_then(|column| self.cells.as_ref()?.get(column));
        cell.map_or("", |cell| plain(cell))
    }
}

/// The text as UTF-8, as far as it is; lines that are not are found out later.
fn decoded(file: &[u8]) -> Option<Vec<u8>> {
    let wide = |bytes: &[u8], word: fn([u8; 2]) -> u16| {
        let words: Vec<u16> = bytes.chunks_exact(2).map(|pair| word([pair[0], pair[1]])).collect();
        String::from_utf16(&words).ok().map(String::into_bytes)
    };
    match file {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => Some(rest.to_vec()),
        // Zip archives, which is what spreadsheets' own files are.
        [b'P', b'K', 3, 4, ..] => None,
        _ => Some(file.to_vec()),
    }
}

/// Empty lines that the reader passed over before a record that it says begins at `at`.
fn empty_lines(text: &[u8], at: u64) -> u64 {
    let rest = usize::try_from(at).ok().and_then(|at| text.get(at..)).unwrap_or_default();
    rest.iter().map_while(|byte| (*byte == b'\n').then_some(1)).sum()
}

/// The same with one character at the end of each line, by which lines are counted.
fn with_plain_ends(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' if bytes.peek() == Some(&b'\n') => {}
            b'\r' => plain.push(b'\n'),
            other => plain.push(other),
        }
    }
    plain
}

/// What separates the columns of a heading: whichever of the three there is most of, outside of quotes.
fn separator(heading: &[u8]) -> u8 {
    const CANDIDATES: [u8; 3] = [b',', b';', b'\t'];
    let mut quoted = false;
    let mut count = [0_usize; 3];
    for byte in heading {
        quoted ^= *byte == b'"';
        if let Some(index) = CANDIDATES.iter().position(|candidate| candidate == byte && !quoted) {
            count[index] += 1;
        }
    }
    let most = (0..3).rev().max_by_key(|index| count[*index]).unwrap_or(0);
    CANDIDATES[most]
}

/// Writes CSV in which no cell is taken for a formula.
#[derive(Debug)]
pub struct Writer(csv::Writer<Vec<u8>>);

impl Writer {
    /// A table that begins with a heading.
    ///
    /// # Errors
    /// None in practice: memory takes anything.
    pub fn new(columns: &[&str]) -> csv::Result<Self> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(columns)?;
        Ok(Self(writer))
    }

    /// Adds a line.
    ///
    /// # Errors
    /// When it has not as many cells as the heading.
    pub fn line<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) -> csv::Result<()> {
        self.0.write_record(cells.into_iter().map(harmless))
    }

    /// The file.
    ///
    /// # Errors
    /// None in practice.
    pub fn finish(self) -> anyhow::Result<Vec<u8>> {
        Ok(self.0.into_inner()?)
    }
}

/// A file of a media type that browsers keep as `name`.
pub fn file(media_type: &'static str, name: &str, content: impl Into<Body>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, content.into()).into_response()
}

/// A table that browsers keep as `name` with the ending `.csv`.
pub fn download(name: &str, table: impl Into<Body>) -> Response {
    file("text/csv; charset=utf-8", &format!("{name}.csv"), table)
}

/// A long file, sent as it is read: `read` gives what is behind a place, and the place where that ended unless it was the
/// last. What goes wrong on the way breaks the file off.
pub fn pages<Place, Read, Reading>(read: Read) -> Body
where
    Place: Send + 'static,
    Read: Fn(Option<Place>) -> Reading + Send + 'static,
    Reading: Future<Output = anyhow::Result<(Vec<u8>, Option<Place>)>> + Send + 'static,
{
    Body::from_stream(stream::try_unfold((read, Some(None)), |(read, after)| async move {
        let Some(after) = after else { return Ok(None) };
        let (bytes, end) = read(after).await?;
        anyhow::Ok(Some((bytes, (read, end.map(Some)))))
    }))
}

/// A long table, sent as it is read: pages of lines. As with [`Writer`], no cell is taken for a formula.
pub fn streamed<Place, Read, Reading>(columns: &'static [&'static str], read: Read) -> Body
where
    Place: Send + 'static,
    Read: Fn(Option<Place>) -> Reading + Send + 'static,
    Reading: Future<Output = anyhow::Result<(Vec<Vec<String>>, Option<Place>)>> + Send + 'static,
{
    pages(move |after| {
        let is_first = after.is_none();
        let reading = read(after);
        async move {
            let (lines, end) = reading.await?;
            let mut table = csv::Writer::from_writer(Vec::new());
            if is_first {
                table.write_record(columns)?;
            }
            for line in lines {
                table.write_record(line.iter().map(|cell| harmless(cell)))?;
            }
            Ok((table.into_inner()?, end))
        }
    })
}

/// The lines of up to `most` rows that were read for a long table, and the place where they end unless they are the last.
///
/// # Errors
/// When a row cannot be written.
pub fn lines<Row, Place, Error>(
    rows: Vec<Row>,
    most: i64,
    place: impl Fn(&Row) -> Place,
    line: impl FnMut(Row) -> Result<Vec<String>, Error>,
) -> anyhow::Result<(Vec<Vec<String>>, Option<Place>)>
where
    anyhow::Error: From<Error>,
{
    let is_full = rows.len() == usize::try_from(most)?;
    let end = rows.last().filter(|_| is_full).map(place);
    Ok((rows.into_iter().map(line).collect::<Result<_, _>>()?, end))
}

/// A time as tables have it; empty for none.
pub fn time(at: Option<DateTime<Utc>>) -> String {
    at.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true)).unwrap_or_default()
}

/// A word of the API as tables have it.
///
/// # Errors
/// None in practice: words can be written.
pub fn word(word: impl Serialize) -> serde_json::Result<String> {
    Ok(serde_json::to_value(word)?.as_str().unwrap_or_default().to_owned())
}

/// The text before it was made harmless, so that what was exported is imported as it was.
fn plain(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| rest.starts_with(FORMULA)).unwrap_or(text)
}

/// What became of a line of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportStatus {
    /// A person was invited.
    Invited,
    /// Something new was stored.
    Created,
    /// What was there was changed.
    Updated,
    /// All of it was there already.
    Unchanged,
    /// The line cannot be taken; `code` and `detail` say why.
    Failed,
}

/// A line of an import's report.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportLine {
    /// Where it begins in the file, from 1; the heading is a line too.
    pub line: u64,
    /// The e-mail address that it is about, as far as there is one.
    pub email: String,
    /// What became of it.
    pub status: ImportStatus,
    /// Why it failed, or what is to be noted: stable and upper-case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// The same as one plain sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl ImportLine {
    /// A line that came to `status` without more to say.
    pub fn new(line: u64, email: &str, status: ImportStatus) -> Self {
        Self { line, email: email.to_owned(), status, code: None, detail: None }
    }

    /// A line that cannot be taken.
    pub fn failed(line: u64, email: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self { code: Some(code), detail: Some(detail.into()), ..Self::new(line, email, ImportStatus::Failed) }
    }
}

/// How many lines came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportSummary {
    /// People who were invited.
    pub invited: usize,
    /// New things.
    pub created: usize,
    /// Changed things.
    pub updated: usize,
    /// Lines that changed nothing.
    pub unchanged: usize,
    /// Lines that cannot be taken.
    pub failed: usize,
}

/// What an import did, or would do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportReport {
    /// True when nothing was changed because only a report was asked for.
    pub dry_run: bool,
    /// How many lines came to what.
    pub summary: ImportSummary,
    /// Line by line, in their order.
    pub items: Vec<ImportLine>,
}

impl ImportReport {
    /// A report of these lines.
    pub fn new(mut items: Vec<ImportLine>, dry_run: bool) -> Self {
        items.sort_by_key(|item| item.line);
        let mut summary = ImportSummary::default();
        for item in &items {
            *match item.status {
                ImportStatus::Invited => &mut summary.invited,
                ImportStatus::Created => &mut summary.created,
                ImportStatus::Updated => &mut summary.updated,
                ImportStatus::Unchanged => &mut summary.unchanged,
                ImportStatus::Failed => &mut summary.failed,
            } += 1;
        }
        Self { dry_run, summary, items }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(file: &[u8]) -> Vec<(u64, String, String)> {
        let table = Table::read(file).expect("a table");
        let (name, email) = (table.column(&["name"]), table.column(&["email", "e-mail"]));
        let row = |row: &Row| (row.line, row.get(name).to_owned(), row.get(email).to_owned());
        table.rows.iter().map(row).collect()
    }

    #[test]
    fn what_spreadsheets_write_is_read() {
        let expected = vec![(2, "A, B".to_owned(), "a@b.test".to_owned())];
        assert_eq!(lines(b"name,email\n\"A, B\",a@b.test\n"), expected);
        assert_eq!(lines(b"\xef\xbb\xbfName;E-Mail\r\n\"A, B\";a@b.test\r\n"), expected);
        assert_eq!(lines(b"\"email\"\t\"name, all of it\"\tname\na@b.test\tx\tA, B"), expected);
        let wide: Vec<u8> =
            "\u{feff}name\temail\r\nA, B\ta@b.test\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(lines(&wide), expected);
    }

    #[test]
    fn lines_are_named_where_they_begin_and_a_broken_one_harms_no_other() {
        let file = b"name,email\n\"two\nlines\",a@b.test\n\n,,\n\xff\xfe,c@d.test\nshort\n\n\nD,d@e.test,more,and more\n";
        let table = Table::read(file).expect("a table");
        let email = table.column(&["email"]);
        let told: Vec<_> =
            table.rows.iter().map(|row| (row.line, row.cells.is_some(), row.get(email))).collect();
        assert_eq!(told, [(2, true, "a@b.test"), (6, false, ""), (7, true, ""), (10, true, "d@e.test")]);
    }

    #[test]
    fn what_is_no_table_is_told_apart() {
        assert_eq!(Table::read(b"").expect_err("empty"), Unreadable::Empty);
        assert_eq!(Table::read(b"\xef\xbb\xbf \r\n").expect_err("empty"), Unreadable::Empty);
        assert_eq!(Table::read(b"PK\x03\x04 xlsx").expect_err("an archive"), Unreadable::NoText);
        let long = format!("email\n{}", "a@b.test\n".repeat(MOST_LINES + 1));
        assert_eq!(Table::read(long.as_bytes()).expect_err("long"), Unreadable::TooLong);
    }

    #[test]
    fn no_cell_is_a_formula() {
        let mut table = Writer::new(&["name"]).expect("memory");
        for name in ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "Amina", "\t=1"] {
            table.line([name]).expect("memory");
        }
        let text = String::from_utf8(table.finish().expect("memory")).expect("UTF-8");
        let back = Table::read(text.as_bytes()).expect("a table");
        assert_eq!(back.rows[1].get(Some(0)), "+1");
        assert_eq!(text, "name\n'=cmd|' /C calc'!A0\n'+1\n'-1\n'@SUM(1)\nAmina\n'\t=1\n");
    }
}
