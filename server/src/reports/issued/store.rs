//! SQL of issued reports.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use kernel::{
    db::Tx,
    ids::{MeetingId, OrganizationId, UserId},
};
use uuid::Uuid;

use super::model::{Facts, LedgerState, Proof, Record, ReportMatch, state};
use crate::seals::{
    self,
    model::{EntryId, Hash, Head},
};

/// What stands above a meeting's figures.
pub async fn facts(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<Facts> {
    let row = sqlx::query!(
        r#"select m.organization_id as "organization: OrganizationId", o.name as organization_name, m.title,
                  h.name as "host?", m.scheduled_start, m.scheduled_end, m.actual_start, m.actual_end, m.timezone
           from meetings m join organizations o on o.id = m.organization_id left join users h on h.id = m.host_id
           where m.id = $1"#,
        meeting.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(Facts {
        organization: row.organization,
        organization_name: row.organization_name,
        title: row.title,
        host: row.host,
        scheduled_start: row.scheduled_start,
        scheduled_end: row.scheduled_end,
        actual_start: row.actual_start,
        actual_end: row.actual_end,
        zone: row.timezone.parse().unwrap_or(Tz::UTC),
    })
}

/// The language of a person or of a key's account.
pub async fn language(tx: &mut Tx, user: UserId) -> sqlx::Result<String> {
    sqlx::query_scalar!("select language from users where id = $1", user.0).fetch_one(&mut **tx).await
}

/// The comings and goings of a meeting as the record has them.
pub async fn record(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<Record> {
    let movements = sqlx::query_scalar!(
        "select id from attendance_log where meeting_id = $1 and event <> 'requested' order by id",
        meeting.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let hash = read(tx, &movements).await?.ok_or(sqlx::Error::RowNotFound)?;
    Ok(Record { movements, hash })
}

/// What movements say today, hashed, unless one is gone.
async fn read(tx: &mut Tx, movements: &[i64]) -> sqlx::Result<Option<Hash>> {
    let ids = || movements.iter().copied().map(EntryId::Attendance);
    let said = seals::entries(tx, ids()).await?;
    let contents: Option<Vec<String>> =
        ids().map(|id| said.get(&id).map(|entry| entry.content.to_string())).collect();
    Ok(contents.map(|contents| Hash::of_all(&contents)))
}

/// Whether a report is the one of the audit log, that and the movements say what they were sealed with, the chain has
/// its seal of that time, and the connections follow from the movements.
async fn holds(tx: &mut Tx, report: &Row) -> sqlx::Result<bool> {
    let Some(entry) = report.entry else { return Ok(false) };
    let movements = report.movements.iter().copied().map(EntryId::Attendance);
    let ids: Vec<EntryId> = movements.chain([EntryId::Audit(entry)]).collect();
    let said = seals::entries(tx, ids.iter().copied()).await?;
    let sealed = seals::sealed(tx, ids.iter().copied()).await?;
    if !sealed.iter().all(|(id, content)| said.get(id).is_some_and(|entry| entry.content == *content)) {
        return Ok(false);
    }
    if let Some((sequence, hash)) = report.seal_sequence.zip(report.seal_hash.clone()) {
        let then = Head { organization: report.organization.0, sequence, hash: seals::hash(hash)? };
        if !seals::stands(tx, then).await? {
            return Ok(false);
        }
    }
    let mut follows = true;
    seals::strange_spans(tx, None, Some(report.meeting), |_| follows = false).await?;
    Ok(follows)
}

/// A report to be stored.
pub struct Issue<'a> {
    pub organization: OrganizationId,
    pub meeting: MeetingId,
    pub proof: &'a Proof,
    pub file: Hash,
    pub record: &'a Record,
    pub at: DateTime<Utc>,
}

/// Stores that a report was issued.
pub async fn issue(tx: &mut Tx, issue: Issue<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into issued_reports (id, organization_id, meeting_id, code, file, movements, record, seal_sequence,
                seal_hash, issued_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        issue.proof.id.0,
        issue.organization.0,
        issue.meeting.0,
        issue.proof.code.bytes(),
        issue.file.bytes(),
        &issue.record.movements,
        issue.record.hash.bytes(),
        issue.proof.seal.map(|seal| seal.sequence),
        issue.proof.seal.map(|seal| seal.hash.bytes().to_vec()),
        issue.at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A report as it is stored.
struct Row {
    organization: OrganizationId,
    meeting: MeetingId,
    by_code: bool,
    movements: Vec<i64>,
    record: Vec<u8>,
    seal_sequence: Option<i64>,
    seal_hash: Option<Vec<u8>>,
    issued_at: DateTime<Utc>,
    /// Where the audit log tells of it.
    entry: Option<Uuid>,
}

/// A report that was issued, and what the record says of it today.
pub struct Issued {
    pub matches: ReportMatch,
    pub issued_at: DateTime<Utc>,
    pub ledger: LedgerState,
}

/// The report that bears a code, or that is a file, by its hash.
pub async fn issued(tx: &mut Tx, hash: Hash) -> sqlx::Result<Option<Issued>> {
    let report = sqlx::query_as!(
        Row,
        r#"select organization_id as "organization: OrganizationId", meeting_id as "meeting: MeetingId",
                  code = $1 as "by_code!", movements, record, seal_sequence, seal_hash, issued_at,
                  entry_of_report(r) as entry
           from issued_reports r where code = $1 or file = $1 limit 1"#,
        hash.bytes(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(report) = report else { return Ok(None) };
    let is_same = read(tx, &report.movements).await? == Some(seals::hash(report.record.clone())?);
    let holds = is_same && holds(tx, &report).await?;
    let has_more = sqlx::query_scalar!(
        r#"select exists (select from attendance_log where meeting_id = $1 and event <> 'requested'
                          and not id = any ($2)) as "more!""#,
        report.meeting.0,
        &report.movements,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(Some(Issued {
        matches: if report.by_code { ReportMatch::Code } else { ReportMatch::File },
        issued_at: report.issued_at,
        ledger: state(holds, has_more),
    }))
}
