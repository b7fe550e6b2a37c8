//! SQL of issued reports.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use kernel::{
    db::Tx,
    ids::{MeetingId, OrganizationId, UserId},
};
use uuid::Uuid;

use super::{
    model::{LedgerState, Proof, Record, ReportMatch, Subject, state},
    sheets::{Facts, Reader},
};
use crate::seals::{
    self,
    model::{EntryId, Hash, Head},
};

/// What stands above a meeting's figures, whose it is, and by whose clocks its times are told.
pub async fn facts(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<(Facts, OrganizationId, Tz)> {
    let row = sqlx::query!(
        r#"select m.organization_id as "organization: OrganizationId", m.title, h.name as "host?", m.scheduled_start,
                  m.scheduled_end, m.actual_start, m.actual_end, m.timezone
           from meetings m left join users h on h.id = m.host_id where m.id = $1"#,
        meeting.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    let facts = Facts {
        title: row.title,
        host: row.host,
        scheduled_start: row.scheduled_start,
        scheduled_end: row.scheduled_end,
        actual_start: row.actual_start,
        actual_end: row.actual_end,
    };
    Ok((facts, row.organization, row.timezone.parse().unwrap_or(Tz::UTC)))
}

/// For whom a report is made: what their organization is called and when its day begins, and their language.
pub async fn reader(
    tx: &mut Tx,
    organization: OrganizationId,
    user: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<Reader> {
    let row = sqlx::query!(
        r#"select o.name, o.timezone, u.language from organizations o, users u where o.id = $1 and u.id = $2"#,
        organization.0,
        user.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    let zone = row.timezone.parse().unwrap_or(Tz::UTC);
    Ok(Reader { organization: row.name, zone, language: row.language, now })
}

/// The comings and goings that a report rests on, as the record has them.
pub async fn record(tx: &mut Tx, subject: &Subject) -> sqlx::Result<Record> {
    let movements = sqlx::query_scalar!(
        "select id from attendance_log l where meeting_id = any ($1) and event <> 'requested'
                and ($2::uuid is null or user_id = $2 or exists (select from guest_members g
                     where g.meeting_id = l.meeting_id and g.guest_id = guest_of(l.identity) and g.user_id = $2))
         order by id",
        &ids(&subject.meetings),
        subject.user.map(|user| user.0),
    )
    .fetch_all(&mut **tx)
    .await?;
    let hash = read(tx, &movements).await?.ok_or(sqlx::Error::RowNotFound)?;
    Ok(Record { movements, hash })
}

fn ids(meetings: &[MeetingId]) -> Vec<Uuid> {
    meetings.iter().map(|meeting| meeting.0).collect()
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
    let mut ids: Vec<EntryId> = movements.chain([EntryId::Audit(entry)]).collect();
    ids.extend(seals::entries_of_corrections(tx, &report.meetings).await?);
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
    seals::strange_spans(tx, None, Some(&report.meetings), |_| follows = false).await?;
    seals::strange_corrections(tx, None, Some(&report.meetings), |_| follows = false).await?;
    Ok(follows)
}

/// A report to be stored.
pub struct Issue<'a> {
    pub subject: &'a Subject,
    pub proof: &'a Proof,
    pub file: Hash,
    pub record: &'a Record,
    pub at: DateTime<Utc>,
}

/// Stores that a report was issued.
pub async fn issue(tx: &mut Tx, issue: Issue<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into issued_reports (id, organization_id, meeting_id, user_id, meetings, code, file, movements, record,
                seal_sequence, seal_hash, issued_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        issue.proof.id.0,
        issue.subject.organization.0,
        issue.subject.meeting.map(|meeting| meeting.0),
        issue.subject.user.map(|user| user.0),
        &ids(&issue.subject.meetings),
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
    user: Option<UserId>,
    meetings: Vec<Uuid>,
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
        r#"select organization_id as "organization: OrganizationId", user_id as "user: UserId", meetings,
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
        r#"select exists (select from attendance_log l where meeting_id = any ($1) and event <> 'requested'
                          and ($2::uuid is null or user_id = $2 or exists (select from guest_members g
                               where g.meeting_id = l.meeting_id and g.guest_id = guest_of(l.identity) and g.user_id = $2))
                          and not id = any ($3)) as "more!""#,
        &report.meetings,
        report.user.map(|user| user.0),
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
