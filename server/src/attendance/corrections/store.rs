//! SQL of corrections. The trigger on the table writes the trail and sums up anew.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{CorrectionId, GuestId, MeetingId, OrganizationId, SpanId, UserId},
};

use super::model::{CorrectedGuest, Correction, CorrectionKind};
use crate::attendance::report::{AttendeeUser, SpanTimes};

/// A correction to be stored.
pub struct New<'a> {
    pub id: CorrectionId,
    pub organization: OrganizationId,
    pub meeting: MeetingId,
    pub span: Option<SpanId>,
    pub guest: Option<GuestId>,
    pub user: Option<UserId>,
    pub times: Option<SpanTimes>,
    pub former_user: Option<UserId>,
    pub former: Option<SpanTimes>,
    pub reason: &'a str,
    pub author: UserId,
    pub at: DateTime<Utc>,
}

/// Stores a correction.
pub async fn add(tx: &mut Tx, new: &New<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into attendance_corrections (id, organization_id, meeting_id, span_id, guest_id, user_id, joined_at, left_at,
                former_user_id, former_joined_at, former_left_at, reason, author_id, corrected_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        new.id.0,
        new.organization.0,
        new.meeting.0,
        new.span.map(|span| span.0),
        new.guest.map(|guest| guest.0),
        new.user.map(|user| user.0),
        new.times.map(|times| times.joined_at),
        new.times.map(|times| times.left_at),
        new.former_user.map(|user| user.0),
        new.former.map(|times| times.joined_at),
        new.former.map(|times| times.left_at),
        new.reason,
        new.author.0,
        new.at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A span as it is believed.
pub struct Span {
    pub user: Option<UserId>,
    pub guest: Option<GuestId>,
    pub joined_at: Option<DateTime<Utc>>,
    pub left_at: Option<DateTime<Utc>>,
}

/// A span of a meeting.
pub async fn span(tx: &mut Tx, meeting: MeetingId, span: SpanId) -> sqlx::Result<Option<Span>> {
    sqlx::query_as!(
        Span,
        r#"select user_id as "user: UserId", guest_id as "guest: GuestId", joined_at, left_at
           from recorded_spans where meeting_id = $1 and id = $2"#,
        meeting.0,
        span.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Which member a guest of a meeting is believed to be; the outer `None`: there is no such guest.
pub async fn member_of(
    tx: &mut Tx,
    meeting: MeetingId,
    guest: GuestId,
) -> sqlx::Result<Option<Option<UserId>>> {
    sqlx::query_scalar!(
        r#"select m.user_id as "user?: UserId" from guests g left join guest_members m on m.guest_id = g.id
           where g.meeting_id = $1 and g.id = $2"#,
        meeting.0,
        guest.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The corrections of a meeting, the newest first, behind the number `after`; only one of them when it is named.
pub async fn list(
    tx: &mut Tx,
    meeting: MeetingId,
    only: Option<CorrectionId>,
    after: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Correction>> {
    let rows = sqlx::query!(
        r#"select c.id as "id!: CorrectionId", c.number as "number!", c.span_id as "span_id: SpanId", g.id as "guest_id?: GuestId",
                  g.name as "guest_name?", u.id as "user_id?: UserId", u.name as "user_name?", c.user_id as "whose: UserId",
                  c.joined_at, c.left_at, c.former_joined_at, c.former_left_at, c.reason as "reason!",
                  c.corrected_at as "corrected_at!",
                  a.id as "author_id?: UserId", a.name as "author_name?"
           from attendance_corrections c
           left join guests g on g.id = c.guest_id
           left join users u on u.id = coalesce(c.user_id, c.former_user_id)
           left join users a on a.id = c.author_id
           where c.meeting_id = $1 and ($2::uuid is null or c.id = $2) and ($3::bigint is null or c.number < $3)
           order by c.number desc limit $4"#,
        meeting.0,
        only.map(|id| id.0),
        after,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let kind = match (row.span_id, row.whose) {
                (None, Some(_)) => CorrectionKind::GuestIsMember,
                (None, None) => CorrectionKind::GuestIsGuest,
                (Some(_), _) if row.joined_at.is_none() => CorrectionKind::Struck,
                (Some(span), _) if span.0 == row.id.0 => CorrectionKind::Added,
                (Some(_), _) => CorrectionKind::Times,
            };
            let former = row.former_joined_at.zip(row.former_left_at);
            let person = |id: Option<UserId>, name: Option<String>| {
                id.zip(name).map(|(id, name)| AttendeeUser { id, name })
            };
            Correction {
                id: row.id,
                kind,
                span_id: row.span_id,
                guest: row.guest_id.zip(row.guest_name).map(|(id, name)| CorrectedGuest { id, name }),
                user: person(row.user_id, row.user_name),
                joined_at: row.joined_at,
                left_at: row.left_at,
                former: former.map(|(joined_at, left_at)| SpanTimes { joined_at, left_at }),
                reason: row.reason,
                author: person(row.author_id, row.author_name),
                at: row.corrected_at,
                number: row.number,
            }
        })
        .collect())
}
