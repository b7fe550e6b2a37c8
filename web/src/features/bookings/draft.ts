import type { Alternative, Booking, BookingType } from '../../api/types';
import { nextQuarter, toInstant, toWall } from '../../ui/time';

/** The fields carry the names of the API, so that its pointers find them; times are those on the wall. */
export type Values = {
  booking_type: BookingType;
  title: string;
  notes: string;
  starts_at: string | null;
  ends_at: string | null;
  resource_ids: string[];
  organizer_email: string | null;
  attendees: string[];
  contact_group_ids: string[];
  location: string;
  with_online_room: boolean;
};

const HOUR = 3_600_000;
const LONGEST = 31 * 24 * HOUR;

/** An instant that an address names, however it says it. */
function instantOf(text: string | undefined): Date | undefined {
  const at = new Date(text ?? '');
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** A new booking, with the times that a link gives where it gives any that fit. */
export function newValues(
  wanted: { start?: string; end?: string },
  now: Date,
  zone: string,
  kind: BookingType,
  organizer: string | null,
): Values {
  const start = instantOf(wanted.start) ?? nextQuarter(now);
  const end = instantOf(wanted.end);
  const fits = end && end > start ? end : new Date(start.getTime() + HOUR);
  return {
    booking_type: kind,
    title: '',
    notes: '',
    starts_at: toWall(start, zone),
    ends_at: toWall(fits, zone),
    resource_ids: [],
    organizer_email: organizer,
    attendees: [],
    contact_group_ids: [],
    location: '',
    with_online_room: false,
  };
}

/** Where the rooms of a booking are, as the server writes it. */
const places = ({ resources }: Booking) =>
  resources
    .filter(({ type }) => type === 'room')
    .map(({ name, location }) => (location ? `${name}, ${location}` : name));

/** A booking as it stands, to be changed. A place that follows from its room is not said, so that it goes on following. */
export function valuesOf(booking: Booking, zone: string): Values {
  return {
    booking_type: booking.booking_type,
    title: booking.title,
    notes: booking.notes,
    starts_at: toWall(booking.starts_at, zone),
    ends_at: toWall(booking.ends_at, zone),
    resource_ids: booking.resource_ids,
    organizer_email: booking.organizer_email ?? null,
    // Addresses that are kept from this reader stay on the server.
    attendees: booking.attendees.flatMap(({ email }) => email ?? []),
    contact_group_ids: [],
    location: places(booking).includes(booking.location) ? '' : booking.location,
    with_online_room: false,
  };
}

/** What a form sends of either kind. A room says itself where it is, and nobody is asked to come to it. */
function commonBody(values: Values, zone: string) {
  const common = {
    title: values.title.trim(),
    notes: values.notes,
    starts_at: toInstant(values.starts_at ?? '', zone),
    ends_at: toInstant(values.ends_at ?? '', zone),
    resource_ids: values.resource_ids,
  };
  if (values.booking_type === 'room') return common;
  return {
    ...common,
    attendees: values.attendees,
    contact_group_ids: values.contact_group_ids,
    organizer_email: values.organizer_email,
    location: values.location.trim() || null,
  };
}

export const newBody = (values: Values, zone: string) => ({
  ...commonBody(values, zone),
  booking_type: values.booking_type,
  with_online_room: values.with_online_room,
});

/**
 * What a form changes. Times that were not touched are not sent: seconds and the hour that a clock shows twice would
 * get lost on the way through the form.
 */
export function changeBody(values: Values, booking: Booking, zone: string) {
  const before = valuesOf(booking, zone);
  const { starts_at, ends_at, ...body } = commonBody(values, zone);
  return {
    ...body,
    ...(values.starts_at !== before.starts_at && { starts_at }),
    ...(values.ends_at !== before.ends_at && { ends_at }),
  };
}

/** Moves the end along with the start, so that the length stays; null where there is none to keep. */
export function movedEnd({ starts_at, ends_at }: Values, start: string | null): string | null {
  if (!start || !starts_at || !ends_at) return null;
  const at = (wall: string) => Date.parse(toInstant(wall, 'UTC'));
  const length = at(ends_at) - at(starts_at);
  return length > 0 ? toWall(new Date(at(start) + length), 'UTC') : null;
}

/** At which of both times something is wrong with what lies between them. */
export function slotField({ starts_at, ends_at }: Values, zone: string): 'starts_at' | 'ends_at' {
  const length = Date.parse(toInstant(ends_at ?? '', zone)) - Date.parse(toInstant(starts_at ?? '', zone));
  return length <= 0 || length > LONGEST ? 'ends_at' : 'starts_at';
}

/** What somebody takes of the proposals. */
export const proposed = ({ starts_at, ends_at, resource_ids }: Alternative, zone: string) => ({
  starts_at: toWall(starts_at, zone),
  ends_at: toWall(ends_at, zone),
  resource_ids,
});
