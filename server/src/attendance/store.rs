//! SQL of attendance. The trigger on the spans keeps the trail and the participants' summaries, and tells the pages.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{GuestId, MeetingId, OrganizationId, SpanId, UserId},
};

use super::{
    excuses::Excuse,
    model::{ClosedBy, Connection, OpenedBy, Person},
    presence::Rules,
    report::{AttendanceSpan, Attendee, AttendeeUser, CameAs, Frame, SpanCorrection, SpanTimes},
    rules::{Known, exact_within},
};
use crate::{meetings::model::MeetingSettings, participants::model::ParticipantStatus, presence_checks};

/// Whose spans.
#[derive(Debug, Clone, Copy)]
pub struct Of {
    /// The meeting.
    pub meeting: MeetingId,
    /// Its organization.
    pub organization: OrganizationId,
}

/// Opens a span, unless the connection is known. An identity of nobody we know opens nothing.
pub async fn open(
    tx: &mut Tx,
    of: Of,
    connection: &Connection,
    how: OpenedBy,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let (user, guest) = columns(&connection.person);
    // A webhook may come late: of what was since then it says nothing.
    let seen_at = if how == OpenedBy::Webhook { connection.joined_at } else { now };
    sqlx::query!(
        "insert into attendance_spans (id, organization_id, meeting_id, user_id, guest_name, identity, participant_sid,
                room_sid, joined_at, opened_by, last_seen_at)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
         where $4::uuid is null or exists (select from users where id = $4)
         on conflict (meeting_id, participant_sid) do nothing",
        SpanId::new(now).0,
        of.organization.0,
        of.meeting.0,
        user,
        guest,
        connection.identity,
        connection.sid,
        connection.room_sid,
        connection.joined_at,
        how as OpenedBy,
        seen_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Closes a span that LiveKit said has ended, and opens it too if that was lost. What LiveKit says is better than what
/// we concluded before; only the person's own leave call and an earlier word of LiveKit stand.
pub async fn close(
    tx: &mut Tx,
    of: Of,
    connection: &Connection,
    left_at: DateTime<Utc>,
    how: ClosedBy,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let (user, guest) = columns(&connection.person);
    sqlx::query!(
        "insert into attendance_spans as s (id, organization_id, meeting_id, user_id, guest_name, identity,
                participant_sid, room_sid, joined_at, left_at, opened_by, closed_by, last_seen_at)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'webhook', $11, $12
         where $4::uuid is null or exists (select from users where id = $4)
         on conflict (meeting_id, participant_sid) do update set
                left_at = greatest(s.joined_at, case when s.closed_by = 'replaced'
                                                     then least(s.left_at, excluded.left_at) else excluded.left_at end),
                closed_by = case when s.closed_by = 'replaced' then s.closed_by else excluded.closed_by end,
                -- Until then it was there, says LiveKit; the comparisons know no better.
                last_seen_at = greatest(s.last_seen_at, least(s.left_at, excluded.left_at))
         where s.closed_by is null or s.closed_by in ('replaced', 'room_finished', 'reconcile')",
        SpanId::new(now).0,
        of.organization.0,
        of.meeting.0,
        user,
        guest,
        connection.identity,
        connection.sid,
        connection.room_sid,
        connection.joined_at,
        left_at,
        how as ClosedBy,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn columns(person: &Person) -> (Option<uuid::Uuid>, Option<&str>) {
    match person {
        Person::User(id) => (Some(id.0), None),
        Person::Guest(name) => (None, Some(name)),
    }
}

/// An open span of an identity that has a later connection.
pub struct Replaced {
    pub id: SpanId,
    /// The last moment at which it was surely there.
    pub last_sign: DateTime<Utc>,
    /// Comparisons in a row that missed it.
    pub misses: i16,
    /// When the later connection began.
    pub later: DateTime<Utc>,
}

/// Open spans of an identity that has later connections.
pub async fn replaced(tx: &mut Tx, meeting: MeetingId, identity: &str) -> sqlx::Result<Vec<Replaced>> {
    sqlx::query_as!(
        Replaced,
        r#"select a.id as "id: SpanId", greatest(a.joined_at, a.last_seen_at) as "last_sign!", a.misses,
                  min(b.joined_at) as "later!"
           from attendance_spans a
           join attendance_spans b on b.meeting_id = a.meeting_id and b.identity = a.identity and b.id <> a.id
                                  and b.joined_at > a.joined_at
           where a.meeting_id = $1 and a.identity = $2 and a.left_at is null group by a.id"#,
        meeting.0,
        identity,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Closes the spans of a room that closed at `at`. One that a comparison had missed already ended when it was last
/// seen.
pub async fn close_room(
    tx: &mut Tx,
    meeting: MeetingId,
    room_sid: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update attendance_spans set closed_by = 'room_finished',
                left_at = greatest(joined_at, case when misses > 0 then last_seen_at else $3 end)
         where meeting_id = $1 and room_sid = $2 and left_at is null",
        meeting.0,
        room_sid,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Closes what is left of earlier incarnations of a room that began anew at `at`, where it was last seen.
pub async fn close_earlier_rooms(
    tx: &mut Tx,
    meeting: MeetingId,
    room_sid: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update attendance_spans set closed_by = 'room_finished', left_at = greatest(joined_at, last_seen_at)
         where meeting_id = $1 and left_at is null
           -- When the room began is known to the second.
           and joined_at < $3::timestamptz - case when room_sid = $2 then interval '1 second' else interval '0' end",
        meeting.0,
        room_sid,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Closes the open spans of these identities, whose person leaves.
pub async fn leave(
    tx: &mut Tx,
    meeting: MeetingId,
    identities: &[String],
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update attendance_spans set left_at = greatest(joined_at, $3), closed_by = 'leave_call'
         where meeting_id = $1 and identity = any ($2) and left_at is null",
        meeting.0,
        identities,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether anybody is there.
pub async fn anybody(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from attendance_spans where meeting_id = $1 and left_at is null) as "there!""#,
        meeting.0,
    )
    .fetch_one(&mut **tx)
    .await
}

/// When the last person left.
pub async fn last_left_at(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("select max(left_at) from attendance_spans where meeting_id = $1", meeting.0)
        .fetch_one(&mut **tx)
        .await
}

/// Which of these people may not be in the room: banned ones, and those who are not (or no longer) on the list or in
/// the organization.
pub async fn unwelcome(tx: &mut Tx, meeting: MeetingId, users: &[UserId]) -> sqlx::Result<Vec<UserId>> {
    let users: Vec<uuid::Uuid> = users.iter().map(|user| user.0).collect();
    sqlx::query_scalar!(
        r#"select u.id as "id!: UserId" from unnest($2::uuid[]) as u (id)
           where not exists (select from meeting_participants p
                             join organization_members m on m.organization_id = p.organization_id
                                  and m.user_id = p.user_id and m.is_active
                             where p.meeting_id = $1 and p.user_id = u.id and p.banned_at is null)"#,
        meeting.0,
        &users,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Whether someone was given a token for the room after `at`.
pub async fn was_admitted_since(
    tx: &mut Tx,
    meeting: MeetingId,
    user: UserId,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from attendance_log where meeting_id = $1 and user_id = $2 and event = 'requested'
                          and occurred_at > $3) as "admitted!""#,
        meeting.0,
        user.0,
        at,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Which of these identities are of guests who may not be in the room, or of nobody who ever came by a link.
pub async fn unwelcome_guests(
    tx: &mut Tx,
    meeting: MeetingId,
    identities: &[String],
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"select given as "given!" from unnest($2::text[]) given
           where not coalesce(guest_may_stay(guest_of(given), $1), false)"#,
        meeting.0,
        identities,
    )
    .fetch_all(&mut **tx)
    .await
}

// The comparison with LiveKit -------------------------------------------------------------------------------------

/// A meeting whose room has to be looked at, by the name of its room.
pub struct Watched {
    pub room_name: String,
}

/// The meetings that have to be compared: those in progress, those with open spans, and those whose room exists.
pub async fn to_compare(tx: &mut Tx, rooms: &[String]) -> sqlx::Result<Vec<Watched>> {
    sqlx::query_as!(
        Watched,
        r#"select room_name as "room_name!" from meetings where status = 'in_progress'
           union select room_name from meetings where room_name = any ($1)
           union select m.room_name from attendance_spans s join meetings m on m.id = s.meeting_id
                 where s.left_at is null"#,
        rooms,
    )
    .fetch_all(&mut **tx)
    .await
}

/// The open spans of a meeting, and those closed ones whose connection LiveKit lists.
pub async fn known(tx: &mut Tx, meeting: MeetingId, listed: &[String]) -> sqlx::Result<Vec<Known>> {
    sqlx::query_as!(
        Known,
        r#"select id as "id: SpanId", identity, participant_sid as sid, room_sid, joined_at, last_seen_at, misses,
                  closed_by as "closed_by: ClosedBy"
           from attendance_spans where meeting_id = $1 and (left_at is null or participant_sid = any ($2))
           order by joined_at, id"#,
        meeting.0,
        listed,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Notes that spans were seen at `at`.
pub async fn seen(tx: &mut Tx, spans: &[SpanId], at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update attendance_spans set misses = 0, last_seen_at = greatest(last_seen_at, $2) where id = any ($1)",
        &ids(spans),
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes that everybody whose span is open was there at `at`, as far as anybody can know.
pub async fn all_seen(tx: &mut Tx, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update attendance_spans set last_seen_at = greatest(last_seen_at, $1) where left_at is null and misses = 0",
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes that spans were missed.
pub async fn missed(tx: &mut Tx, spans: &[SpanId]) -> sqlx::Result<()> {
    sqlx::query!("update attendance_spans set misses = misses + 1 where id = any ($1)", &ids(spans))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Closes a span that is open.
pub async fn conclude(tx: &mut Tx, span: SpanId, at: DateTime<Utc>, how: ClosedBy) -> sqlx::Result<()> {
    sqlx::query!(
        "update attendance_spans set left_at = $2, closed_by = $3 where id = $1 and left_at is null",
        span.0,
        at,
        how as ClosedBy,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Opens a span again that was seen at `at`.
pub async fn reopen(tx: &mut Tx, span: SpanId, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update attendance_spans set left_at = null, closed_by = null, misses = 0, last_seen_at = $2 where id = $1",
        span.0,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn ids(spans: &[SpanId]) -> Vec<uuid::Uuid> {
    spans.iter().map(|span| span.0).collect()
}

// The report ------------------------------------------------------------------------------------------------------

/// What the report has to know of a meeting.
pub async fn frame(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<Frame> {
    let row = sqlx::query!(
        "select scheduled_start, scheduled_end, actual_start, actual_end, settings from meetings where id = $1",
        meeting.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    let settings = MeetingSettings::read(&row.settings, MeetingSettings::default());
    Ok(Frame {
        scheduled_start: row.scheduled_start,
        scheduled_end: row.scheduled_end,
        actual_start: row.actual_start,
        actual_end: row.actual_end,
        late_threshold_minutes: settings.late_threshold_minutes.into(),
        rules: Rules::from(&settings),
    })
}

/// Everybody who was invited or was there, by name: participants, removed people, guests.
pub async fn attendees(
    tx: &mut Tx,
    meeting: MeetingId,
    checks: &[presence_checks::model::Closed],
) -> sqlx::Result<Vec<Attendee>> {
    let Told { mut spans, mut struck, there } = told(tx, meeting).await?;
    let (there_who, there_user, there_guest): (Vec<_>, Vec<_>, Vec<_>) =
        there.into_iter().map(|(who, (user, guest))| (who, user.map(|user| user.0), guest)).collect();
    let mut came_as = came_as(tx, meeting).await?;
    let people = sqlx::query!(
        r#"with there as (
               select * from unnest($2::text[], $3::uuid[], $4::text[]) as t (who, user_id, guest_name)),
           listed as (
               select p.user_id::text as who, p.* from meeting_participants p where p.meeting_id = $1)
           select coalesce(l.who, t.who) as "who!", coalesce(l.user_id, t.user_id) as "user_id?: UserId",
                  u.name as "name?", g.id as "guest_id?: GuestId", coalesce(g.name, t.guest_name) as "guest_name?",
                  coalesce(l.status, g.status) as "status?: ParticipantStatus",
                  coalesce(l.messages_sent, g.messages_sent, 0) as "messages_sent!",
                  coalesce(l.hand_raised_count, g.hand_raised_count, 0) as "hands!",
                  coalesce(l.speaking_seconds, g.speaking_seconds, 0) as "speaking_seconds!",
                  l.user_id is not null as "is_listed!", e.reason as "excuse?", e.excused_at as "excused_at?",
                  b.id as "excused_by?: UserId", b.name as "excused_by_name?"
           from listed l full join there t on t.who = l.who
           left join users u on u.id = coalesce(l.user_id, t.user_id)
           left join attendance_excuses e on e.meeting_id = $1 and e.user_id = l.user_id
           left join users b on b.id = e.excused_by
           left join guests g on g.id = guest_of(t.who) and g.meeting_id = $1
           order by coalesce(u.name, g.name, t.guest_name), 1"#,
        meeting.0,
        &there_who,
        &there_user as &[Option<uuid::Uuid>],
        &there_guest as &[Option<String>],
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(people
        .into_iter()
        .map(|row| {
            let (came_as, messages, hands) =
                row.user_id.and_then(|user| came_as.remove(&user)).unwrap_or_default();
            let spans = spans.remove(&row.who).unwrap_or_default();
            let person = row.who.trim_start_matches("guest:").parse().ok();
            Attendee {
                user: row.user_id.zip(row.name).map(|(id, name)| AttendeeUser { id, name }),
                guest_id: row.guest_id,
                guest_name: row.guest_name,
                // A guest who turns out not to have been there was not invited either.
                status: row.status.filter(|_| row.guest_id.is_none() || !spans.is_empty()),
                is_listed: row.is_listed,
                excuse: row.excuse.zip(row.excused_at).map(|(reason, excused_at)| Excuse {
                    reason,
                    excused_by: row
                        .excused_by
                        .zip(row.excused_by_name)
                        .map(|(id, name)| AttendeeUser { id, name }),
                    excused_at,
                }),
                messages_sent: row.messages_sent + messages,
                hand_raised_count: row.hands + hands,
                speaking_seconds: row.speaking_seconds,
                checks: person.map_or_else(Default::default, |id| presence_checks::tally(checks, id, &spans)),
                came_as,
                spans,
                struck: struck.remove(&row.who).unwrap_or_default(),
            }
        })
        // What somebody added and struck again leaves nobody behind.
        .filter(|it| {
            it.status.is_some() || !it.spans.is_empty() || !it.struck.is_empty() || !it.came_as.is_empty()
        })
        .collect())
}

/// By whose they are.
type Spans = HashMap<String, Vec<AttendanceSpan>>;

/// What was told of a meeting's presence.
#[derive(Default)]
struct Told {
    /// When somebody was there as far as it is believed.
    spans: Spans,
    /// What was told and is not believed.
    struck: Spans,
    /// Everybody of whom anything was told: the member, or the name that a guest gave.
    there: HashMap<String, (Option<UserId>, Option<String>)>,
}

async fn told(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<Told> {
    let mut told = Told::default();
    let rows = sqlx::query!(
        r#"select coalesce(s.user_id::text, split_part(s.identity, '#', 1)) as "who!", s.user_id as "user_id?: UserId",
                  s.guest_name, s.id as "id!: SpanId",
                  s.joined_at, s.left_at, s.told_joined_at, s.told_left_at, s.closed_by as "closed_by: ClosedBy",
                  s.last_seen_at, c.reason as "reason?", c.corrected_at as "corrected_at?", a.id as "author_id?: UserId",
                  a.name as "author_name?"
           from recorded_spans s
           left join attendance_corrections c on c.id = s.correction_id
           left join users a on a.id = c.author_id
           where s.meeting_id = $1 order by coalesce(s.joined_at, s.told_joined_at), s.id"#,
        meeting.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in rows {
        let there = told.there.entry(row.who.clone()).or_insert((row.user_id, None));
        there.0 = there.0.or(row.user_id);
        there.1 = there.1.take().max(row.guest_name.filter(|_| row.user_id.is_none()));
        let former = row.told_joined_at.zip(row.told_left_at);
        let former = former.map(|(joined_at, left_at)| SpanTimes { joined_at, left_at });
        let author = row.author_id.zip(row.author_name).map(|(id, name)| AttendeeUser { id, name });
        let correction = row.reason.zip(row.corrected_at);
        let correction = correction.map(|(reason, at)| SpanCorrection { reason, author, at, former });
        let (list, joined_at, left_at) = match row.joined_at {
            Some(joined_at) => (&mut told.spans, joined_at, row.left_at),
            // What somebody added and struck again was never told.
            None => match row.told_joined_at {
                Some(joined_at) => (&mut told.struck, joined_at, row.told_left_at),
                None => continue,
            },
        };
        let end = row.closed_by.zip(row.told_left_at).zip(row.last_seen_at);
        let exact = end.map(|((how, left_at), seen_at)| exact_within(how, left_at, seen_at));
        list.entry(row.who).or_default().push(AttendanceSpan {
            id: row.id,
            joined_at,
            left_at,
            how_closed: row.closed_by,
            exact_within_seconds: exact.filter(|_| correction.is_none()),
            correction,
        });
    }
    Ok(told)
}

/// The guests who turned out to be members, by member, and what they wrote and how often they raised a hand.
async fn came_as(tx: &mut Tx, meeting: MeetingId) -> sqlx::Result<HashMap<UserId, (Vec<CameAs>, i32, i32)>> {
    let mut found: HashMap<UserId, (Vec<CameAs>, i32, i32)> = HashMap::new();
    let rows = sqlx::query!(
        r#"select m.user_id as "user_id!: UserId", g.id as "guest_id!: GuestId", g.name as "name!",
                  g.messages_sent as "messages_sent!", g.hand_raised_count as "hand_raised_count!", m.reason as "reason!", m.corrected_at as "corrected_at!", a.id as "author_id?: UserId",
                  a.name as "author_name?"
           from guest_members m join guests g on g.id = m.guest_id
           left join users a on a.id = m.author_id
           where m.meeting_id = $1 order by g.id"#,
        meeting.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in rows {
        let of = found.entry(row.user_id).or_default();
        let author = row.author_id.zip(row.author_name).map(|(id, name)| AttendeeUser { id, name });
        of.0.push(CameAs {
            guest_id: row.guest_id,
            name: row.name,
            reason: row.reason,
            author,
            at: row.corrected_at,
        });
        of.1 += row.messages_sent;
        of.2 += row.hand_raised_count;
    }
    Ok(found)
}
