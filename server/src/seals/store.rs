//! SQL of seals.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use kernel::db::Tx;
use uuid::Uuid;

use super::{
    model::{AttendanceEntry, AuditEntry, Entry, EntryId, Hash, Head, PLATFORM, Seal},
    rules::{Fault, Finding},
};

// Sealing ----------------------------------------------------------------------------------------------------------

/// Which entries may have no seal yet: those of transactions from `mark` to before `until`.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Everything of earlier transactions is sealed.
    pub mark: i64,
    /// There has been no later transaction. In a database that was brought to another cluster, whose transactions count
    /// anew, anything goes until everything was looked at once.
    pub until: i64,
}

/// How far sealing has come.
pub struct Progress {
    /// All earlier transactions have ended: none of their entries can come in any more.
    pub horizon: i64,
    /// When everything was sealed the last time.
    pub complete_at: Option<DateTime<Utc>>,
    /// By the database's clock, which the logs have their times from.
    pub now: DateTime<Utc>,
}

/// How far sealing has come, locked; `None` while another process seals.
pub async fn lock(tx: &mut Tx) -> sqlx::Result<Option<Progress>> {
    sqlx::query_as!(
        Progress,
        r#"select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as "horizon!", complete_at, now() as "now!"
           from seal_progress for update skip locked"#,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// What is to be looked at.
pub async fn open(tx: &mut Tx) -> sqlx::Result<Span> {
    sqlx::query_as!(
        Span,
        r#"select case when cluster = c.system_identifier then mark else 0 end as "mark!",
                  case when cluster = c.system_identifier then pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                       else 9223372036854775807 end as "until!"
           from seal_progress, pg_control_system() c"#,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Notes that everything of transactions before `mark` is sealed; `is_all`: and that there is no more.
pub async fn advance(tx: &mut Tx, mark: i64, is_all: bool) -> sqlx::Result<()> {
    sqlx::query!(
        "update seal_progress set mark = $1, cluster = (select system_identifier from pg_control_system()),
                complete_at = case when $2 then now() else complete_at end",
        mark,
        is_all,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// An entry without a seal.
pub struct Waiting {
    /// The transaction that wrote it.
    pub tx: i64,
    pub organization: Uuid,
    pub entry: EntryId,
}

/// Entries that have no seal yet, in the order of their transactions.
pub async fn waiting(tx: &mut Tx, open: Span, limit: i64) -> sqlx::Result<Vec<Waiting>> {
    let rows = sqlx::query!(
        r#"select tx as "tx!", organization_id, audit_id, attendance_id from (
               (select tx, organization_id, id as audit_id, null::bigint as attendance_id from audit_log l
                where tx >= $1 and tx < $2 and not exists (select from seals s where s.audit_id = l.id)
                order by tx, id limit $3)
               union all
               (select tx, organization_id, null, id from attendance_log l
                where tx >= $1 and tx < $2 and not exists (select from seals s where s.attendance_id = l.id)
                order by tx, id limit $3)) w
           order by tx, attendance_id nulls first, audit_id limit $3"#,
        open.mark,
        open.until,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    let waiting = rows.into_iter().filter_map(|row| {
        let entry = entry_id(row.audit_id, row.attendance_id)?;
        Some(Waiting { tx: row.tx, organization: row.organization_id.unwrap_or(PLATFORM), entry })
    });
    Ok(waiting.collect())
}

fn entry_id(audit: Option<Uuid>, attendance: Option<i64>) -> Option<EntryId> {
    audit.map(EntryId::Audit).or(attendance.map(EntryId::Attendance))
}

fn columns(entries: impl Iterator<Item = EntryId>) -> (Vec<Option<Uuid>>, Vec<Option<i64>>) {
    entries
        .map(|entry| match entry {
            EntryId::Audit(id) => (Some(id), None),
            EntryId::Attendance(id) => (None, Some(id)),
        })
        .unzip()
}

/// What entries say, hashed; those that are gone are left out.
pub async fn entries(
    tx: &mut Tx,
    ids: impl Iterator<Item = EntryId>,
) -> sqlx::Result<HashMap<EntryId, Entry>> {
    let (audit, attendance) = columns(ids);
    let audit: Vec<Uuid> = audit.into_iter().flatten().collect();
    let attendance: Vec<i64> = attendance.into_iter().flatten().collect();
    let mut found = HashMap::with_capacity(audit.len() + attendance.len());
    let rows = sqlx::query_as!(
        AuditEntry,
        r#"select id, at, organization_id, meeting_id, actor_type, actor_id, action, entity_type, entity_id,
                  before::text as before, after::text as after, correlation_id
           from audit_log where id = any ($1)"#,
        &audit,
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in rows {
        let entry = row.entry().map_err(|error| sqlx::Error::Decode(error.into()))?;
        found.insert(entry.id, entry);
    }
    let rows = sqlx::query_as!(
        AttendanceEntry,
        r#"select id, organization_id, meeting_id, user_id, identity, span_id, event::text as "event!", occurred_at,
                  source, recorded_at
           from attendance_log where id = any ($1)"#,
        &attendance,
    )
    .fetch_all(&mut **tx)
    .await?;
    found.extend(rows.iter().map(AttendanceEntry::entry).map(|entry| (entry.id, entry)));
    Ok(found)
}

/// The last seals of chains.
pub async fn heads(tx: &mut Tx, organizations: &[Uuid]) -> sqlx::Result<HashMap<Uuid, Head>> {
    let rows = sqlx::query!(
        "select organization_id, sequence, hash from seal_heads where organization_id = any ($1)",
        organizations,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let hash = hash(row.hash)?;
            let organization = row.organization_id;
            Ok((organization, Head { organization, sequence: row.sequence, hash }))
        })
        .collect()
}

/// A hash as the database keeps it.
pub fn hash(bytes: Vec<u8>) -> sqlx::Result<Hash> {
    bytes.try_into().map_err(|error: std::array::TryFromSliceError| sqlx::Error::Decode(error.into()))
}

/// Adds seals to their chains; `ends` are the last ones of those.
pub async fn append(
    tx: &mut Tx,
    seals: &[Seal],
    ends: &HashMap<Uuid, Head>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let (audit, attendance) = columns(seals.iter().map(|seal| seal.entry));
    sqlx::query!(
        "insert into seals (organization_id, sequence, audit_id, attendance_id, is_late, content, hash, sealed_at)
         select *, $8::timestamptz from unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::bigint[], $5::boolean[], $6::bytea[], $7::bytea[])",
        &seals.iter().map(|seal| seal.organization).collect::<Vec<_>>(),
        &seals.iter().map(|seal| seal.sequence).collect::<Vec<_>>(),
        &audit as &[Option<Uuid>],
        &attendance as &[Option<i64>],
        &seals.iter().map(|seal| seal.is_late).collect::<Vec<_>>(),
        &seals.iter().map(|seal| seal.content.bytes().to_vec()).collect::<Vec<_>>(),
        &seals.iter().map(|seal| seal.hash.bytes().to_vec()).collect::<Vec<_>>(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into seal_heads (organization_id, sequence, hash, sealed_at)
         select *, $4::timestamptz from unnest($1::uuid[], $2::bigint[], $3::bytea[])
         on conflict (organization_id) do update
             set sequence = excluded.sequence, hash = excluded.hash, sealed_at = excluded.sealed_at",
        &ends.values().map(|end| end.organization).collect::<Vec<_>>(),
        &ends.values().map(|end| end.sequence).collect::<Vec<_>>(),
        &ends.values().map(|end| end.hash.bytes().to_vec()).collect::<Vec<_>>(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

// Reading ----------------------------------------------------------------------------------------------------------

/// The last seal of a chain, and when it was made.
pub async fn head(tx: &mut Tx, organization: Uuid) -> sqlx::Result<Option<(Head, DateTime<Utc>)>> {
    let row = sqlx::query!(
        "select sequence, hash, sealed_at from seal_heads where organization_id = $1",
        organization
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| Ok((Head { organization, sequence: row.sequence, hash: hash(row.hash)? }, row.sealed_at)))
        .transpose()
}

/// Whether a chain still has a seal.
pub async fn stands(tx: &mut Tx, head: Head) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from seals where organization_id = $1 and sequence = $2 and hash = $3) as "stands!""#,
        head.organization,
        head.sequence,
        head.hash.bytes(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// The hashes with which entries were sealed; those without a seal are left out.
pub async fn sealed(tx: &mut Tx, ids: impl Iterator<Item = EntryId>) -> sqlx::Result<HashMap<EntryId, Hash>> {
    let (audit, attendance) = columns(ids);
    let rows = sqlx::query!(
        r#"select audit_id, attendance_id, content as "content!" from seals where audit_id = any ($1)
           union all select audit_id, attendance_id, content from seals where attendance_id = any ($2)"#,
        &audit as &[Option<Uuid>],
        &attendance as &[Option<i64>],
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .filter_map(|row| entry_id(row.audit_id, row.attendance_id).map(|id| (id, row.content)))
        .map(|(id, content)| Ok((id, hash(content)?)))
        .collect()
}

/// Whoever reads from now on in this transaction sees one moment.
pub async fn freeze(tx: &mut Tx) -> sqlx::Result<()> {
    sqlx::raw_sql("set transaction isolation level repeatable read, read only").execute(&mut **tx).await?;
    Ok(())
}

/// Whose chains there are, or were; `only` one.
pub async fn chains(tx: &mut Tx, only: Option<Uuid>) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        r#"select organization_id as "id!" from seal_heads where $1::uuid is null or organization_id = $1
           union select organization_id from seals where $1::uuid is null or organization_id = $1
           order by 1"#,
        only,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Seals of a chain behind the number `after`, in their order.
pub async fn seals(tx: &mut Tx, organization: Uuid, after: i64, limit: i64) -> sqlx::Result<Vec<Seal>> {
    let rows = sqlx::query!(
        "select sequence, audit_id, attendance_id, is_late, sealed_at, content, hash
         from seals where organization_id = $1 and sequence > $2 order by sequence limit $3",
        organization,
        after,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Seal {
                organization,
                sequence: row.sequence,
                entry: entry_id(row.audit_id, row.attendance_id)
                    .ok_or_else(|| sqlx::Error::Decode("a seal of nothing".into()))?,
                is_late: row.is_late,
                sealed_at: row.sealed_at,
                content: hash(row.content)?,
                hash: hash(row.hash)?,
            })
        })
        .collect()
}

/// How many entries wait for a seal, by organization.
pub async fn not_sealed_yet(tx: &mut Tx, open: Span, only: Option<Uuid>) -> sqlx::Result<HashMap<Uuid, i64>> {
    let rows = sqlx::query!(
        r#"select organization_id as "organization!", count(*) as "count!" from (
               select coalesce(l.organization_id, $2) as organization_id from audit_log l
               where l.tx >= $3 and l.tx < $4 and not exists (select from seals s where s.audit_id = l.id)
               union all
               select l.organization_id from attendance_log l
               where l.tx >= $3 and l.tx < $4 and not exists (select from seals s where s.attendance_id = l.id)) w
           where $1::uuid is null or organization_id = $1 group by 1"#,
        only,
        PLATFORM,
        open.mark,
        open.until,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.organization, row.count)).collect())
}

/// Tells of each entry that has no seal and does not wait for one.
pub async fn inserted(
    tx: &mut Tx,
    open: Span,
    only: Option<Uuid>,
    mut tell: impl FnMut(Finding),
) -> sqlx::Result<()> {
    let mut rows = sqlx::query!(
        r#"select organization_id as "organization!", audit_id, attendance_id, at as "at!" from (
               select coalesce(l.organization_id, $2) as organization_id, l.id as audit_id, null::bigint as attendance_id, l.at
               from audit_log l
               where not (l.tx >= $3 and l.tx < $4) and not exists (select from seals s where s.audit_id = l.id)
               union all
               select l.organization_id, null, l.id, l.recorded_at from attendance_log l
               where not (l.tx >= $3 and l.tx < $4) and not exists (select from seals s where s.attendance_id = l.id)) w
           where $1::uuid is null or organization_id = $1"#,
        only,
        PLATFORM,
        open.mark,
        open.until,
    )
    .fetch(&mut **tx);
    while let Some(row) = rows.try_next().await? {
        let entry = entry_id(row.audit_id, row.attendance_id);
        tell(Finding { organization: row.organization, entry, at: Some(row.at), fault: Fault::Inserted });
    }
    Ok(())
}

/// Tells of each connection that does not follow from the trail: the first movement is its beginning, and the last one
/// says whether and when it ended. What belonged to a meeting that was deleted is left out.
pub async fn strange_spans(
    tx: &mut Tx,
    only: Option<Uuid>,
    meetings: Option<&[Uuid]>,
    mut tell: impl FnMut(Finding),
) -> sqlx::Result<()> {
    let mut rows = sqlx::query!(
        r#"with moved as (
               select l.span_id, (array_agg(l.organization_id))[1] as organization_id,
                      (array_agg(l.meeting_id))[1] as meeting_id,
                      (array_agg(l.occurred_at order by l.id))[1] as joined_at,
                      (array_agg(l.event order by l.id))[1] = 'join' as begins,
                      (array_agg(case l.event when 'leave' then l.occurred_at end order by l.id desc))[1] as left_at,
                      max(l.id) as last
               from attendance_log l
               where l.span_id is not null and l.event in ('join', 'leave') and ($1::uuid is null or l.organization_id = $1)
                     and ($2::uuid[] is null or l.meeting_id = any ($2))
               group by l.span_id)
           select coalesce(s.id, m.span_id) as "span!", coalesce(s.organization_id, m.organization_id) as "organization!",
                  m.last as "last?", coalesce(s.joined_at, m.joined_at) as "at!"
           from (select * from attendance_spans where ($1::uuid is null or organization_id = $1)
                                                      and ($2::uuid[] is null or meeting_id = any ($2))) s
           full join moved m on m.span_id = s.id
           where (s.id is null and exists (select from meetings where id = m.meeting_id)) or (s.id is not null
                 and (m.span_id is null or not m.begins or s.joined_at <> m.joined_at
                      or s.left_at is distinct from m.left_at or s.meeting_id <> m.meeting_id))"#,
        only,
        meetings,
    )
    .fetch(&mut **tx);
    while let Some(row) = rows.try_next().await? {
        tell(Finding {
            organization: row.organization,
            entry: row.last.map(EntryId::Attendance),
            at: Some(row.at),
            fault: Fault::SpanDiffers(row.span),
        });
    }
    Ok(())
}

/// Tells of each issued report that is not what the audit log says was issued, or that is gone.
pub async fn strange_reports(
    tx: &mut Tx,
    only: Option<Uuid>,
    mut tell: impl FnMut(Finding),
) -> sqlx::Result<()> {
    let mut rows = sqlx::query!(
        r#"select r.id as "id!", r.organization_id as "organization!", r.issued_at as "at!" from issued_reports r
           where ($1::uuid is null or r.organization_id = $1) and entry_of_report(r) is null
           union
           select a.entity_id, a.organization_id, a.at from audit_log a
           where a.action = 'report.issued' and ($1::uuid is null or a.organization_id = $1)
             and not exists (select from issued_reports r where r.id = a.entity_id)"#,
        only,
    )
    .fetch(&mut **tx);
    while let Some(row) = rows.try_next().await? {
        tell(Finding {
            organization: row.organization,
            entry: None,
            at: Some(row.at),
            fault: Fault::ReportDiffers(row.id),
        });
    }
    Ok(())
}

/// Tells of each correction that is not the one that the audit log and the trail tell of, or that is gone.
pub async fn strange_corrections(
    tx: &mut Tx,
    only: Option<Uuid>,
    meetings: Option<&[Uuid]>,
    mut tell: impl FnMut(Finding),
) -> sqlx::Result<()> {
    let mut rows = sqlx::query!(
        r#"select c.id as "id!", c.organization_id as "organization!", c.corrected_at as "at!" from attendance_corrections c
           where ($1::uuid is null or c.organization_id = $1) and ($2::uuid[] is null or c.meeting_id = any ($2))
             and entry_of_correction(c) is null
           union
           select a.entity_id, a.organization_id, a.at from audit_log a
           where a.action = 'attendance.corrected' and ($1::uuid is null or a.organization_id = $1)
             and ($2::uuid[] is null or a.meeting_id = any ($2))
             and not exists (select from attendance_corrections c where c.id = a.entity_id)"#,
        only,
        meetings,
    )
    .fetch(&mut **tx);
    while let Some(row) = rows.try_next().await? {
        tell(Finding {
            organization: row.organization,
            entry: None,
            at: Some(row.at),
            fault: Fault::CorrectionDiffers(row.id),
        });
    }
    Ok(())
}

/// The entries of the audit log that tell of corrections of some meetings.
pub async fn entries_of_corrections(tx: &mut Tx, meetings: &[Uuid]) -> sqlx::Result<Vec<EntryId>> {
    let ids = sqlx::query_scalar!(
        "select id from audit_log where meeting_id = any ($1) and action = 'attendance.corrected'",
        meetings,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids.into_iter().map(EntryId::Audit).collect())
}
