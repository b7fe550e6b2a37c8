//! SQL of bookings.

use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{BookingId, MeetingId, OrganizationId, ResourceId, UserId},
};
use sqlx::types::Json;
use uuid::Uuid;

use super::{
    busy::{Block, Holder},
    model::{Booking, BookingAttendee, BookingType, ResourceBrief},
};
use crate::conflicts::model::Slot;

macro_rules! select_bookings {
    ($rest:literal, $($arg:expr),+ $(,)?) => {
        sqlx::query!(
            r#"select b.id as "id: BookingId", b.organization_id as "organization_id: OrganizationId",
                      b.meeting_id as "meeting_id: MeetingId", b.type as "booking_type: BookingType", b.title, b.notes,
                      b.starts_at, b.ends_at, b.location, b.organizer_email::text as organizer_email,
                      b.attendees as "attendees: Json<Vec<BookingAttendee>>", b.created_by as "created_by: UserId", b.created_at,
                      b.updated_at,
                      coalesce((select jsonb_agg(jsonb_build_object('id', r.id, 'type', r.type, 'name', r.name,
                                                                    'location', r.location) order by r.name, r.id)
                                from reservations v join resources r on r.id = v.resource_id
                                where v.booking_id = b.id), '[]') as "resources!: Json<Vec<ResourceBrief>>"
               from bookings b "# + $rest,
            $($arg),+
        )
        .map(|row| Booking {
            id: row.id,
            organization_id: row.organization_id,
            meeting_id: row.meeting_id,
            booking_type: row.booking_type,
            title: row.title,
            notes: row.notes,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            location: row.location,
            organizer_email: row.organizer_email,
            resource_ids: row.resources.0.iter().map(|resource| resource.id).collect(),
            resources: row.resources.0,
            attendees: row.attendees.0,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    };
}

/// Which bookings.
#[derive(Debug)]
pub struct Filter {
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    pub resource: Option<ResourceId>,
    pub kind: Option<BookingType>,
}

/// Bookings by their start, behind `after` (start and id).
pub async fn list(
    tx: &mut Tx,
    org: OrganizationId,
    filter: &Filter,
    after: Option<(DateTime<Utc>, BookingId)>,
    limit: i64,
) -> sqlx::Result<Vec<Booking>> {
    let (start, id) = after.map_or((None, None), |(start, id)| (Some(start), Some(id.0)));
    select_bookings!(
        "where b.organization_id = $1 and b.cancelled_at is null
           and ($2::timestamptz is null or b.ends_at > $2) and ($3::timestamptz is null or b.starts_at < $3)
           and ($4::uuid is null or exists (select from reservations v where v.booking_id = b.id and v.resource_id = $4))
           and ($5::booking_type is null or b.type = $5)
           and ($6::timestamptz is null or (b.starts_at, b.id) > ($6, $7))
         order by b.starts_at, b.id limit $8",
        org.0,
        filter.from,
        filter.to,
        filter.resource.map(|id| id.0),
        filter.kind as Option<BookingType>,
        start,
        id,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// How many bookings are not over.
pub async fn count_to_come(tx: &mut Tx, org: OrganizationId, now: DateTime<Utc>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from bookings where organization_id = $1 and cancelled_at is null and ends_at > $2"#,
        org.0,
        now
    )
    .fetch_one(&mut **tx)
    .await
}

/// One booking that was not cancelled.
pub async fn find(tx: &mut Tx, id: BookingId) -> sqlx::Result<Option<Booking>> {
    select_bookings!("where b.id = $1 and b.cancelled_at is null", id.0).fetch_optional(&mut **tx).await
}

/// One booking, locked until the transaction ends. For those who may change it.
pub async fn lock(tx: &mut Tx, id: BookingId) -> sqlx::Result<Option<Booking>> {
    select_bookings!("where b.id = $1 and b.cancelled_at is null for no key update of b", id.0)
        .fetch_optional(&mut **tx)
        .await
}

/// Stores a booking, new or changed, and takes exactly what it names. What is taken was locked and found free.
/// `organizer` is busy then, as are the members among the attendees.
pub async fn save(tx: &mut Tx, booking: &Booking, organizer: Option<UserId>, by: UserId) -> sqlx::Result<()> {
    let asked = booking.attendees.iter().filter_map(|attendee| attendee.user_id);
    let mut members: Vec<Uuid> = asked.chain(organizer).map(|id| id.0).collect();
    members.sort_unstable();
    members.dedup();
    let resources: Vec<Uuid> = booking.resource_ids.iter().map(|id| id.0).collect();
    // What is given up goes first: the times of what stays follow the booking's by a trigger.
    sqlx::query!(
        "delete from reservations where booking_id = $1 and not resource_id = any ($2)",
        booking.id.0,
        &resources
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into bookings (id, organization_id, meeting_id, type, title, notes, starts_at, ends_at, location,
                organizer_email, attendees, member_ids, created_by, updated_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text, $11, $12, $13, $13)
         on conflict (id) do update set title = $5, notes = $6, starts_at = $7, ends_at = $8, location = $9,
                organizer_email = $10::text, attendees = $11, member_ids = $12, updated_by = $13",
        booking.id.0,
        booking.organization_id.0,
        booking.meeting_id.map(|id| id.0),
        booking.booking_type as BookingType,
        booking.title,
        booking.notes,
        booking.starts_at,
        booking.ends_at,
        booking.location,
        booking.organizer_email,
        Json(&booking.attendees) as Json<&Vec<BookingAttendee>>,
        &members,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into reservations (booking_id, resource_id, organization_id, starts_at, ends_at)
         select $1, resource, $2, $4, $5 from unnest($3::uuid[]) resource
         on conflict (booking_id, resource_id) do nothing",
        booking.id.0,
        booking.organization_id.0,
        &resources,
        booking.starts_at,
        booking.ends_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Cancels a booking, and lets go what it took. The row stays, for the record.
pub async fn cancel(tx: &mut Tx, id: BookingId, now: DateTime<Utc>, by: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "update bookings set cancelled_at = $2, updated_by = $3 where id = $1 and cancelled_at is null",
        id.0,
        now,
        by.0
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The active member with this address, or with none the one with this id; and their address.
pub async fn organizer(
    tx: &mut Tx,
    org: OrganizationId,
    email: Option<&str>,
    user: UserId,
) -> sqlx::Result<Option<(UserId, String)>> {
    sqlx::query!(
        r#"select u.id as "id: UserId", u.email::text as "email!" from users u join organization_members m on m.user_id = u.id
           where m.organization_id = $1 and m.is_active
             and case when $2::text is null then u.id = $3 else u.email = $2::text::citext end"#,
        org.0,
        email,
        user.0,
    )
    .map(|row| (row.id, row.email))
    .fetch_optional(&mut **tx)
    .await
}

/// When these members, rooms and devices of an organization are taken, by who and in the order of time. It looks as the
/// system: that somebody is busy is for every member to know, and nothing more is told.
pub async fn busy(
    tx: &mut Tx,
    org: OrganizationId,
    users: &[UserId],
    resources: &[ResourceId],
    within: Slot,
) -> sqlx::Result<Vec<(Holder, Block)>> {
    let users: Vec<Uuid> = users.iter().map(|id| id.0).collect();
    let resources: Vec<Uuid> = resources.iter().map(|id| id.0).collect();
    sqlx::query!(
        r#"select user_id as "user_id: UserId", resource_id as "resource_id: ResourceId", starts_at as "starts_at!",
                  ends_at as "ends_at!", why as "why!"
           from busy_blocks($1, $2, $3, $4, $5)"#,
        org.0,
        &users,
        &resources,
        within.starts_at,
        within.ends_at,
    )
    .map(|row| {
        let block = Block { starts_at: row.starts_at, ends_at: row.ends_at, why: row.why };
        (Holder { user_id: row.user_id, resource_id: row.resource_id }, block)
    })
    .fetch_all(&mut **tx)
    .await
}
