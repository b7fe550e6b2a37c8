/* Provisional: replaced by what openapi-typescript makes of ../server/openapi.json. */
type Json<T> = { headers: object; content: { 'application/json': T } };
type Bad = { headers: object; content: { 'application/problem+json': components['schemas']['Problem'] } };
type Answer<Code extends number, T> = { [C in Code]: [T] extends [void] ? { headers: object; content?: never } : Json<T> } & { default: Bad };
type Op<Path, Query, Body, Code extends number, T> = {
  parameters: { header?: never; cookie?: never } & (Path extends None ? { path?: never } : { path: Path }) &
    (Query extends None ? { query?: never } : { query?: Query });
  responses: Answer<Code, T>;
} & ([Body] extends [void] ? { requestBody?: never } : { requestBody: { content: { 'application/json': Body } } });
type Page<T> = { items: T[]; next_cursor: string | null };
type PageQuery = { limit?: number; cursor?: string };
type S = components['schemas'];
type Org = { org: string };
type Id = { id: string };
type MeetingQuery = PageQuery & { status?: string; from?: string; to?: string; q?: string; order?: string };
type None = null;

export interface paths {
  '/api/v1/auth/setup': { post: Op<None, None, { setup_token: string; email: string; password: string; name: string; organization_name: string }, 201, S['Session']> };
  '/api/v1/auth/login': { post: Op<None, None, { email: string; password: string }, 200, S['Session']> };
  '/api/v1/auth/refresh': { post: Op<None, None, void, 200, S['Session']> };
  '/api/v1/auth/logout': { post: Op<None, None, void, 204, void> };
  '/api/v1/auth/invitations/{token}': { post: Op<{ token: string }, None, { name: string; password: string }, 201, S['Session']> };
  '/api/v1/me': { get: Op<None, None, void, 200, S['Me']> };
  '/api/v1/organizations': { post: Op<None, None, { name: string; slug?: string }, 201, S['Organization']> };
  '/api/v1/organizations/{org}': { get: Op<Org, None, void, 200, S['Organization']>; patch: Op<Org, None, { name?: string }, 200, S['Organization']> };
  '/api/v1/organizations/{org}/members': {
    get: Op<Org, PageQuery, void, 200, Page<S['Member']>>;
    post: Op<Org, None, { email: string; name: string; role: S['OrgRole']; password?: string }, 201, S['NewMember']>;
  };
  '/api/v1/organizations/{org}/members/{user}': {
    patch: Op<Org & { user: string }, None, { role?: S['OrgRole'] }, 200, S['Member']>;
    delete: Op<Org & { user: string }, None, void, 204, void>;
  };
  '/api/v1/organizations/{org}/meetings': {
    get: Op<Org, MeetingQuery, void, 200, Page<S['Meeting']>>;
    post: Op<Org, None, S['NewMeeting'], 201, S['Meeting']>;
  };
  '/api/v1/organizations/{org}/meetings/instant': { post: Op<Org, None, { title: string; meeting_type?: S['MeetingType'] }, 201, S['Meeting']> };
  '/api/v1/organizations/{org}/recordings': { get: Op<Org, PageQuery, void, 200, Page<S['Recording']>> };
  '/api/v1/meetings/{id}': { get: Op<Id, None, void, 200, S['Meeting']>; patch: Op<Id, None, Partial<S['NewMeeting']>, 200, S['Meeting']> };
  '/api/v1/meetings/{id}/cancel': { post: Op<Id, None, { reason?: string }, 200, S['Meeting']> };
  '/api/v1/meetings/{id}/end': { post: Op<Id, None, void, 200, S['Meeting']> };
  '/api/v1/meetings/{id}/invite': { post: Op<Id, None, { user_ids: string[] }, 200, { items: S['Participant'][] }> };
  '/api/v1/meetings/{id}/participants': { get: Op<Id, PageQuery, void, 200, Page<S['Participant']>> };
  '/api/v1/meetings/{id}/lobby/{user}/admit': { post: Op<Id & { user: string }, None, void, 200, S['Participant']> };
  '/api/v1/meetings/{id}/lobby/{user}/deny': { post: Op<Id & { user: string }, None, void, 200, S['Participant']> };
  '/api/v1/meetings/{id}/participants/{user}': {
    patch: Op<Id & { user: string }, None, { can_unmute?: boolean; can_share_screen?: boolean }, 200, S['Participant']>;
    delete: Op<Id & { user: string }, None, void, 204, void>;
  };
  '/api/v1/meetings/{id}/participants/{user}/mute': { post: Op<Id & { user: string }, None, { source?: string }, 204, void> };
  '/api/v1/meetings/{id}/participants/{user}/remove': { post: Op<Id & { user: string }, None, { ban: boolean }, 204, void> };
  '/api/v1/meetings/{id}/mute-all': { post: Op<Id, None, void, 204, void> };
  '/api/v1/meetings/{id}/response': { post: Op<Id, None, { response: 'accepted' | 'declined' }, 200, S['Participant']> };
  '/api/v1/meetings/{id}/join': { post: Op<Id, None, void, 200, S['Joined']> };
  '/api/v1/meetings/{id}/leave': { post: Op<Id, None, void, 204, void> };
  '/api/v1/meetings/{id}/chat': {
    get: Op<Id, PageQuery, void, 200, Page<S['Message']>>;
    post: Op<Id, None, { type: S['MessageType']; content?: string }, 201, S['Message']>;
  };
  '/api/v1/meetings/{id}/attendance': { get: Op<Id, None, void, 200, S['Attendance']> };
  '/api/v1/meetings/{id}/recordings': {
    get: Op<Id, PageQuery, void, 200, Page<S['Recording']>>;
    post: Op<Id, None, { layout?: 'grid' | 'speaker' | 'screen' }, 202, S['Recording']>;
  };
  '/api/v1/recordings/{id}': { delete: Op<Id, None, void, 204, void> };
  '/api/v1/recordings/{id}/playback': { post: Op<Id, None, void, 200, { url: string; expires_at: string }> };
  '/api/v1/meetings/{id}/attendance.csv': { get: Op<Id, None, void, 200, string> };
  '/api/v1/recordings/{id}/stop': { post: Op<Id, None, void, 202, S['Recording']> };
  '/api/v1/recordings/{id}/access': { put: Op<Id, None, { access_level: S['AccessLevel']; allowed_roles?: S['OrgRole'][] }, 200, S['Recording']> };
}

export interface components {
  schemas: {
    Problem: { type: string; title: string; status: number; detail: string; code: string; correlation_id: string; errors?: { pointer: string; code: string; detail: string }[] };
    User: { id: string; email: string; name: string; avatar_url?: string | null };
    Session: { access_token: string; token_type: 'Bearer'; expires_in: number; user: S['User'] };
    OrgRole: 'admin' | 'chairperson' | 'secretary' | 'member';
    Organization: { id: string; name: string; slug: string };
    Me: { user: S['User']; memberships: { organization: S['Organization']; role: S['OrgRole'] }[] };
    Member: { user: S['User']; role: S['OrgRole']; is_active?: boolean };
    NewMember: { user: S['User']; role: S['OrgRole']; invitation_url?: string | null };
    Action: 'join' | 'chat' | 'see_participants' | 'see_attendance' | 'invite' | 'change' | 'cancel' | 'end' | 'moderate' | 'record' | 'share_recordings';
    MeetingType: 'audio' | 'video' | 'screen_share';
    MeetingStatus: 'scheduled' | 'in_progress' | 'completed' | 'cancelled';
    ParticipantRole: 'host' | 'co_host' | 'participant';
    ParticipantStatus: 'invited' | 'pending_approval' | 'accepted' | 'declined' | 'joined' | 'left';
    NewMeeting: {
      title: string; description?: string; agenda?: string; scheduled_start: string; scheduled_end?: string | null; timezone?: string;
      meeting_type?: S['MeetingType']; max_participants?: number | null; auto_record?: boolean; require_approval?: boolean; participants?: string[];
    };
    Meeting: {
      id: string; organization_id: string; title: string; description: string; agenda: string; scheduled_start: string; scheduled_end: string | null;
      timezone: string; meeting_type: S['MeetingType']; max_participants: number | null; auto_record: boolean; require_approval: boolean;
      status: S['MeetingStatus']; host: { id: string; name: string } | null; room_name: string; participant_count: number;
      actual_start: string | null; actual_end: string | null; ended_by: 'host' | 'room_empty' | null; my: { role: S['ParticipantRole'] | null; status: S['ParticipantStatus'] | null; can: S['Action'][] };
    };
    Participant: {
      user: { id: string; name: string; avatar_url: string | null }; role: S['ParticipantRole']; status: S['ParticipantStatus'];
      can_unmute: boolean; can_share_screen: boolean; hand_raised: boolean; online: boolean;
    };
    Joined: {
      status: 'admitted'; server_url: string; token: string; room_name: string; identity: string; expires_at: string;
      permissions: { can_publish_sources: string[]; can_subscribe: boolean; can_publish_data: boolean; can_moderate: boolean };
    };
    MessageType: 'text' | 'reaction' | 'hand_raise' | 'hand_lower' | 'poll';
    Message: { id: string; meeting_id: string; sender: { id: string; name: string } | null; type: S['MessageType']; content: string | null; metadata: Record<string, unknown>; created_at: string };
    Attendance: {
      summary: { invited: number; attended: number; absent: number; late: number; average_duration_seconds: number; peak_participants: number };
      items: {
        user: { id: string; name: string } | null; guest_name: string | null; status: string; first_joined_at: string | null; last_left_at: string | null;
        duration_seconds: number; is_late: boolean; left_early: boolean; messages_sent: number; hand_raised_count: number;
        spans: { joined_at: string; left_at: string | null; how_closed: string | null }[];
      }[];
    };
    AccessLevel: 'public' | 'role_based' | 'private';
    RecordingStatus: 'requested' | 'starting' | 'recording' | 'finalizing' | 'available' | 'failed' | 'deleted';
    Recording: {
      id: string; meeting_id: string; status: S['RecordingStatus']; failure: { code: string; detail: string } | null; engine: string; started_at: string | null;
      ended_at: string | null; duration_seconds: number | null; size_bytes: number | null; content_type: string | null; sha256: string | null;
      access_level: S['AccessLevel']; allowed_roles: S['OrgRole'][]; gaps: { from: string; to: string }[];
    };
  };
}
