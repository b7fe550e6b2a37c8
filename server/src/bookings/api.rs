//! Endpoints of bookings.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{BookingId, ContactGroupId, MeetingId, OrganizationId, ResourceId, UserId},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    input::{BookingChange, MOST_NAMED, NewBooking, Texts, check_slot},
    model::{Booking, BookingAttendee, BookingType},
    store,
};
use crate::{
    access::{
        caller::Caller,
        policy::{Action, Field, Membership, Permission},
    },
    app::App,
    conflicts::{self, model::Slot},
    contacts,
    http::{Conditions, Json, Listing, PageQuery, Path, Problem, Query, Result, Tagged},
    jobs, meetings,
    orgs::api::{member_of, require, require_open},
    resources::{
        api::require_resources,
        model::{Resource, ResourceType},
    },
};

/// Most bookings that the dashboard names.
const MOST_SHOWN: i64 = 500;

/// Which bookings.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BookingFilter {
    /// Those that end after this.
    pub from: Option<DateTime<Utc>>,
    /// Those that begin before this.
    pub to: Option<DateTime<Utc>>,
    /// Those that take this room or device.
    pub resource_id: Option<ResourceId>,
    /// Those of one kind.
    pub booking_type: Option<BookingType>,
    /// Items at most, 1 to 200; 50 when absent.
    pub limit: Option<i64>,
    /// Where the page before ended: its `next_cursor`.
    pub cursor: Option<String>,
}

/// Bookings by their start: those that the caller made or is asked to come to; all, with `resources.manage`.
#[utoipa::path(get, path = "/organizations/{org}/bookings", tag = "bookings", params(("org" = OrganizationId, Path), BookingFilter),
    responses((status = 200, body = Listing<Booking>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Query(filter): Query<BookingFilter>,
) -> Result<Json<Listing<Booking>>> {
    let page = PageQuery { limit: filter.limit, cursor: filter.cursor };
    let (limit, after) = (page.limit()?, page.after()?);
    let wanted = store::Filter {
        from: filter.from,
        to: filter.to,
        resource: filter.resource_id,
        kind: filter.booking_type,
    };
    let mut tx = app.begin(&caller).await?;
    let member = member_of(&mut tx, &caller, org).await?;
    let found = store::list(&mut tx, org, &wanted, after, limit + 1).await?;
    let found = found.into_iter().map(|booking| shown(booking, member, &caller)).collect();
    Ok(Json(Listing::from_one_more(found, limit, |booking: &Booking| (booking.starts_at, booking.id))))
}

/// Bookings that are not over, in one piece.
#[derive(Debug, Serialize, ToSchema)]
pub struct BookingsToCome {
    /// How many there are.
    pub count: i64,
    /// By their start; the first 500.
    pub results: Vec<Booking>,
}

/// The bookings to come, in one piece and not in pages; whose, as in the list.
#[utoipa::path(get, path = "/organizations/{org}/bookings/dashboard", tag = "bookings", params(("org" = OrganizationId, Path)),
    responses((status = 200, body = BookingsToCome), (status = 404, body = Problem)))]
pub async fn dashboard(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
) -> Result<Json<BookingsToCome>> {
    let now = app.clock.now();
    let mut tx = app.begin(&caller).await?;
    let member = member_of(&mut tx, &caller, org).await?;
    let to_come = store::Filter { from: Some(now), to: None, resource: None, kind: None };
    let results = store::list(&mut tx, org, &to_come, None, MOST_SHOWN).await?;
    let results = results.into_iter().map(|booking| shown(booking, member, &caller)).collect();
    let count = store::count_to_come(&mut tx, org, now).await?;
    Ok(Json(BookingsToCome { count, results }))
}

/// Books a time, and takes rooms and devices for it: all or none. What is taken by others is 409 `CONFLICT` with what is
/// in the way and what could be taken instead. Needs `bookings.create`.
#[utoipa::path(post, path = "/organizations/{org}/bookings", tag = "bookings", params(("org" = OrganizationId, Path)),
    request_body = NewBooking,
    responses((status = 201, body = Booking), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Json(body): Json<NewBooking>,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, org, Permission::BookingsCreate).await?;
    let texts = Texts {
        kind: body.booking_type,
        title: body.title.trim(),
        notes: &body.notes,
        location: body.location.as_deref(),
        resources: &body.resource_ids,
        attendees: &body.attendees,
        groups: &body.contact_group_ids,
        organizer: body.organizer_email.as_deref(),
    };
    texts.check()?;
    let now = app.clock.now();
    let slot = Slot { starts_at: body.starts_at, ends_at: body.ends_at };
    check_slot(slot, now)?;
    let resources = bookable(&mut tx, org, body.booking_type, &body.resource_ids, &[]).await?;
    let (organizer, organizer_email) =
        organizer(&mut tx, org, body.booking_type, body.organizer_email.as_deref(), caller.user_id).await?;
    let attendees = asked(&mut tx, org, &body.attendees, &body.contact_group_ids).await?;
    let mut booking = Booking {
        id: BookingId::new(now),
        organization_id: org,
        meeting_id: None,
        booking_type: body.booking_type,
        title: body.title.trim().to_owned(),
        notes: body.notes,
        starts_at: slot.starts_at,
        ends_at: slot.ends_at,
        location: place(body.location.as_deref(), &resources),
        organizer_email,
        resources: Vec::new(),
        resource_ids: resources.iter().map(|resource| resource.id).collect(),
        attendees,
        created_by: Some(caller.user_id),
        created_at: now,
        updated_at: now,
    };
    require_free(&mut tx, &booking, &resources, now, false).await?;
    if body.with_online_room {
        booking.meeting_id = Some(online_room(&app, &mut tx, &caller, &booking).await?);
    }
    store::save(&mut tx, &booking, organizer, caller.user_id).await?;
    let made = store::find(&mut tx, booking.id).await?.ok_or_else(no_booking)?;
    tx.commit().await?;
    let location = format!("/api/v1/bookings/{}", made.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Tagged(made)).into_response())
}

/// One booking.
#[utoipa::path(get, path = "/bookings/{id}", tag = "bookings", params(("id" = BookingId, Path)),
    responses((status = 200, body = Booking), (status = 304), (status = 404, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<BookingId>,
    conditions: Conditions,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    let booking = store::find(&mut tx, id).await?.ok_or_else(no_booking)?;
    let member = member_of(&mut tx, &caller, booking.organization_id).await?;
    conditions.answer(&shown(booking, member, &caller))
}

/// Changes a booking; its online room goes along. Whoever booked may, and whoever has `resources.manage`; with an online
/// room the host of its meeting.
#[utoipa::path(patch, path = "/bookings/{id}", tag = "bookings", params(("id" = BookingId, Path)), request_body = BookingChange,
    responses((status = 200, body = Booking), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<BookingId>,
    conditions: Conditions,
    Json(body): Json<BookingChange>,
) -> Result<Tagged<Booking>> {
    let mut tx = app.begin(&caller).await?;
    let (member, before) = keep(&mut tx, &caller, id, Action::Change).await?;
    let seen = shown(before.clone(), member, &caller);
    conditions.unchanged(&seen)?;
    let (org, kind, now) = (before.organization_id, before.booking_type, app.clock.now());
    let known: Vec<String> = before.attendees.iter().filter_map(|attendee| attendee.email.clone()).collect();
    // Whom one does not see one does not remove.
    let hidden = before.attendees.iter().zip(&seen.attendees).filter(|(_, seen)| seen.email.is_none());
    let hidden = hidden.filter_map(|(attendee, _)| attendee.email.clone());
    let emails = body.attendees.map_or(known, |given| given.into_iter().chain(hidden).collect());
    let wanted = body.resource_ids.unwrap_or_else(|| before.resource_ids.clone());
    let title = body.title.map_or_else(|| before.title.clone(), |title| title.trim().to_owned());
    let texts = Texts {
        kind,
        title: &title,
        notes: body.notes.as_deref().unwrap_or_default(),
        location: body.location.as_ref().and_then(Option::as_deref),
        resources: &wanted,
        attendees: &emails,
        groups: &body.contact_group_ids,
        organizer: body.organizer_email.as_deref(),
    };
    texts.check()?;
    let slot = Slot {
        starts_at: body.starts_at.unwrap_or(before.starts_at),
        ends_at: body.ends_at.unwrap_or(before.ends_at),
    };
    let moves = (slot.starts_at, slot.ends_at) != (before.starts_at, before.ends_at);
    if moves {
        check_slot(slot, now)?;
    }
    let resources = bookable(&mut tx, org, kind, &wanted, &before.resource_ids).await?;
    let given = body.organizer_email.as_deref().or(before.organizer_email.as_deref());
    let (organizer, organizer_email) =
        organizer(&mut tx, org, kind, given, before.created_by.unwrap_or(caller.user_id)).await?;
    let attendees = asked(&mut tx, org, &emails, &body.contact_group_ids).await?;
    let after = Booking {
        title,
        notes: body.notes.unwrap_or_else(|| before.notes.clone()),
        starts_at: slot.starts_at,
        ends_at: slot.ends_at,
        location: match body.location {
            Some(location) => place(location.as_deref(), &resources),
            None if kind == BookingType::Room => place(None, &resources),
            None => before.location.clone(),
        },
        organizer_email,
        resource_ids: resources.iter().map(|resource| resource.id).collect(),
        attendees,
        ..before.clone()
    };
    require_free(&mut tx, &after, &resources, now, true).await?;
    store::save(&mut tx, &after, organizer, caller.user_id).await?;
    if let Some(meeting) = after.meeting_id {
        let standing = meetings::api::require(&mut tx, &caller, meeting, Action::Change).await?;
        require_open(standing.member, [(Field::MeetingDescription, after.notes != before.notes)])?;
        let locked = meetings::store::lock(&mut tx, meeting).await?.ok_or_else(meetings::api::not_found)?;
        locked.state.open().map_err(meetings::api::refused)?;
        let change = meetings::store::Change {
            title: (after.title != before.title).then_some(after.title.as_str()),
            description: (after.notes != before.notes).then_some(after.notes.as_str()),
            location: (after.location != before.location).then_some(after.location.as_str()),
            scheduled_start: moves.then_some(after.starts_at),
            scheduled_end: moves.then_some(Some(after.ends_at)),
            ..meetings::store::Change::default()
        };
        meetings::store::update(&mut tx, meeting, &change, caller.user_id).await?;
    }
    let changed = store::find(&mut tx, id).await?.ok_or_else(no_booking)?;
    tx.commit().await?;
    Ok(Tagged(shown(changed, member, &caller)))
}

/// Cancels a booking, lets go what it took, and calls the meeting in its online room off unless that is over. Whoever
/// booked may, and whoever has `resources.manage`; with an online room the host of its meeting.
#[utoipa::path(delete, path = "/bookings/{id}", tag = "bookings", params(("id" = BookingId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn delete(State(app): State<App>, caller: Caller, Path(id): Path<BookingId>) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    let (_, booking) = keep(&mut tx, &caller, id, Action::Cancel).await?;
    let mut taken = Vec::new();
    if let Some(meeting) = booking.meeting_id {
        taken = meetings::api::call_off_unless_over(&app, &mut tx, &caller, meeting).await?;
    }
    store::cancel(&mut tx, id, app.clock.now(), caller.user_id).await?;
    tx.commit().await?;
    jobs::spawn_taken(&app, taken);
    Ok(StatusCode::NO_CONTENT)
}

/// A booking that the caller may change, locked; its meeting is locked before it, as whoever moves the meeting does.
async fn keep(tx: &mut Tx, caller: &Caller, id: BookingId, action: Action) -> Result<(Membership, Booking)> {
    let seen = store::find(tx, id).await?.ok_or_else(no_booking)?;
    let member = member_of(tx, caller, seen.organization_id).await?;
    let own = seen.created_by == Some(caller.user_id) && member.may(Permission::BookingsCreate);
    if !own && !member.may(Permission::ResourcesManage) {
        return Err(Problem::forbidden("Only who booked, and who keeps the rooms, may do this."));
    }
    if let Some(meeting) = seen.meeting_id {
        meetings::api::require(tx, caller, meeting, action).await?;
        meetings::store::lock(tx, meeting).await?;
    }
    Ok((member, store::lock(tx, id).await?.ok_or_else(no_booking)?))
}

/// A booking as a member sees it: whoever made it has typed its addresses, others may not be let know those of members.
fn shown(booking: Booking, member: Membership, caller: &Caller) -> Booking {
    let knows = booking.created_by == Some(caller.user_id) || !member.hides(Field::MemberEmail);
    if knows { booking } else { booking.without_addresses(caller.user_id) }
}

/// The named rooms and devices, when they may be booked; those in `kept` are booked already.
async fn bookable(
    tx: &mut Tx,
    org: OrganizationId,
    kind: BookingType,
    ids: &[ResourceId],
    kept: &[ResourceId],
) -> Result<Vec<Resource>> {
    let resources = require_resources(tx, org, ids, |index| format!("/resource_ids/{index}")).await?;
    if let Some(closed) = resources.iter().find(|one| !one.is_enabled && !kept.contains(&one.id)) {
        let detail = format!("{} cannot be booked.", closed.name);
        return Err(Problem::conflict("RESOURCE_DISABLED", detail));
    }
    if kind == BookingType::Room && !resources.iter().any(|one| one.kind == ResourceType::Room) {
        return Err(Problem::invalid_field("/resource_ids", "NO_ROOM", "There is no room among these."));
    }
    Ok(resources)
}

/// Whom addresses and groups come to.
async fn asked(
    tx: &mut Tx,
    org: OrganizationId,
    emails: &[String],
    groups: &[ContactGroupId],
) -> Result<Vec<BookingAttendee>> {
    let emails: Vec<String> = emails.iter().map(|email| email.trim().to_owned()).collect();
    let everybody = contacts::api::expand(tx, org, &emails, groups).await?;
    if everybody.len() > MOST_NAMED {
        let detail = "These come to more than 1000 people.";
        return Err(Problem::invalid_field("/contact_group_ids", "TOO_LONG", detail));
    }
    Ok(everybody.into_iter().map(BookingAttendee::from).collect())
}

/// Who organizes a booking: the member with that address, or with none who books. Rooms organize themselves; then who
/// books has something to do all the same.
async fn organizer(
    tx: &mut Tx,
    org: OrganizationId,
    kind: BookingType,
    email: Option<&str>,
    by: UserId,
) -> Result<(Option<UserId>, Option<String>)> {
    if kind == BookingType::Room {
        return Ok((Some(by), None));
    }
    match store::organizer(tx, org, email.map(str::trim), by).await? {
        Some((user, email)) => Ok((Some(user), Some(email))),
        // Who organized it may have left since.
        None if email.is_none() => Ok((None, None)),
        None => {
            let detail = "No member of the organization has this address.";
            Err(Problem::invalid_field("/organizer_email", "UNKNOWN_MEMBER", detail))
        }
    }
}

/// Requires that nobody else has what a booking takes. From here on nobody gets it until the transaction ends.
async fn require_free(
    tx: &mut Tx,
    booking: &Booking,
    resources: &[Resource],
    now: DateTime<Utc>,
    exists: bool,
) -> Result<()> {
    let wish = conflicts::Wish {
        organization: booking.organization_id,
        slot: Slot { starts_at: booking.starts_at, ends_at: booking.ends_at },
        now,
        resources,
        moved: exists.then_some(booking.id),
    };
    conflicts::look(tx, &wish).await?.map_or(Ok(()), |clash| Err(Problem::clash(clash)))
}

/// Where it is: as it was said, or where the first room is.
fn place(said: Option<&str>, resources: &[Resource]) -> String {
    let said = said.map(str::trim).filter(|said| !said.is_empty());
    let room = resources.iter().find(|one| one.kind == ResourceType::Room);
    match (said, room) {
        (Some(said), _) => said.to_owned(),
        (None, Some(Resource { name, location, .. })) if location.is_empty() => name.clone(),
        (None, Some(Resource { name, location, .. })) => format!("{name}, {location}"),
        (None, None) => String::new(),
    }
}

/// Makes the meeting of a booking, to which its members are invited.
async fn online_room(app: &App, tx: &mut Tx, caller: &Caller, booking: &Booking) -> Result<MeetingId> {
    let asked = booking.attendees.iter().filter_map(|attendee| attendee.user_id);
    let appointment = meetings::create::Appointment {
        title: &booking.title,
        description: &booking.notes,
        location: &booking.location,
        start: booking.starts_at,
        end: booking.ends_at,
        participants: asked.filter(|user| *user != caller.user_id).collect(),
    };
    meetings::create::appointment(app, tx, caller, booking.organization_id, appointment).await
}

fn no_booking() -> Problem {
    Problem::not_found("booking")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(kind: ResourceType, name: &str, location: &str) -> Resource {
        let at = DateTime::UNIX_EPOCH;
        Resource {
            id: ResourceId::new(at),
            organization_id: OrganizationId::new(at),
            kind,
            name: name.into(),
            location: location.into(),
            capacity: None,
            features: Vec::new(),
            is_enabled: true,
            created_at: at,
            updated_at: at,
        }
    }

    #[test]
    fn a_place_follows_from_the_room_unless_it_is_said() {
        let car = resource(ResourceType::Device, "Car", "Yard");
        let baobab = resource(ResourceType::Room, "Baobab", "2nd floor");
        let hall = resource(ResourceType::Room, "Hall", "");
        assert_eq!(place(None, &[car.clone(), baobab.clone(), hall.clone()]), "Baobab, 2nd floor");
        assert_eq!(place(Some(" "), &[hall]), "Hall");
        assert_eq!(place(Some("At the gate"), &[baobab]), "At the gate");
        assert_eq!(place(None, &[car]), "");
    }
}
