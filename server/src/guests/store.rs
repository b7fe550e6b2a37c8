//! SQL of guests and their links.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{GuestId, GuestLinkId, MeetingId, OrganizationId, UserId},
};
use sqlx::postgres::types::PgInterval;

use super::{
    api::GuestLink,
    entrance::{Facts, LinkState, Preview},
};
use crate::{
    access::guest::Guest,
    meetings::model::{EndedBy, MeetingStatus, MeetingType},
};

/// Whether the organization and the meeting allow guests.
pub async fn allowed(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select guests_allowed($1) as "allowed!""#, meeting.0).fetch_one(&mut **tx).await
}

/// Whether a guest was let into the meeting and may stay.
pub async fn may_stay(tx: &mut Tx, guest: Guest) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select guest_may_stay($1, $2) as "stays!""#, guest.guest_id.0, guest.meeting_id.0)
        .fetch_one(&mut **tx)
        .await
}

/// What a link is made of.
pub struct NewLink<'a> {
    pub id: GuestLinkId,
    pub organization: OrganizationId,
    pub meeting: MeetingId,
    pub name: &'a str,
    pub token_hash: &'a [u8],
    pub expires_at: Option<DateTime<Utc>>,
    pub max_uses: Option<i32>,
    pub now: DateTime<Utc>,
    pub by: UserId,
}

/// Stores a link.
pub async fn create(tx: &mut Tx, link: NewLink<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into guest_links (id, organization_id, meeting_id, name, token_hash, expires_at, max_uses, created_at, created_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        link.id.0,
        link.organization.0,
        link.meeting.0,
        link.name,
        link.token_hash,
        link.expires_at,
        link.max_uses,
        link.now,
        link.by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

macro_rules! select_links {
    ($rest:literal, $($arg:expr),+ $(,)?) => {
        sqlx::query_as!(
            GuestLink,
            r#"select id as "id: GuestLinkId", meeting_id as "meeting_id: MeetingId", name, expires_at, max_uses, uses,
                      revoked_at, created_at
               from guest_links "# + $rest,
            $($arg),+
        )
    };
}

/// The links of a meeting, the newest first, behind `after`.
pub async fn list(
    tx: &mut Tx,
    meeting: MeetingId,
    after: Option<GuestLinkId>,
    limit: i64,
) -> sqlx::Result<Vec<GuestLink>> {
    select_links!(
        "where meeting_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3",
        meeting.0,
        after.map(|id| id.0),
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// One link.
pub async fn find(tx: &mut Tx, id: GuestLinkId) -> sqlx::Result<Option<GuestLink>> {
    select_links!("where id = $1", id.0).fetch_optional(&mut **tx).await
}

/// Takes a link back; once is enough.
pub async fn revoke(tx: &mut Tx, id: GuestLinkId, now: DateTime<Utc>, by: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "update guest_links set revoked_at = $2, revoked_by = $3 where id = $1 and revoked_at is null",
        id.0,
        now,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Who came by a link and has not left for good.
pub async fn guests_of(tx: &mut Tx, link: GuestLinkId) -> sqlx::Result<Vec<GuestId>> {
    sqlx::query_scalar!(
        r#"select id as "id: GuestId" from guests where link_id = $1 and status <> 'left' order by id"#,
        link.0,
    )
    .fetch_all(&mut **tx)
    .await
}

/// What somebody with a link may know of the meeting before they enter. `None` when there is no such link.
pub async fn preview(tx: &mut Tx, token_hash: &[u8], now: DateTime<Utc>) -> sqlx::Result<Option<Preview>> {
    sqlx::query_as!(
        Preview,
        r#"select case when l.revoked_at is not null then 'revoked' when l.expires_at <= $2 then 'expired'
                       when l.uses >= l.max_uses then 'used_up' else 'open' end as "state!: LinkState",
                  guests_allowed(m.id) as "allowed!", m.id as "meeting_id: MeetingId", m.title, o.name as organization_name,
                  m.scheduled_start, m.scheduled_end, m.timezone, m.status as "status: MeetingStatus",
                  m.meeting_type as "meeting_type: MeetingType", m.require_approval,
                  coalesce((o.settings ->> 'measure_speaking')::boolean, true) as "measures_speaking!"
           from guest_links l join meetings m on m.id = l.meeting_id join organizations o on o.id = m.organization_id
           where l.token_hash = $1"#,
        token_hash,
        now,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// What a request of a guest carries.
pub struct Knock<'a> {
    pub token_hash: &'a [u8],
    /// Who they were before.
    pub known: Option<GuestId>,
    /// Who they are otherwise.
    pub fresh: GuestId,
    /// Their name, as it will be shown.
    pub name: &'a str,
    pub now: DateTime<Utc>,
    /// The life of a token.
    pub hold: std::time::Duration,
}

/// Asks to enter by a link: counts its use and writes the traces when the answer is yes, or wait.
pub async fn request_join(tx: &mut Tx, knock: Knock<'_>) -> sqlx::Result<Option<Facts>> {
    let microseconds = i64::try_from(knock.hold.as_micros()).unwrap_or(i64::MAX);
    sqlx::query_as!(
        Facts,
        r#"select link_state as "link_state!: LinkState", allowed as "allowed!", guest_id as "guest_id!: GuestId", name as "name!",
                  meeting_id as "meeting_id!: MeetingId", organization_id as "organization_id!: OrganizationId",
                  status as "status!: MeetingStatus", ended_by as "ended_by: EndedBy", actual_start, actual_end, scheduled_end,
                  meeting_type as "meeting_type!: MeetingType", room_name as "room_name!", can_unmute as "can_unmute!",
                  can_use_camera as "can_use_camera!", can_share_screen as "can_share_screen!", must_wait as "must_wait!", denied as "denied!", banned as "banned!",
                  is_full as "is_full!", granted as "granted!", locked as "locked!", host_absent as "host_absent!", lobby_message as "lobby_message!",
                  app_records_strictly(organization_id) as "record_strict!",
                  -- As it was before this statement.
                  coalesce((select g.status = 'pending_approval' from guests g where g.id = $2), false) as "waited_before!"
           from request_guest_join($1, $2, $3, $4, $5, $6)"#,
        knock.token_hash,
        knock.known.map(|id| id.0),
        knock.fresh.0,
        knock.name,
        knock.now,
        PgInterval { months: 0, days: 0, microseconds },
    )
    .fetch_optional(&mut **tx)
    .await
}
