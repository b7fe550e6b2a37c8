//! SQL of participants.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{MeetingId, OrganizationId, UserId},
};
use sqlx::{PgPool, postgres::types::PgInterval};

use super::{
    joining::Ask,
    model::{Participant, ParticipantRights, ParticipantStatus, ParticipantUser},
};
use crate::{
    access::policy::MeetingRole,
    meetings::model::{EndedBy, MeetingStatus, MeetingType},
};

/// Adds the host and the first invitees of a new meeting.
pub async fn add_first(
    tx: &mut Tx,
    meeting: MeetingId,
    org: OrganizationId,
    host: Option<UserId>,
    invitees: &[UserId],
    by: UserId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into meeting_participants (meeting_id, user_id, organization_id, role, status, invited_by, updated_by)
         select $1, host, $3, 'host', 'accepted', $4, $4 from (select $2::uuid as host) h where host is not null",
        meeting.0,
        host.map(|id| id.0),
        org.0,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    invite(tx, meeting, org, invitees, by).await
}

/// Invites people; those who are invited already stay as they are.
pub async fn invite(
    tx: &mut Tx,
    meeting: MeetingId,
    org: OrganizationId,
    users: &[UserId],
    by: UserId,
) -> sqlx::Result<()> {
    let users: Vec<uuid::Uuid> = users.iter().map(|user| user.0).collect();
    sqlx::query!(
        "insert into meeting_participants
           (meeting_id, user_id, organization_id, can_unmute, can_use_camera, can_share_screen, can_chat, can_react,
            invited_by, updated_by)
         select distinct m.id, invitee, $3::uuid, m.participants_can_unmute, m.participants_can_use_camera,
                m.participants_can_share_screen, m.participants_can_chat, m.participants_can_react, $4::uuid, $4::uuid
         from meetings m, unnest($2::uuid[]) invitee where m.id = $1
         on conflict (meeting_id, user_id) do nothing",
        meeting.0,
        &users,
        org.0,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Invites into a meeting whoever took part in another one of the same organization and still is an active member;
/// co-hosts stay co-hosts.
pub async fn invite_as_before(
    tx: &mut Tx,
    meeting: MeetingId,
    before: MeetingId,
    by: UserId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into meeting_participants
           (meeting_id, user_id, organization_id, role, can_unmute, can_use_camera, can_share_screen, can_chat, can_react,
            invited_by, updated_by)
         select $1, p.user_id, p.organization_id,
                case when p.role = 'participant' then p.role else 'co_host'::meeting_role end, p.can_unmute,
                p.can_use_camera, p.can_share_screen, p.can_chat, p.can_react, $3, $3
         from meeting_participants p
         join organization_members m on m.organization_id = p.organization_id and m.user_id = p.user_id and m.is_active
         where p.meeting_id = $2
         on conflict (meeting_id, user_id) do nothing",
        meeting.0,
        before.0,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

macro_rules! select_participants {
    ($rest:literal, $($arg:expr),+ $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"select p.meeting_id as "meeting_id!: MeetingId", p.id as "user_id!: UserId", p.is_guest as "is_guest!", p.name as "name!", p.avatar_url,
                      p.role as "role!: MeetingRole", p.status as "status!: ParticipantStatus", p.can_unmute as "can_unmute!",
                      p.can_use_camera as "can_use_camera!", p.can_share_screen as "can_share_screen!",
                      p.can_chat as "can_chat!", p.can_react as "can_react!", p.hand_raised_at, p.first_joined_at, p.last_left_at
               from meeting_people p "# + $rest,
            $($arg),+
        )
    };
}

#[expect(clippy::struct_excessive_bools, reason = "the columns are")]
struct Row {
    meeting_id: MeetingId,
    user_id: UserId,
    is_guest: bool,
    name: String,
    avatar_url: Option<String>,
    role: MeetingRole,
    status: ParticipantStatus,
    can_unmute: bool,
    can_use_camera: bool,
    can_share_screen: bool,
    can_chat: bool,
    can_react: bool,
    hand_raised_at: Option<DateTime<Utc>>,
    first_joined_at: Option<DateTime<Utc>>,
    last_left_at: Option<DateTime<Utc>>,
}

impl From<Row> for Participant {
    fn from(row: Row) -> Self {
        Self {
            user: ParticipantUser { id: row.user_id, name: row.name, avatar_url: row.avatar_url },
            role: row.role,
            status: row.status,
            is_guest: row.is_guest,
            rights: ParticipantRights {
                can_unmute: row.can_unmute,
                can_use_camera: row.can_use_camera,
                can_share_screen: row.can_share_screen,
                can_chat: row.can_chat,
                can_react: row.can_react,
            },
            hand_raised: row.hand_raised_at.is_some(),
            hand_raised_at: row.hand_raised_at,
            online: row.status == ParticipantStatus::Joined,
            first_joined_at: row.first_joined_at,
            last_left_at: row.last_left_at,
        }
    }
}

/// Participants by name, behind `after` (name and id); `status` narrows to one status.
pub async fn list(
    tx: &mut Tx,
    meeting: MeetingId,
    status: Option<ParticipantStatus>,
    after: Option<(String, UserId)>,
    limit: i64,
) -> sqlx::Result<Vec<Participant>> {
    let (name, user) = after.map_or((None, None), |(name, user)| (Some(name), Some(user.0)));
    let rows = select_participants!(
        "where p.meeting_id = $1 and ($2::participant_status is null or p.status = $2)
           and ($3::text is null or (p.name, p.id) > ($3, $4)) order by p.name, p.id limit $5",
        meeting.0,
        status as Option<ParticipantStatus>,
        name,
        user,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Participant::from).collect())
}

/// The first participants of each of some meetings, at most `most` of each: host and co-hosts, then the others by name.
pub async fn first_of(
    tx: &mut Tx,
    meetings: &[MeetingId],
    most: i64,
) -> sqlx::Result<HashMap<MeetingId, Vec<Participant>>> {
    let ids: Vec<uuid::Uuid> = meetings.iter().map(|id| id.0).collect();
    let rows = select_participants!(
        "where p.meeting_id = any ($1) and (p.meeting_id, p.id) in (
             select first.meeting_id, first.user_id from unnest($1::uuid[]) wanted (id), lateral (
                 select f.meeting_id, f.user_id from meeting_participants f where f.meeting_id = wanted.id
                 order by f.role, f.user_id limit $2) first)
         order by p.meeting_id, p.role, p.name, p.id",
        &ids,
        most,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut found: HashMap<MeetingId, Vec<Participant>> = HashMap::new();
    for row in rows {
        found.entry(row.meeting_id).or_default().push(row.into());
    }
    Ok(found)
}

/// Some participants by id.
pub async fn some(tx: &mut Tx, meeting: MeetingId, users: &[UserId]) -> sqlx::Result<Vec<Participant>> {
    let users: Vec<uuid::Uuid> = users.iter().map(|user| user.0).collect();
    let rows = select_participants!(
        "where p.meeting_id = $1 and p.id = any ($2) order by p.name, p.id",
        meeting.0,
        &users
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Participant::from).collect())
}

/// One participant.
pub async fn find(tx: &mut Tx, meeting: MeetingId, user: UserId) -> sqlx::Result<Option<Participant>> {
    Ok(some(tx, meeting, &[user]).await?.pop())
}

/// Everybody who is in the room.
pub async fn online(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<Vec<Participant>> {
    let rows = select_participants!("where p.meeting_id = $1 and p.status = 'joined'", meeting.0)
        .fetch_all(&mut **tx)
        .await?;
    Ok(rows.into_iter().map(Participant::from).collect())
}

/// Stores role and rights.
pub async fn change(
    tx: &mut Tx,
    meeting: MeetingId,
    user: UserId,
    role: MeetingRole,
    rights: ParticipantRights,
    by: UserId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with guest as (update guests set can_unmute = $4, can_use_camera = $5, can_share_screen = $6, can_chat = $7,
                               can_react = $8, updated_by = $9
                        where meeting_id = $1 and id = $2)
         update meeting_participants set role = $3, can_unmute = $4, can_use_camera = $5, can_share_screen = $6,
                can_chat = $7, can_react = $8, updated_by = $9
         where meeting_id = $1 and user_id = $2",
        meeting.0,
        user.0,
        role as MeetingRole,
        rights.can_unmute,
        rights.can_use_camera,
        rights.can_share_screen,
        rights.can_chat,
        rights.can_react,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Who leads in the host's place.
pub async fn acting_host(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar!(r#"select acting_host_id as "id: UserId" from meetings where id = $1"#, meeting.0)
        .fetch_optional(&mut **tx)
        .await
        .map(Option::flatten)
}

/// Somebody was given a role for good: whoever leads in the host's place keeps it afterwards, and leads no more without.
pub async fn settle_acting(
    tx: &mut Tx,
    meeting: MeetingId,
    user: UserId,
    role: MeetingRole,
) -> sqlx::Result<()> {
    let moderates = role.moderates();
    sqlx::query!(
        "update meetings set acting_host_id = case when $4 then acting_host_id end,
                acting_host_was = case when $4 then $3::meeting_role end
         where id = $1 and acting_host_id = $2",
        meeting.0,
        user.0,
        role as MeetingRole,
        moderates,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lowers the hand of one person, or of everybody. Gives whose hand was up.
pub async fn lower_hands(
    tx: &mut Tx,
    meeting: MeetingId,
    user: Option<UserId>,
    by: UserId,
) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        r#"with visitors as (
               update guests set hand_raised_at = null, updated_by = $3
               where meeting_id = $1 and hand_raised_at is not null and ($2::uuid is null or id = $2) returning id),
           members as (
               update meeting_participants set hand_raised_at = null, updated_by = $3
               where meeting_id = $1 and hand_raised_at is not null and ($2::uuid is null or user_id = $2)
               returning user_id)
           select id as "id!: UserId" from visitors union all select user_id from members"#,
        meeting.0,
        user.map(|id| id.0),
        by.0,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Takes a participant off the list. What they did stays in the record. A guest may not come back.
pub async fn remove(tx: &mut Tx, meeting: MeetingId, user: UserId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "with guest as (update guests set banned_at = $3 where meeting_id = $1 and id = $2)
         delete from meeting_participants where meeting_id = $1 and user_id = $2",
        meeting.0,
        user.0,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores someone's answer to the invitation; whoever is in the room or was keeps that status.
pub async fn answer(
    tx: &mut Tx,
    meeting: MeetingId,
    user: UserId,
    status: ParticipantStatus,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update meeting_participants set status = $3, updated_by = $2
         where meeting_id = $1 and user_id = $2 and status in ('invited', 'accepted', 'declined')",
        meeting.0,
        user.0,
        status as ParticipantStatus,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lets someone in who waits, or turns them away.
pub async fn decide(
    tx: &mut Tx,
    meeting: MeetingId,
    user: UserId,
    admit: bool,
    now: DateTime<Utc>,
    by: UserId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with guest as (
             update guests set approved_at = case when $3 then $4::timestamptz end, denied_at = case when $3 then null else $4::timestamptz end,
                    status = case when status = 'pending_approval'
                                  then case when $3 then 'accepted'::participant_status else 'declined'::participant_status end
                                  else status end,
                    updated_by = $5
             where meeting_id = $1 and id = $2)
         update meeting_participants set approved_at = case when $3 then $4::timestamptz end, denied_at = case when $3 then null else $4::timestamptz end,
                status = case when status = 'pending_approval'
                              then case when $3 then 'accepted'::participant_status else 'invited'::participant_status end
                              else status end,
                updated_by = $5
         where meeting_id = $1 and user_id = $2",
        meeting.0,
        user.0,
        admit,
        now,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Sends someone out: a ban keeps them out, without one they may ask to come in again.
pub async fn send_out(
    tx: &mut Tx,
    meeting: MeetingId,
    user: UserId,
    ban: bool,
    now: DateTime<Utc>,
    by: UserId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with guest as (
             update guests set approved_at = null, removed_at = $4, banned_at = case when $3 then $4::timestamptz else banned_at end,
                    updated_by = $5
             where meeting_id = $1 and id = $2)
         update meeting_participants set approved_at = null, removed_at = $4,
                banned_at = case when $3 then $4::timestamptz else banned_at end, updated_by = $5
         where meeting_id = $1 and user_id = $2",
        meeting.0,
        user.0,
        ban,
        now,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A meeting and its room.
#[derive(Debug, Clone)]
pub struct Room {
    /// The meeting.
    pub meeting: MeetingId,
    /// The room's name.
    pub name: String,
}

/// The rooms of an organization that are open for somebody: they are in it, or are invited to a meeting under way.
pub async fn rooms_of(tx: &mut Tx, org: OrganizationId, user: UserId) -> sqlx::Result<Vec<Room>> {
    sqlx::query_as!(
        Room,
        r#"select m.id as "meeting: MeetingId", m.room_name as name
           from meeting_participants p join meetings m on m.id = p.meeting_id
           where p.user_id = $2 and p.organization_id = $1 and (p.status = 'joined' or m.status = 'in_progress')
           order by m.id"#,
        org.0,
        user.0,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Tells the room and the pages of a meeting what happened.
pub async fn emit(
    tx: &mut Tx,
    meeting: MeetingId,
    event: &str,
    data: &serde_json::Value,
) -> sqlx::Result<()> {
    sqlx::query!(r#"select emit_meeting_event($1, $2, $3) as "seq!""#, meeting.0, event, data)
        .fetch_one(&mut **tx)
        .await?;
    Ok(())
}

/// Tells the room and the pages of a meeting how a participant is now.
pub async fn emit_updated(tx: &mut Tx, meeting: MeetingId, participant: &Participant) -> sqlx::Result<()> {
    let told = participant.clone().without_times();
    emit(tx, meeting, "participant.updated", &serde_json::json!(told)).await
}

/// The same for many at once.
pub async fn emit_all_updated(
    tx: &mut Tx,
    meeting: MeetingId,
    participants: Vec<Participant>,
) -> sqlx::Result<()> {
    let told: Vec<_> = participants.into_iter().map(|it| serde_json::json!(it.without_times())).collect();
    sqlx::query!(
        r#"select emit_meeting_event($1, 'participant.updated', data) as "seq!" from unnest($2::jsonb[]) data"#,
        meeting.0,
        &told,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(())
}

/// Tells the room of a meeting that asks for a quorum how many are needed and how many are there.
pub async fn tell_quorum(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<()> {
    sqlx::query!(r#"select tell_quorum($1)::text as "told""#, meeting.0).fetch_one(&mut **tx).await?;
    Ok(())
}

/// What a request to join found.
pub struct JoinFacts {
    /// Which of the asks this answers, from 1.
    pub number: i64,
    pub organization_id: OrganizationId,
    pub status: MeetingStatus,
    pub ended_by: Option<EndedBy>,
    pub actual_start: Option<DateTime<Utc>>,
    pub actual_end: Option<DateTime<Utc>>,
    pub scheduled_end: Option<DateTime<Utc>>,
    pub meeting_type: MeetingType,
    pub room_name: String,
    pub name: String,
    pub avatar_url: Option<String>,
    pub role: Option<MeetingRole>,
    pub can_unmute: Option<bool>,
    pub can_use_camera: Option<bool>,
    pub can_share_screen: Option<bool>,
    pub must_wait: Option<bool>,
    pub denied: Option<bool>,
    pub banned: Option<bool>,
    pub is_full: Option<bool>,
    pub granted: Option<bool>,
    pub record_strict: bool,
    pub locked: Option<bool>,
    pub host_absent: Option<bool>,
    pub lobby_message: String,
    /// Whose room it is.
    pub provider: String,
    /// The room elsewhere.
    pub external_url: Option<String>,
}

/// Asks to join, in one round trip: the function sets its own rights and does its own locking. Whoever would have to
/// lock something is decided on only when they ask `alone`. `hold` is the life of a token.
pub async fn request_join(
    pool: &PgPool,
    asks: &[Ask],
    hold: std::time::Duration,
    alone: bool,
) -> sqlx::Result<Vec<JoinFacts>> {
    let microseconds = i64::try_from(hold.as_micros()).unwrap_or(i64::MAX);
    sqlx::query_as!(
        JoinFacts,
        r#"select a.number as "number!", j.organization_id as "organization_id!: OrganizationId",
                  j.status as "status!: MeetingStatus", j.ended_by as "ended_by: EndedBy", j.actual_start, j.actual_end,
                  j.scheduled_end, j.meeting_type as "meeting_type!: MeetingType", j.room_name as "room_name!",
                  j.name as "name!", j.avatar_url, j.role as "role: MeetingRole", j.can_unmute, j.can_use_camera,
                  j.can_share_screen, j.must_wait, j.denied, j.banned, j.is_full, j.granted, j.record_strict as "record_strict!",
                  j.locked, j.host_absent, j.lobby_message as "lobby_message!", j.provider as "provider!", j.external_url
           from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[])
                with ordinality as a (person, meeting, at, correlation, number),
                request_join(a.person, a.meeting, a.at, $5, a.correlation, $6) j
           order by a.number"#,
        &asks.iter().map(|ask| ask.person.0).collect::<Vec<_>>(),
        &asks.iter().map(|ask| ask.meeting.0).collect::<Vec<_>>(),
        &asks.iter().map(|ask| ask.at).collect::<Vec<_>>(),
        &asks.iter().map(|ask| ask.correlation.clone()).collect::<Vec<_>>(),
        PgInterval { months: 0, days: 0, microseconds },
        alone,
    )
    .fetch_all(pool)
    .await
}
