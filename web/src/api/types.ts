import type { components } from './schema';

type Schemas = components['schemas'];

export type User = Schemas['Person'];
export type Consent = Schemas['Consent'];
export type OpenInvitation = Schemas['OpenInvitation'];
export type Contact = Schemas['Contact'];
export type ContactGroup = Schemas['ContactGroup'];
/** A room or a device. */
export type Resource = Schemas['Resource'];
export type ResourceType = Schemas['ResourceType'];
export type Booking = Schemas['Booking'];
export type BookingType = Schemas['BookingType'];
/** Something in the way of a booking. */
export type Conflict = Schemas['Conflict'];
/** What could be taken instead. */
export type Alternative = Schemas['Alternative'];
export type Me = Schemas['Me'];
export type Organization = Schemas['Organization'];
export type OrgRole = Schemas['OrgRole'];
export type Member = Schemas['Member'];
export type Meeting = Schemas['MeetingOut'];
export type NewMeeting = Schemas['NewMeeting'];
export type MeetingAction = Schemas['Action'];
export type MeetingStatus = Schemas['MeetingStatus'];
export type MeetingType = Schemas['MeetingType'];
export type Participant = Schemas['Participant'];
export type Joined = Schemas['Admission'];
/** The way into a room of another provider. */
export type SentElsewhere = Schemas['SentElsewhere'];
export type Door = Schemas['Door'];
export type Stage = Schemas['Stage'];
export type MyStage = Schemas['MyStage'];
export type LatestCheck = Schemas['LatestCheck'];
export type StageQuorum = Schemas['StageQuorum'];
export type ParticipantRights = Schemas['ParticipantRights'];
/** What somebody waits for at the door. */
export type Waiting = Schemas['Waiting'];
export type Message = Schemas['Message'];
export type MyVote = Schemas['MyVote'];
export type Attendance = Schemas['Attendance'];
export type Recording = Schemas['RecordingOut'];
export type RecordingLayout = Schemas['Layout'];
/** A recording as the vault lists it. */
export type VaultItem = Schemas['VaultItem'];
export type Transcript = Schemas['Transcript'];
export type TranscriptSegment = Schemas['TranscriptSegment'];
export type ShareLink = Schemas['ShareLink'];
export type Preflight = Schemas['Preflight'];
export type SharedRecording = Schemas['SharedRecording'];
export type ApiKey = Schemas['ApiKey'];
export type ApiScope = Schemas['ApiScope'];
export type DeviceToken = Schemas['DeviceToken'];
export type AccessLevel = Schemas['AccessLevel'];
export type Permission = Schemas['Permission'];
export type PermissionTable = Schemas['PermissionTable'];
export type FieldRuleTable = Schemas['FieldRuleTable'];
export type AuditItem = Schemas['AuditItem'];
export type ReportProof = Schemas['ReportProof'];
export type OrganizationOverview = Schemas['OrganizationOverview'];
export type VenueMode = Schemas['VenueMode'];
export type Settings = Schemas['Settings'];
export type CustomField = Schemas['CustomField'];
export type FieldType = Schemas['FieldType'];
export type FieldRules = Schemas['Rules'];
/** Values of custom fields by their keys; what they are, the definitions say. */
// biome-ignore lint/suspicious/noExplicitAny: the definitions say what a value is, and the server checks it.
export type CustomValues = Record<string, any>;

export const ORG_ROLES = [
  'admin',
  'chairperson',
  'secretary',
  'member',
] as const satisfies readonly OrgRole[];
export const MEETING_TYPES = ['video', 'audio', 'screen_share'] as const satisfies readonly MeetingType[];
export const VENUE_MODES = ['virtual', 'in_person', 'hybrid'] as const satisfies readonly VenueMode[];
export const RESOURCE_TYPES = ['room', 'device'] as const satisfies readonly ResourceType[];
export const BOOKING_TYPES = ['room', 'custom'] as const satisfies readonly BookingType[];
/** What the vault shows; what is deleted is in the trash. */
export const RECORDING_STATUSES = [
  'available',
  'recording',
  'starting',
  'requested',
  'finalizing',
  'importing',
  'failed',
] as const satisfies readonly Recording['status'][];
export const LAYOUTS = ['grid', 'speaker', 'screen'] as const satisfies readonly RecordingLayout[];
/** The widest access first. */
export const ACCESS_LEVELS = ['public', 'role_based', 'private'] as const satisfies readonly AccessLevel[];
export const WEEK_STARTS = [
  'monday',
  'saturday',
  'sunday',
] as const satisfies readonly Settings['week_starts_on'][];
export const FIELD_TYPES = [
  'text',
  'number',
  'boolean',
  'date',
  'select',
  'multi_select',
] as const satisfies readonly FieldType[];

/** Officers schedule meetings and see attendance. */
export const isOfficer = (role: OrgRole | undefined) => role !== undefined && role !== 'member';

/** Whether the caller may do something with a meeting. */
export const can = (meeting: Meeting | undefined, action: MeetingAction) =>
  meeting?.my.can.includes(action) ?? false;
