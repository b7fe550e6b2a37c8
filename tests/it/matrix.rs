//! Who may call what: every operation of the description, as everybody there is.
//!
//! The table is the whole truth about rights; an operation that is not in it fails the test.

use std::{collections::BTreeSet, fmt::Write};

use futures::{StreamExt, stream};
use harness::{
    Answer, Api, Meeting, Organization, Person, TestApp, Value, json,
    spec::{Operation, SPEC},
};

use server::access::guest::Guest;

use crate::service_access;

/// What each caller is answered: `ok` is a status of 2xx, a number that very status.
///
/// nobody: no token · admin, chair, secr, member: of the organization, not invited · part: an invited member ·
/// host: a secretary who hosts the meeting · other: admin of another organization · guest: in the meeting by a link.
const TABLE: &str = "
operation                                         nobody admin chair secr member part host other guest
POST   /auth/setup                                   403   403   403  403    403  403  403   403   403
POST   /auth/login                                   401   401   401  401    401  401  401   401   401
POST   /auth/refresh                                 401   401   401  401    401  401  401   401   401
POST   /auth/logout                                   ok    ok    ok   ok     ok   ok   ok    ok    ok
POST   /auth/invitations/{token}                     404   404   404  404    404  404  404   404   404
POST   /auth/login/second-factor                     401   401   401  401    401  401  401   401   401
POST   /auth/password-reset                           ok    ok    ok   ok     ok   ok   ok    ok    ok
POST   /auth/password-reset/complete                 404   404   404  404    404  404  404   404   404
GET    /auth/methods                                  ok    ok    ok   ok     ok   ok   ok    ok    ok
GET    /auth/oidc/start                              404   404   404  404    404  404  404   404   404
GET    /auth/oidc/callback                           404   404   404  404    404  404  404   404   404
POST   /auth/oidc/backchannel-logout                 404   404   404  404    404  404  404   404   404
GET    /me                                           401    ok    ok   ok     ok   ok   ok    ok   401
POST   /me/password                                  401   409   409  409    409  409  409   409   401
GET    /me/sessions                                  401    ok    ok   ok     ok   ok   ok    ok   401
DELETE /me/sessions                                  401    ok    ok   ok     ok   ok   ok    ok   401
DELETE /me/sessions/{id}                             401   404   404  404    404  404  404   404   401
GET    /me/second-factor                             401    ok    ok   ok     ok   ok   ok    ok   401
POST   /me/second-factor                             401   409   409  409    409  409  409   409   401
POST   /me/second-factor/confirm                     401   409   409  409    409  409  409   409   401
POST   /me/second-factor/recovery-codes              401   409   409  409    409  409  409   409   401
POST   /me/second-factor/disable                     401   409   409  409    409  409  409   409   401
GET    /mailbox                                      401   403   403  403    403  403  403   403   401
GET    /mailbox/{id}                                 401   403   403  403    403  403  403   403   401
POST   /organizations                                401    ok    ok   ok     ok   ok   ok    ok   401
GET    /organizations/{org}                          401    ok    ok   ok     ok   ok   ok   404   401
PATCH  /organizations/{org}                          401    ok   403  403    403  403  403   404   401
GET    /organizations/{org}/members                  401    ok    ok   ok     ok   ok   ok   404   401
POST   /organizations/{org}/members                  401    ok   403  403    403  403  403   404   401
PATCH  /organizations/{org}/members/{user}           401    ok   403  403    403  403  403   404   401
DELETE /organizations/{org}/members/{user}           401    ok   403  403    403  403  403   404   401
GET    /organizations/{org}/permissions              401    ok    ok   ok     ok   ok   ok   404   401
PUT    /organizations/{org}/permissions              401    ok   403  403    403  403  403   404   401
GET    /organizations/{org}/field-rules              401    ok    ok   ok     ok   ok   ok   404   401
PUT    /organizations/{org}/field-rules              401    ok   403  403    403  403  403   404   401
GET    /organizations/{org}/audit                    401    ok   403  403    403  403  403   404   401
GET    /organizations/{org}/audit.csv                401    ok   403  403    403  403  403   404   401
GET    /organizations/{org}/audit/seal               401    ok   403  403    403  403  403   404   401
GET    /organizations/{org}/settings                 401    ok    ok   ok     ok   ok   ok   404   401
PATCH  /organizations/{org}/settings                 401    ok   403  403    403  403  403   404   401
GET    /organizations/{org}/custom-fields            401    ok    ok   ok     ok   ok   ok   404   401
POST   /organizations/{org}/custom-fields            401    ok   403  403    403  403  403   404   401
PATCH  /organizations/{org}/custom-fields/{id}       401    ok   403  403    403  403  403   404   401
DELETE /organizations/{org}/custom-fields/{id}       401    ok   403  403    403  403  403   404   401
POST   /organizations/{org}/meetings/bulk-cancel     401    ok    ok   ok     ok   ok   ok   404   401
GET    /organizations/{org}/meetings                 401    ok    ok   ok     ok   ok   ok   404   401
POST   /organizations/{org}/meetings                 401    ok    ok   ok    403  403   ok   404   401
POST   /organizations/{org}/meetings/instant         401    ok    ok   ok    403  403   ok   404   401
GET    /organizations/{org}/recordings               401    ok    ok   ok     ok   ok   ok   404   401
GET    /meetings                                     401    ok    ok   ok     ok   ok   ok    ok   401
GET    /meetings/{id}                                401    ok    ok   ok     ok   ok   ok   404   401
PATCH  /meetings/{id}                                401   403   403  403    403  403   ok   404   401
PUT    /meetings/{id}                                401   403   403  403    403  403   ok   404   401
DELETE /meetings/{id}                                401   403   403  403    403  403   ok   404   401
POST   /meetings/{id}/cancel                         401   403   403  403    403  403   ok   404   401
GET    /meetings/{id}/history                        401    ok    ok   ok    403  403   ok   404   401
POST   /meetings/{id}/duplicate                      401    ok    ok   ok    403  403   ok   404   401
POST   /meetings/{id}/end                            401   403   403  403    403  403   ok   404   401
POST   /meetings/{id}/invite                         401    ok    ok   ok    403  403   ok   404   401
GET    /meetings/{id}/participants                   401    ok    ok   ok    403   ok   ok   404   401
PATCH  /meetings/{id}/participants                   401   403   403  403    403  403   ok   404   401
POST   /meetings/{id}/participants/{user}/ask        401   403   403  403    403  403  409   404   401
POST   /meetings/{id}/participants/{user}/lower-hand 401   403   403  403    403  403   ok   404   401
POST   /meetings/{id}/lower-hands                    401   403   403  403    403  403   ok   404   401
GET    /meetings/{id}/stage                          401   403   403  403    403   ok   ok   404    ok
PUT    /meetings/{id}/spotlight                      401   403   403  403    403  403   ok   404   401
POST   /meetings/{id}/host                           401   403   403  403    403  403   ok   404   401
PATCH  /meetings/{id}/participants/{user}            401   403   403  403    403  403   ok   404   401
DELETE /meetings/{id}/participants/{user}            401   403   403  403    403  403   ok   404   401
POST   /meetings/{id}/participants/{user}/mute       401   403   403  403    403  403   ok   404   401
POST   /meetings/{id}/participants/{user}/remove     401   403   403  403    403  403   ok   404   401
PUT    /meetings/{id}/participants/{user}/excuse     401    ok    ok   ok    403  403   ok   404   401
DELETE /meetings/{id}/participants/{user}/excuse     401    ok    ok   ok    403  403   ok   404   401
POST   /meetings/{id}/mute-all                       401   403   403  403    403  403   ok   404   401
POST   /meetings/{id}/response                       401   403   403  403    403   ok   ok   404   401
POST   /meetings/{id}/join                           401   403   403  403    403   ok   ok   404   401
POST   /meetings/{id}/leave                          401   403   403  403    403   ok   ok   404    ok
POST   /meetings/{id}/show                           401    ok    ok   ok    403   ok   ok   404   401
GET    /meetings/{id}/lobby                          401   403   403  403    403  403   ok   404   401
POST   /meetings/{id}/lobby/{user}/admit             401   403   403  403    403  403   ok   404   401
POST   /meetings/{id}/lobby/admit-all                401   403   403  403    403  403   ok   404   401
GET    /meetings/{id}/door                           401   403   403  403    403  403   ok   404   401
PATCH  /meetings/{id}/door                           401   403   403  403    403  403   ok   404   401
POST   /meetings/{id}/lobby/{user}/deny              401   403   403  403    403  403   ok   404   401
PATCH  /me                                           401    ok    ok   ok     ok   ok   ok    ok   401
GET    /me/consents                                  401    ok    ok   ok     ok   ok   ok    ok   401
PUT    /me/consents/{purpose}                        401    ok    ok   ok     ok   ok   ok    ok   401
PUT    /me/avatar                                    401   415   415  415    415  415  415   415   401
DELETE /me/avatar                                    401    ok    ok   ok     ok   ok   ok    ok   401
GET    /users/{id}/avatar                            401   404   404  404    404  404  404   404   401
POST   /organizations/{org}/members/import           401   415   403  403    403  403  403   404   401
GET    /organizations/{org}/invitations              401    ok   403  403    403  403  403   404   401
POST   /organizations/{org}/invitations/{id}/resend  401    ok   403  403    403  403  403   404   401
DELETE /organizations/{org}/invitations/{id}         401    ok   403  403    403  403  403   404   401
GET    /organizations/{org}/contacts                 401    ok    ok   ok     ok   ok   ok   404   401
POST   /organizations/{org}/contacts                 401    ok    ok   ok    403  403   ok   404   401
POST   /organizations/{org}/contacts/import          401   415   415  415    403  403  415   404   401
GET    /organizations/{org}/contacts.csv             401    ok    ok   ok     ok   ok   ok   404   401
POST   /organizations/{org}/attendees                401    ok    ok   ok     ok   ok   ok   404   401
GET    /organizations/{org}/contact-groups           401    ok    ok   ok     ok   ok   ok   404   401
POST   /organizations/{org}/contact-groups           401    ok    ok   ok    403  403   ok   404   401
GET    /contacts/{id}                                401    ok    ok   ok     ok   ok   ok   404   401
PATCH  /contacts/{id}                                401    ok    ok   ok    403  403   ok   404   401
DELETE /contacts/{id}                                401    ok    ok   ok    403  403   ok   404   401
GET    /contact-groups/{id}                          401    ok    ok   ok     ok   ok   ok   404   401
PATCH  /contact-groups/{id}                          401    ok    ok   ok    403  403   ok   404   401
DELETE /contact-groups/{id}                          401    ok    ok   ok    403  403   ok   404   401
POST   /contact-groups/{id}/contacts                 401    ok    ok   ok    403  403   ok   404   401
DELETE /contact-groups/{id}/contacts/{contact}       401    ok    ok   ok    403  403   ok   404   401
GET    /organizations/{org}/resources                401    ok    ok   ok     ok   ok   ok   404   401
POST   /organizations/{org}/resources                401    ok   403  403    403  403  403   404   401
GET    /resources/{id}                               401    ok    ok   ok     ok   ok   ok   404   401
PATCH  /resources/{id}                               401    ok   403  403    403  403  403   404   401
DELETE /resources/{id}                               401    ok   403  403    403  403  403   404   401
GET    /organizations/{org}/bookings                 401    ok    ok   ok     ok   ok   ok   404   401
POST   /organizations/{org}/bookings                 401    ok    ok   ok     ok   ok   ok   404   401
GET    /organizations/{org}/bookings/dashboard       401    ok    ok   ok     ok   ok   ok   404   401
GET    /organizations/{org}/free-busy                401    ok    ok   ok     ok   ok   ok   404   401
GET    /bookings/{id}                                401    ok   404  404    404   ok   ok   404   401
PATCH  /bookings/{id}                                401    ok   404  404    404  403   ok   404   401
DELETE /bookings/{id}                                401    ok   404  404    404  403   ok   404   401
POST   /meetings/{id}/guest-links                    401    ok    ok   ok    403  403   ok   404   401
GET    /meetings/{id}/guest-links                    401    ok    ok   ok    403  403   ok   404   401
DELETE /guest-links/{id}                             401    ok    ok   ok    404  404   ok   404   401
GET    /guest/{token}                                404   404   404  404    404  404  404   404   404
POST   /connection-check                             401    ok    ok   ok     ok   ok   ok    ok   401
POST   /guest/{token}/connection-check               404   404   404  404    404  404  404   404   404
POST   /guest/{token}/join                           404   404   404  404    404  404  404   404   404
GET    /meetings/{id}/chat                           401   403   403  403    403   ok   ok   404    ok
POST   /meetings/{id}/chat                           401   403   403  403    403   ok   ok   404    ok
GET    /meetings/{id}/chat/{message}                 401   403   403  403    403   ok   ok   404    ok
PATCH  /meetings/{id}/chat/{message}                 401   403   403  403    403  403   ok   404   403
DELETE /meetings/{id}/chat/{message}                 401   403   403  403    403  403   ok   404   403
GET    /meetings/{id}/chat/read                      401   403   403  403    403   ok   ok   404    ok
PUT    /meetings/{id}/chat/read                      401   403   403  403    403   ok   ok   404    ok
GET    /meetings/{id}/chat.csv                       401   403   403  403    403   ok   ok   404   401
GET    /meetings/{id}/chat.json                      401   403   403  403    403   ok   ok   404   401
POST   /meetings/{id}/polls/{message}/votes          401   403   403  403    403   ok   ok   404   403
POST   /meetings/{id}/polls/{message}/close          401   403   403  403    403  403   ok   404   401
GET    /meetings/{id}/events                         401   403   403  403    403   ok   ok   404    ok
GET    /meetings/{id}/timeline                       401    ok    ok   ok    403  403   ok   404   401
GET    /meetings/{id}/timeline.json                  401    ok    ok   ok    403  403   ok   404   401
POST   /meetings/{id}/speaking                       401   403   403  403    403  409  409   404   409
GET    /organizations/{org}/reports/meetings         401    ok    ok   ok    403  403   ok   404   401
GET    /organizations/{org}/reports/meetings.csv     401    ok    ok   ok    403  403   ok   404   401
GET    /organizations/{org}/reports/members/{user}   401    ok    ok   ok    403  403   ok   404   401
GET    /organizations/{org}/reports/members/{user}/meetings.csv 401 ok ok ok 403 403 ok 404 401
GET    /organizations/{org}/reports/engagement       401    ok    ok   ok    403  403   ok   404   401
GET    /organizations/{org}/reports/engagement.csv   401    ok    ok   ok    403  403   ok   404   401
GET    /organizations/{org}/reports/engagement/{user} 401 ok ok ok 403 403 ok 404 401
GET    /organizations/{org}/reports/absences         401    ok    ok   ok    403  403   ok   404   401
GET    /organizations/{org}/reports/absences.csv     401    ok    ok   ok    403  403   ok   404   401
GET    /organizations/{org}/reports/groups/{group}   401    ok    ok   ok    403  403   ok   404   401
GET    /organizations/{org}/reports/groups/{group}/members.csv 401 ok ok ok 403 403 ok 404 401
GET    /organizations/{org}/reports/meetings.xlsx    401    ok    ok   ok    403  403   ok   404   401
GET    /organizations/{org}/reports/meetings.pdf     401    ok    ok   ok    403  403   ok   404   401
GET    /organizations/{org}/reports/members/{user}/meetings.xlsx 401 ok ok ok 403 403 ok 404 401
GET    /organizations/{org}/reports/members/{user}/meetings.pdf 401 ok ok ok 403 403 ok 404 401
GET    /meetings/{id}/attendance                     401    ok    ok   ok    403  403   ok   404   401
GET    /meetings/{id}/attendance.csv                 401    ok    ok   ok    403  403   ok   404   401
GET    /meetings/{id}/attendance.xlsx                401    ok    ok   ok    403  403   ok   404   401
GET    /meetings/{id}/attendance.pdf                 401    ok    ok   ok    403  403   ok   404   401
GET    /meetings/{id}/attendance/corrections         401    ok    ok   ok    403  403   ok   404   401
POST   /meetings/{id}/attendance/corrections         401    ok    ok   ok    403  403   ok   404   401
PUT    /meetings/{id}/guests/{guest}/member          401    ok    ok   ok    403  403   ok   404   401
DELETE /meetings/{id}/guests/{guest}/member          401    ok    ok   ok    403  403   ok   404   401
GET    /reports/verify/{hash}                         ok    ok    ok   ok     ok   ok   ok    ok    ok
GET    /meetings/{id}/presence-checks                401    ok    ok   ok    403  403   ok   404   401
POST   /meetings/{id}/presence-checks                401   403   403  403    403  403  409   404   401
GET    /meetings/{id}/presence-checks/latest         401   403   403  403    403   ok   ok   404    ok
POST   /meetings/{id}/presence-checks/{check}/confirm 401  403   403  403    403  409  409   404   409
GET    /meetings/{id}/recordings                     401    ok    ok   ok     ok   ok   ok   404   401
POST   /meetings/{id}/recordings                     401   403   403  403    403  403   ok   404   401
GET    /recordings/{id}                              401   404   404  404    404  404   ok   404   401
POST   /recordings/{id}/stop                         401   404   404  404    404  404   ok   404   401
PUT    /recordings/{id}/access                       401   404   404  404    404  404   ok   404   401
POST   /recordings/{id}/playback                     401   404   404  404    404  404  409   404   401
GET    /recordings/{id}/download                     401   404   404  404    404  404  409   404   401
DELETE /recordings/{id}                              401   404   404  404    404  404  409   404   401
POST   /recordings/{id}/restore                      401   404   404  404    404  404   ok   404   401
POST   /recordings/{id}/pause                        401   404   404  404    404  404   ok   404   401
POST   /recordings/{id}/resume                       401   404   404  404    404  404   ok   404   401
PUT    /recordings/{id}/hold                         401   404   404  404    404  404   ok   404   401
DELETE /recordings/{id}/hold                         401   404   404  404    404  404   ok   404   401
GET    /recordings/{id}/share-links                  401   404   404  404    404  404   ok   404   401
POST   /recordings/{id}/share-links                  401   404   404  404    404  404   ok   404   401
DELETE /share-links/{id}                             401   404   404  404    404  404  404   404   401
GET    /recordings/{id}/poster                       401   404   404  404    404  404  409   404   401
GET    /recordings/{id}/thumbnails                   401   404   404  404    404  404  409   404   401
GET    /recordings/{id}/chapters                     401   404   404  404    404  404   ok   404   401
GET    /recordings/{id}/views                        401   404   404  404    404  404   ok   404   401
GET    /recordings/{id}/consents                     401   404   404  404    404  404   ok   404   401
POST   /recordings/{id}/consent                      401   404   404  404    404   ok   ok   404    ok
GET    /recordings/{id}/transcript                   401   404   404  404    404  404  409   404   401
POST   /recordings/{id}/transcript                   401   404   404  404    404  404  409   404   401
DELETE /recordings/{id}/transcript                   401   404   404  404    404  404   ok   404   401
GET    /recordings/{id}/captions.vtt                 401   404   404  404    404  404  409   404   401
POST   /meetings/{id}/recordings/import              401   403   403  403    403  403   ok   404   401
GET    /meetings/{id}/recordings/preflight           401   403   403  403    403  403   ok   404   401
GET    /organizations/{org}/recordings/usage         401    ok    ok   ok    403  403   ok   404   401
GET    /shared/{token}                               404   404   404  404    404  404  404   404   404
POST   /shared/{token}/playback                      404   404   404  404    404  404  404   404   404
GET    /system/organizations                         401   403   403  403    403  403  403   403   401
POST   /system/organizations/{org}/suspend           401   403   403  403    403  403  403   403   401
POST   /system/organizations/{org}/resume            401   403   403  403    403  403  403   403   401
GET    /system/admins                                401   403   403  403    403  403  403   403   401
POST   /system/admins                                401   403   403  403    403  403  403   403   401
DELETE /system/admins/{user}                         401   403   403  403    403  403  403   403   401
GET    /system/audit                                 401   403   403  403    403  403  403   403   401
GET    /organizations/{org}/api-keys                 401    ok   403  403    403  403  403   404   401
POST   /organizations/{org}/api-keys                 401    ok   403  403    403  403  403   404   401
PATCH  /organizations/{org}/api-keys/{id}            401    ok   403  403    403  403  403   404   401
DELETE /organizations/{org}/api-keys/{id}            401    ok   403  403    403  403  403   404   401
POST   /organizations/{org}/api-keys/{id}/rotate     401    ok   403  403    403  403  403   404   401
GET    /organizations/{org}/device-tokens            401    ok   403  403    403  403  403   404   401
POST   /organizations/{org}/device-tokens            401    ok   403  403    403  403  403   404   401
PATCH  /organizations/{org}/device-tokens/{id}       401    ok   403  403    403  403  403   404   401
DELETE /organizations/{org}/device-tokens/{id}       401    ok   403  403    403  403  403   404   401
POST   /organizations/{org}/device-tokens/{id}/rotate 401   ok   403  403    403  403  403   404   401
GET    /device                                       401   403   403  403    403  403  403   403   401
GET    /device/meetings                              401   403   403  403    403  403  403   403   401
POST   /webhooks/livekit                             403   403   403  403    403  403  403   403   403
";

/// Operations that change something and need not be in the audit log after a success of this test, and why.
const NOT_AUDITED_HERE: &[(&str, &str)] = &[
    ("POST /connection-check", "changes nothing"),
    ("POST /guest/{token}/connection-check", "changes nothing"),
    (
        "POST /meetings/{id}/participants/{user}/ask",
        "nobody is in the room; stage::a_listener_is_asked_to_speak",
    ),
    ("POST /meetings/{id}/speaking", "nobody is in the room; what is told there is a log itself"),
    ("POST /meetings/{id}/presence-checks", "nobody is in the room; presence_checks::the_record_tells_of_it"),
    (
        "POST /meetings/{id}/presence-checks/{check}/confirm",
        "nobody is in the room; presence_checks::the_record_tells_of_it",
    ),
    ("POST /auth/setup", "nobody may twice; audit::whoever_signs_in_or_out_is_named"),
    ("POST /auth/login", "audit::whoever_signs_in_or_out_is_named"),
    ("POST /auth/logout", "audit::whoever_signs_in_or_out_is_named"),
    ("POST /auth/invitations/{token}", "audit::whoever_signs_in_or_out_is_named"),
    ("POST /auth/login/second-factor", "opens a session; sessions are under audit"),
    ("POST /auth/password-reset", "leaves a job for whoever has that address, and changes nothing yet"),
    ("POST /auth/password-reset/complete", "password_resets and credentials are under audit"),
    ("POST /auth/oidc/backchannel-logout", "sessions are under audit"),
    ("POST /me/password", "audit::what_people_do_to_their_own_account_is_logged"),
    ("DELETE /me/sessions", "audit::what_people_do_to_their_own_account_is_logged"),
    ("DELETE /me/sessions/{id}", "sessions are under audit"),
    ("POST /me/second-factor", "audit::what_people_do_to_their_own_account_is_logged"),
    ("POST /me/second-factor/confirm", "second_factors are under audit"),
    ("POST /me/second-factor/recovery-codes", "recovery_codes are under audit"),
    ("POST /me/second-factor/disable", "second_factors are under audit"),
    ("POST /auth/refresh", "renews a sign-in that is in the log"),
    (
        "POST /organizations/{org}/meetings/bulk-cancel",
        "meetings::a_meetings_history_tells_who_changed_what; here it names no meeting",
    ),
    ("POST /meetings/{id}/join", "in the trail of movements (attendance_log), as every request to enter"),
    ("POST /meetings/{id}/leave", "in the trail of movements"),
    (
        "DELETE /meetings/{id}/participants/{user}/excuse",
        "there is no excuse here; presence_rules::whoever_keeps_the_attendance_excuses_people",
    ),
    ("PUT /meetings/{id}/chat/read", "how far somebody has read is their own affair"),
    ("POST /meetings/{id}/lobby/admit-all", "nobody waits here; who is let in is under audit"),
    ("PUT /me/avatar", "there is no picture here; users are under audit"),
    ("DELETE /me/avatar", "there is no picture here; users are under audit"),
    ("POST /organizations/{org}/members/import", "there is no table here; members are under audit"),
    ("POST /organizations/{org}/contacts/import", "there is no table here; contacts are under audit"),
    ("POST /organizations/{org}/attendees", "changes nothing"),
    ("POST /contact-groups/{id}/contacts", "nobody new is named here; the groups are under audit"),
    ("DELETE /meetings/{id}/guests/{guest}/member", "the guest was nobody; corrections are under audit"),
    ("POST /guest/{token}/join", "nobody may with this token; guests are under audit"),
    ("POST /recordings/{id}/playback", "audit::access_to_recordings_is_logged"),
    ("DELETE /recordings/{id}", "audit::access_to_recordings_is_logged"),
    ("POST /recordings/{id}/restore", "it is not in the trash here; recordings are under audit"),
    ("POST /recordings/{id}/resume", "it is not paused here; recordings are under audit"),
    ("DELETE /recordings/{id}/hold", "it is not held here; recordings are under audit"),
    ("POST /recordings/{id}/transcript", "there is no file here; transcripts are under audit"),
    ("DELETE /recordings/{id}/transcript", "there is none here; transcripts are under audit"),
    ("DELETE /share-links/{id}", "there is none here; share_links are under audit"),
    ("POST /shared/{token}/playback", "vault::who_watched_is_told_to_the_host"),
    (
        "POST /system/organizations/{org}/suspend",
        "system::nobody_works_in_a_suspended_organization_until_it_goes_on",
    ),
    (
        "POST /system/organizations/{org}/resume",
        "system::nobody_works_in_a_suspended_organization_until_it_goes_on",
    ),
    ("POST /system/admins", "system::the_last_administrator_stays_one"),
    ("DELETE /system/admins/{user}", "system::the_last_administrator_stays_one"),
];

/// Whether a request left a row in the audit log that names its caller.
async fn is_audited(app: &TestApp, answer: &Answer, caller: &Person) -> bool {
    sqlx::query_scalar(
        "select exists (select from audit_log where correlation_id = $1 and actor_type = 'user' and actor_id = $2)",
    )
    .bind(answer.header("x-correlation-id"))
    .bind(caller.user_id().0)
    .fetch_one(&mut app.database().await)
    .await
    .expect("the log")
}

/// What API keys are let in to, by which scope, and what a key is answered that holds it. Everything else refuses them.
const SCOPED: &str = "
GET    /organizations/{org}/members                  members.read      ok
POST   /organizations/{org}/members                  members.write     ok
PATCH  /organizations/{org}/members/{user}           members.write     ok
DELETE /organizations/{org}/members/{user}           members.write     ok
GET    /organizations/{org}/meetings                 meetings.read     ok
POST   /organizations/{org}/meetings                 meetings.write    ok
POST   /organizations/{org}/meetings/instant         meetings.write    ok
GET    /meetings/{id}                                meetings.read     ok
PATCH  /meetings/{id}                                meetings.write    ok
PUT    /meetings/{id}                                meetings.write    ok
DELETE /meetings/{id}                                meetings.write    403
POST   /meetings/{id}/cancel                         meetings.write    403
POST   /meetings/{id}/invite                         meetings.write    ok
POST   /meetings/{id}/show                           meetings.write    ok
GET    /meetings/{id}/participants                   meetings.read     ok
GET    /meetings/{id}/attendance                     attendance.read   ok
GET    /meetings/{id}/attendance.csv                 attendance.read   ok
GET    /meetings/{id}/attendance.xlsx                attendance.read   ok
GET    /meetings/{id}/attendance.pdf                 attendance.read   ok
GET    /meetings/{id}/timeline                       attendance.read   ok
GET    /meetings/{id}/timeline.json                  attendance.read   ok
GET    /meetings/{id}/presence-checks                attendance.read   ok
GET    /organizations/{org}/reports/meetings         attendance.read   ok
GET    /organizations/{org}/reports/meetings.csv     attendance.read   ok
GET    /organizations/{org}/reports/members/{user}   attendance.read   ok
GET    /organizations/{org}/reports/members/{user}/meetings.csv attendance.read ok
GET    /organizations/{org}/reports/engagement       attendance.read   ok
GET    /organizations/{org}/reports/engagement.csv   attendance.read   ok
GET    /organizations/{org}/reports/engagement/{user} attendance.read ok
GET    /organizations/{org}/reports/absences         attendance.read   ok
GET    /organizations/{org}/reports/absences.csv     attendance.read   ok
GET    /organizations/{org}/reports/groups/{group}   attendance.read   ok
GET    /organizations/{org}/reports/groups/{group}/members.csv attendance.read ok
GET    /organizations/{org}/reports/meetings.xlsx    attendance.read   ok
GET    /organizations/{org}/reports/meetings.pdf     attendance.read   ok
GET    /organizations/{org}/reports/members/{user}/meetings.xlsx attendance.read ok
GET    /organizations/{org}/reports/members/{user}/meetings.pdf attendance.read ok
GET    /organizations/{org}/recordings               recordings.read   ok
GET    /meetings/{id}/recordings                     recordings.read   ok
GET    /recordings/{id}                              recordings.read   404
GET    /recordings/{id}/download                     recordings.read   404
GET    /recordings/{id}/chapters                     recordings.read   404
GET    /recordings/{id}/poster                       recordings.read   404
GET    /recordings/{id}/thumbnails                   recordings.read   404
GET    /recordings/{id}/transcript                   recordings.read   404
GET    /recordings/{id}/captions.vtt                 recordings.read   404
";

/// What device tokens are let in to.
const DEVICES: &[&str] = &["GET /device", "GET /device/meetings", "POST /meetings/{id}/show"];

/// Everybody who calls, in the order of the table.
struct Callers {
    people: Vec<Option<Person>>,
    host: Person,
    participant: Person,
}

impl Callers {
    async fn of(organization: &Organization<'_>, other: &Organization<'_>) -> Self {
        let (chair, secretary) =
            (organization.member("chairperson").await, organization.member("secretary").await);
        let (member, participant) =
            (organization.member("member").await, organization.member("member").await);
        let host = organization.member("secretary").await;
        let people = vec![
            None,
            Some(organization.admin.clone()),
            Some(chair),
            Some(secretary),
            Some(member),
            Some(participant.clone()),
            Some(host.clone()),
            Some(other.admin.clone()),
            // The guest is another one for each meeting.
            None,
        ];
        Self { people, host, participant }
    }
}

fn body(operation: &str, target: &str, number: usize) -> Value {
    match operation {
        "POST /auth/setup" => {
            json!({"setup_token": "x", "email": "a@b.test", "password": "a good password", "name": "A", "organization_name": "O"})
        }
        "POST /auth/login" => json!({"email": format!("nobody{number}@example.test"), "password": "x"}),
        "POST /auth/login/second-factor" => json!({"challenge": "made-up", "code": "000000"}),
        "POST /auth/password-reset" => json!({"email": format!("nobody{number}@example.test")}),
        "POST /auth/password-reset/complete" => json!({"token": "made-up", "password": "a good password"}),
        "POST /me/password" => json!({"current_password": "x", "password": "a good password"}),
        "POST /me/second-factor" => json!({"password": "x"}),
        "POST /me/second-factor/confirm" => json!({"code": "000000"}),
        "POST /me/second-factor/recovery-codes" | "POST /me/second-factor/disable" => {
            json!({"password": "x", "code": "000000"})
        }
        "POST /auth/invitations/{token}" => json!({"name": "A", "password": "a good password"}),
        "PATCH /me" => json!({"phone": "+254 700 000000"}),
        "PUT /me/consents/{purpose}" => json!({"given": true}),
        "POST /organizations/{org}/contacts" => {
            json!({"name": "New", "email": format!("contact{number}@example.test")})
        }
        "POST /organizations/{org}/resources" => {
            json!({"type": "room", "name": format!("New room {number}")})
        }
        "PATCH /resources/{id}" => json!({"location": "Here"}),
        "POST /organizations/{org}/bookings" => {
            json!({"booking_type": "custom", "title": "T", "starts_at": "2026-12-02T09:00:00Z", "ends_at": "2026-12-02T10:00:00Z"})
        }
        "POST /organizations/{org}/contact-groups" => json!({"name": format!("Group {number}")}),
        "PATCH /contact-groups/{id}" => json!({"name": format!("Renamed {number}")}),
        "POST /contact-groups/{id}/contacts" => json!({"contact_ids": []}),
        "POST /organizations" => json!({"name": "New"}),
        "PATCH /organizations/{org}"
        | "PATCH /organizations/{org}/api-keys/{id}"
        | "PATCH /contacts/{id}" => json!({"name": "Renamed"}),
        "POST /organizations/{org}/members" => {
            json!({"email": format!("new{number}@example.test"), "name": "New", "role": "member"})
        }
        "PATCH /organizations/{org}/members/{user}" => json!({"role": "secretary"}),
        "POST /organizations/{org}/meetings" => {
            json!({"title": "T", "scheduled_start": "2026-12-02T09:00:00Z"})
        }
        "POST /organizations/{org}/meetings/instant" => json!({"title": "T"}),
        // Nothing that this test looks at depends on them.
        "PUT /organizations/{org}/permissions" => {
            json!({"permissions": {"integrations.configure": ["secretary"]}})
        }
        "PUT /organizations/{org}/field-rules" => json!({"hidden": {"member.avatar": ["member"]}}),
        "POST /system/admins" => json!({"email": "nobody@example.test"}),
        "PATCH /organizations/{org}/settings" => json!({"week_starts_on": "sunday"}),
        "POST /organizations/{org}/custom-fields" => {
            json!({"key": format!("key{number}"), "label": "Label", "type": "text"})
        }
        "PATCH /organizations/{org}/custom-fields/{id}" => json!({"label": "Other"}),
        "POST /organizations/{org}/meetings/bulk-cancel" => {
            json!({"ids": ["01890000-0000-7000-8000-000000000000"]})
        }
        "POST /meetings/{id}/duplicate" => json!({"scheduled_start": "2026-12-09T09:00:00Z"}),
        "PATCH /meetings/{id}" | "PUT /meetings/{id}" | "PATCH /bookings/{id}" => json!({"title": "Changed"}),
        "POST /meetings/{id}/invite" | "PUT /meetings/{id}/spotlight" => json!({"user_ids": [target]}),
        "PATCH /meetings/{id}/door" => json!({"locked": true}),
        "PATCH /meetings/{id}/participants" | "PATCH /meetings/{id}/participants/{user}" => {
            json!({"can_unmute": false})
        }
        "PUT /meetings/{id}/participants/{user}/excuse" => json!({"reason": "Ill"}),
        "POST /meetings/{id}/host" => json!({"user_id": target}),
        "POST /meetings/{id}/attendance/corrections" => {
            json!({"user_id": target, "joined_at": "2026-12-01T08:50:00Z", "left_at": "2026-12-01T08:54:00Z", "reason": "Seen"})
        }
        "PUT /meetings/{id}/guests/{guest}/member" => json!({"user_id": target, "reason": "Said so"}),
        "POST /meetings/{id}/response" => json!({"response": "accepted"}),
        "POST /meetings/{id}/polls/{message}/votes" => json!({"choices": [1]}),
        "PUT /meetings/{id}/chat/read" => json!({"message_id": target}),
        "PATCH /meetings/{id}/chat/{message}" => json!({"content": "changed"}),
        "POST /meetings/{id}/chat" => json!({"type": "text", "content": "hello"}),
        "POST /meetings/{id}/speaking" => json!({"stretches": []}),
        "POST /organizations/{org}/api-keys" => json!({"name": "New", "scopes": ["meetings.read"]}),
        "POST /organizations/{org}/device-tokens" => json!({"label": "New"}),
        "PATCH /organizations/{org}/device-tokens/{id}" => json!({"label": "Renamed"}),
        "PUT /recordings/{id}/access" => json!({"access_level": "public"}),
        "POST /meetings/{id}/recordings/import" => json!({"url": "http://localhost:9000/a.mp4"}),
        "PUT /recordings/{id}/hold" => json!({"reason": "A claim"}),
        "POST /recordings/{id}/consent" => json!({"accepted": true}),
        _ => json!({}),
    }
}

struct Cell {
    meeting: Meeting,
    recording: String,
    target: Person,
    /// An API key and a device token of the organization, when asked for.
    machine: String,
    /// A guest link of the meeting, and the token of a guest who came by it.
    link: String,
    guest: String,
    /// That guest's id.
    guest_id: String,
    /// A contact in a group, and an invitation that waits.
    contact: String,
    group: String,
    invitation: String,
    /// A message of the host: an open poll where one votes, else a text.
    message: String,
    /// A check of who is there, which asked nobody of them.
    check: String,
    /// A room, and a booking of the host to which the participant is asked.
    resource: String,
    booking: String,
}

impl Cell {
    /// The address of an operation on what is in the cell.
    fn address(&self, path: &str, organization: &Organization<'_>) -> String {
        let id = match path {
            _ if path.starts_with("/recordings/") => &self.recording,
            _ if ["/api-keys/", "/device-tokens/", "/custom-fields/"].iter().any(|it| path.contains(it)) => {
                &self.machine
            }
            _ if path.starts_with("/contacts/") => &self.contact,
            _ if path.starts_with("/contact-groups/") => &self.group,
            _ if path.contains("/invitations/{id}") => &self.invitation,
            _ if path.starts_with("/guest-links/") => &self.link,
            _ if path.starts_with("/resources/") => &self.resource,
            _ if path.starts_with("/bookings/") => &self.booking,
            _ => &self.meeting.id,
        };
        path.replace("{org}", &organization.id)
            .replace("{contact}", &self.contact)
            .replace("{group}", &self.group)
            .replace("{purpose}", "transcription")
            .replace("{message}", &self.message)
            .replace("{check}", &self.check)
            .replace("{guest}", &self.guest_id)
            .replace("{id}", id)
            .replace("{user}", &self.target.id)
            .replace("{token}", "made-up")
            .replace("{hash}", "made-up")
    }
}

/// Calls an operation; the status of the answer, and the answer itself unless it is a stream.
async fn call(api: &Api, operation: &Operation, address: &str, body: &Value) -> (u16, Option<Answer>) {
    let mut request = api.request(operation.method.parse().expect("a method"), address);
    if operation.method != "GET" && operation.method != "DELETE" {
        request = request.json(body);
    }
    // A stream has no end: its head says enough.
    if address.ends_with("/events") {
        return (request.send().await.expect("an answer").status().as_u16(), None);
    }
    let answer = api.send(request).await;
    (answer.status, Some(answer))
}

/// Some operations at a time: each of them waits for the server most of the time.
async fn at_once<T>(operations: Vec<Operation>, look: impl AsyncFn(usize, Operation) -> T) -> Vec<T> {
    let look = &look;
    stream::iter(operations.into_iter().enumerate())
        .map(|(index, operation)| look(index, operation))
        .buffered(8)
        .collect()
        .await
}

fn fits(expected: &str, status: u16) -> bool {
    match expected {
        "ok" => (200..300).contains(&status),
        code => code == status.to_string(),
    }
}

fn rows(table: &'static str) -> Vec<Vec<&'static str>> {
    table.trim().lines().map(|line| line.split_whitespace().collect()).collect()
}

/// A meeting that is under way, somebody who is invited to it, and a recording of it that has begun.
async fn cell(app: &TestApp, organization: &Organization<'_>, callers: &Callers, path: &str) -> Cell {
    let target = organization.member("member").await;
    let meeting = organization
        .meeting()
        .host(&callers.host)
        .invite(&callers.participant)
        .invite(&target)
        .set("settings", json!({"allow_guests": true}))
        .create()
        .await;
    let id = meeting.id.parse::<uuid::Uuid>().expect("an id");
    let mut database = app.database().await;
    sqlx::query("update meetings set status = 'in_progress', actual_start = now() where id = $1")
        .bind(id)
        .execute(&mut database)
        .await
        .expect("under way");
    let mut recording = String::new();
    if path.starts_with("/recordings/") {
        let made: uuid::Uuid = sqlx::query_scalar(
            "insert into recordings (id, organization_id, meeting_id, status)
             select gen_random_uuid(), organization_id, id, 'recording' from meetings where id = $1 returning id",
        )
        .bind(id)
        .fetch_one(&mut database)
        .await
        .expect("a recording");
        recording = made.to_string();
    }
    let machine = match path {
        _ if path.contains("/api-keys/") => {
            service_access::key(app, organization, &["meetings.read"]).await.1
        }
        _ if path.contains("/custom-fields/") => field(app, organization).await,
        _ if path.contains("/device-tokens/") => service_access::device(app, organization).await.1,
        _ => String::new(),
    };
    let (link, guest): (uuid::Uuid, uuid::Uuid) = sqlx::query_as(
        "with link as (
             insert into guest_links (id, organization_id, meeting_id, token_hash)
             select gen_random_uuid(), organization_id, id, sha256(id::text::bytea) from meetings where id = $1 returning *)
         insert into guests (id, organization_id, meeting_id, link_id, name)
         select gen_random_uuid(), organization_id, meeting_id, id, 'Ann (guest)' from link returning link_id, id",
    )
    .bind(id)
    .fetch_one(&mut database)
    .await
    .expect("a guest");
    let guest_id = guest.to_string();
    let guest = Guest { guest_id: guest.into(), meeting_id: id.into() };
    let guest = app.app.tokens.sign_guest(guest, app.clock.now());
    let (contact, group, invitation) = acquaintance(app, organization).await;
    let mut message = String::new();
    if path.contains("/polls/") || path.contains("/chat/") {
        let said = if path.contains("/polls/") {
            json!({"type": "poll", "metadata": {"question": "When?", "options": ["Now", "Later"]}})
        } else {
            json!({"type": "text", "content": "hello"})
        };
        let posted = callers.host.post(&meeting.path("/chat"), said).await.is(201);
        message = posted["id"].as_str().expect("an id").to_owned();
    }
    let check = if path.contains("{check}") { check(app, id).await } else { String::new() };
    let (mut resource, mut booking) = (String::new(), String::new());
    if path.starts_with("/resources/") || path.starts_with("/bookings/") {
        let room = json!({"type": "room", "name": format!("Room of {}", target.id)});
        let made = organization.admin.post(&organization.path("/resources"), room).await.is(201);
        made["id"].as_str().expect("an id").clone_into(&mut resource);
    }
    if path.starts_with("/bookings/") {
        let wish = json!({"booking_type": "room", "title": "T", "starts_at": "2026-12-02T09:00:00Z",
                          "ends_at": "2026-12-02T10:00:00Z", "resource_ids": [resource],
                          "attendees": [callers.participant.email]});
        let made = callers.host.post(&organization.path("/bookings"), wish).await.is(201);
        made["id"].as_str().expect("an id").clone_into(&mut booking);
    }
    Cell {
        meeting,
        recording,
        target,
        machine,
        link: link.to_string(),
        guest,
        guest_id,
        contact,
        group,
        invitation,
        message,
        check,
        resource,
        booking,
    }
}

/// A check of who is there that is open.
async fn check(app: &TestApp, meeting: uuid::Uuid) -> String {
    let made: uuid::Uuid = sqlx::query_scalar(
        "insert into presence_checks (id, organization_id, meeting_id, asked, opened_at, closes_at)
         select gen_random_uuid(), organization_id, id, array[gen_random_uuid()], $2, $2 + interval '1 minute'
         from meetings where id = $1 returning id",
    )
    .bind(meeting)
    .bind(app.clock.now())
    .fetch_one(&mut app.database().await)
    .await
    .expect("a check");
    made.to_string()
}

/// A contact in a group, and an invitation that waits.
async fn acquaintance(app: &TestApp, organization: &Organization<'_>) -> (String, String, String) {
    let (contact, group, invitation): (uuid::Uuid, uuid::Uuid, uuid::Uuid) = sqlx::query_as(
        "with contact as (
             insert into contacts (id, organization_id, name, email)
             select id, $1, 'C', id || '@example.test' from (select gen_random_uuid() as id) new returning id),
         grp as (
             insert into contact_groups (id, organization_id, name)
             select id, $1, id::text from (select gen_random_uuid() as id) new returning id),
         person as (
             insert into users (id, email, name)
             select id, id || '@example.test', 'I' from (select gen_random_uuid() as id) new returning id)
         select contact.id, grp.id, person.id from contact, grp, person",
    )
    .bind(organization.id.parse::<uuid::Uuid>().expect("an id"))
    .fetch_one(&mut app.database().await)
    .await
    .expect("acquaintances");
    // The person's id names the invitation too.
    for sql in [
        "insert into contact_group_members (organization_id, group_id, contact_id) select $1, $3, $2 from (select $4::uuid) x",
        "insert into organization_members (organization_id, user_id, is_active)
         select $1, $4, false from (select $2::uuid, $3::uuid) x",
        "insert into invitations (id, organization_id, user_id, token_hash, expires_at)
         select $4, $1, $4, sha256($4::text::bytea), now() + interval '1 year' from (select $2::uuid, $3::uuid) x",
    ] {
        sqlx::query(sql)
            .bind(organization.id.parse::<uuid::Uuid>().expect("an id"))
            .bind(contact)
            .bind(group)
            .bind(invitation)
            .execute(&mut app.database().await)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    (contact.to_string(), group.to_string(), invitation.to_string())
}

/// A custom field of the organization.
async fn field(app: &TestApp, organization: &Organization<'_>) -> String {
    let made: uuid::Uuid = sqlx::query_scalar(
        "insert into custom_fields (id, organization_id, key, label, type)
         values (gen_random_uuid(), $1, 'f' || md5(gen_random_uuid()::text), 'Field', 'text') returning id",
    )
    .bind(organization.id.parse::<uuid::Uuid>().expect("an id"))
    .fetch_one(&mut app.database().await)
    .await
    .expect("a field");
    made.to_string()
}

// ORG-05, ORG-06, ORG-07, ORG-08, ORG-09, REC-07, LIV-04, ATT-06
#[tokio::test]
async fn everybody_may_do_what_the_table_says_and_nothing_else() {
    let app = TestApp::start().await;
    app.recorder().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    app.execute("update organizations set settings = settings || '{\"allow_guests\": true}'").await;
    let callers = Callers::of(&organization, &other).await;
    let mut table = rows(TABLE);
    let names = table.remove(0).split_off(1);
    let outsider = organization.member("member").await.id;
    let answers = at_once(SPEC.operations(), async |index, operation| {
        let mut faults = String::new();
        let mut is_audited_by_any = false;
        let path = operation.path.trim_start_matches("/api/v1").to_owned();
        let name = format!("{} {path}", operation.method);
        let Some(row) = table.iter().find(|row| row[0] == operation.method && row[1] == path) else {
            return (format!("{name} is not in the table\n"), None);
        };
        for (column, ((who, caller), expected)) in
            names.iter().zip(&callers.people).zip(&row[2..]).enumerate()
        {
            let cell = cell(&app, &organization, &callers, &path).await;
            let api = match caller {
                Some(person) => person.api.clone(),
                None if *who == "guest" => app.api.with_token(&cell.guest),
                None => app.api.clone(),
            };
            let whom = match &path {
                // Whoever is invited already would change nothing.
                path if path.ends_with("/invite") => &outsider,
                path if path.ends_with("/chat/read") => &cell.message,
                _ => &cell.target.id,
            };
            let body = body(&name, whom, 100 * index + column);
            let address = cell.address(&path, &organization);
            let (status, answer) = call(&api, &operation, &address, &body).await;
            if let (Some(person), Some(answer)) = (caller, &answer)
                && operation.method != "GET"
                && answer.status < 300
                && !is_audited_by_any
            {
                is_audited_by_any = is_audited(&app, answer, person).await;
            }
            if !fits(expected, status) {
                let _ = writeln!(faults, "{name} as {who}: {status} where {expected} is right");
            }
        }
        (faults, is_audited_by_any.then_some(name))
    })
    .await;
    let (mut faults, mut audited) = (String::new(), BTreeSet::new());
    for (wrong, name) in answers {
        faults.push_str(&wrong);
        audited.extend(name);
    }
    // CFA-05: every change that a person makes is in the audit log.
    for operation in SPEC.operations().iter().filter(|operation| operation.method != "GET") {
        let name = format!("{} {}", operation.method, operation.path.trim_start_matches("/api/v1"));
        let excused = name.contains(" /webhooks/") || NOT_AUDITED_HERE.iter().any(|(it, _)| *it == name);
        if audited.contains(&name) == excused {
            let _ =
                writeln!(faults, "{name} {}", if excused { "is audited now" } else { "writes no audit row" });
        }
    }
    for row in &table {
        let known = SPEC
            .operations()
            .iter()
            .any(|it| it.method == row[0] && it.path.trim_start_matches("/api/v1") == row[1]);
        if !known {
            let _ = writeln!(faults, "{} {} is in the table and not in the description", row[0], row[1]);
        }
    }
    app.work_off_jobs().await;
    assert!(faults.is_empty(), "\n{faults}");
}

/// Every operation as machines: an API key that holds no fit scope, one that holds it, one of another organization, one
/// that was revoked, one that has expired, and a device token.
// ORG-06, ORG-07, ORG-14, ORG-15, CON-21
#[tokio::test]
async fn machines_may_do_what_names_them_and_nothing_else() {
    let app = TestApp::start().await;
    app.recorder().await;
    let (organization, other) = (app.organization().await, app.organization().await);
    app.execute("update organizations set settings = settings || '{\"allow_guests\": true}'").await;
    let callers = Callers::of(&organization, &other).await;
    let (table, scoped) = (rows(TABLE), rows(SCOPED));
    let (full, _) = service_access::key(&app, &organization, &service_access::SCOPES).await;
    let (foreign, _) = service_access::key(&app, &other, &service_access::SCOPES).await;
    let (device, _) = service_access::device(&app, &organization).await;
    let (revoked, revoked_id) = service_access::key(&app, &organization, &service_access::SCOPES).await;
    organization.admin.delete(&organization.path(&format!("/api-keys/{revoked_id}"))).await.is(204);
    let (expired, expired_id) = service_access::key(&app, &organization, &service_access::SCOPES).await;
    let end = json!({"expires_at": app.clock.now() + chrono::Duration::milliseconds(1)});
    organization.admin.patch(&organization.path(&format!("/api-keys/{expired_id}")), end).await.is(200);
    app.pass(chrono::Duration::milliseconds(1));
    let faults = at_once(SPEC.operations(), async |number, operation| {
        let mut faults = String::new();
        let path = operation.path.trim_start_matches("/api/v1").to_owned();
        let name = format!("{} {path}", operation.method);
        let row = table.iter().find(|row| row[0] == operation.method && row[1] == path);
        // What nobody has to prove anything for does not look at credentials.
        if row.is_none_or(|row| row[2] != "401" || path.starts_with("/auth/")) {
            return faults;
        }
        let entry = scoped.iter().find(|row| row[0] == operation.method && row[1] == path);
        let wrong: Vec<&str> = service_access::SCOPES
            .into_iter()
            .filter(|scope| entry.is_none_or(|row| row[2] != *scope))
            .collect();
        let (without, _) = service_access::key(&app, &organization, &wrong).await;
        let names_org = path.starts_with("/organizations/") || path.contains("{id}");
        let with = entry.map_or("403", |row| row[3]);
        let elsewhere = match entry {
            Some(_) if names_org => "404",
            _ => with,
        };
        let of_device = if DEVICES.contains(&name.as_str()) { "ok" } else { "403" };
        for (who, api, expected) in [
            ("a key without the scope", &without, "403"),
            ("a key of another organization", &foreign, elsewhere),
            ("a revoked key", &revoked, "401"),
            ("an expired key", &expired, "401"),
            ("a device", &device, of_device),
            ("a key with the scope", &full, with),
        ] {
            let cell = cell(&app, &organization, &callers, &path).await;
            let body = body(&name, &cell.target.id, 100_000 + number);
            let (status, _) = call(api, &operation, &cell.address(&path, &organization), &body).await;
            if !fits(expected, status) {
                let _ = writeln!(faults, "{name} as {who}: {status} where {expected} is right");
            }
        }
        faults
    })
    .await;
    let mut faults = faults.concat();
    for row in &scoped {
        let known = table.iter().any(|it| it[..2] == row[..2]);
        if !known {
            let _ = writeln!(faults, "{} {} is not in the table", row[0], row[1]);
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}
