//! Endpoints of reports as files, and of their proof.

use axum::{extract::State, response::Response};
use chrono::{DateTime, SubsecRound, Utc};
use kernel::{
    db::{Actor, Tx},
    ids::{MeetingId, OrganizationId, ReportId, UserId},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    model::{LedgerState, Proof, ReportMatch, Sheet, Subject},
    pdf, sheets, store, xlsx,
};
use crate::{
    access::{Caller, Scoped, scope},
    app::App,
    attendance,
    http::{Json, Path, Problem, Query, Result},
    reports::{
        self,
        api::{PeriodQuery, ReportedMeeting, figures},
        member,
        rules::{Part, member_figures},
    },
    seals::{self, model::Hash},
    table,
};

/// Most meetings that one file tells of.
const MOST_MEETINGS: i64 = 2000;

/// What a report's file is.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Workbook,
    Pdf,
}

impl Kind {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Workbook => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pdf => "application/pdf",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Workbook => "xlsx",
            Self::Pdf => "pdf",
        }
    }

    fn write(self, sheet: &Sheet, proof: &Proof) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Workbook => xlsx::write(sheet, proof),
            Self::Pdf => pdf::write(sheet, proof),
        }
    }
}

/// The attendance as a workbook: the figures, the people, and their connections. Proved as the PDF is. The host and
/// officers see it.
#[utoipa::path(get, path = "/meetings/{id}/attendance.xlsx", tag = "attendance", params(("id" = MeetingId, Path)),
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
              (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn workbook(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path(id): Path<MeetingId>,
) -> Result<Response> {
    of_meeting(&app, &caller, id, Kind::Workbook).await
}

/// The attendance as a PDF that can be proved: it bears a code and a link to the page that verifies it. The host and
/// officers see it.
#[utoipa::path(get, path = "/meetings/{id}/attendance.pdf", tag = "attendance", params(("id" = MeetingId, Path)),
    responses((status = 200, content_type = "application/pdf"), (status = 403, body = Problem),
              (status = 404, body = Problem)))]
pub async fn pdf(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path(id): Path<MeetingId>,
) -> Result<Response> {
    of_meeting(&app, &caller, id, Kind::Pdf).await
}

/// A member's attendance as a workbook that can be proved. Everybody gets their own; that of others needs
/// `attendance.view`.
#[utoipa::path(get, path = "/organizations/{org}/reports/members/{user}/meetings.xlsx", tag = "reports", operation_id = "member_workbook",
    params(("org" = OrganizationId, Path), ("user" = UserId, Path), PeriodQuery),
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn member_workbook(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path((org, user)): Path<(OrganizationId, UserId)>,
    Query(wanted): Query<PeriodQuery>,
) -> Result<Response> {
    of_member(&app, &caller, (org, user), &wanted, Kind::Workbook).await
}

/// A member's attendance as a PDF that can be proved. Everybody gets their own; that of others needs `attendance.view`.
#[utoipa::path(get, path = "/organizations/{org}/reports/members/{user}/meetings.pdf", tag = "reports", operation_id = "member_pdf",
    params(("org" = OrganizationId, Path), ("user" = UserId, Path), PeriodQuery),
    responses((status = 200, content_type = "application/pdf"), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn member_pdf(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path((org, user)): Path<(OrganizationId, UserId)>,
    Query(wanted): Query<PeriodQuery>,
) -> Result<Response> {
    of_member(&app, &caller, (org, user), &wanted, Kind::Pdf).await
}

/// An organization's meetings of a period as a workbook that can be proved, by month and one by one. Needs
/// `attendance.view`.
#[utoipa::path(get, path = "/organizations/{org}/reports/meetings.xlsx", tag = "reports", operation_id = "meetings_workbook",
    params(("org" = OrganizationId, Path), PeriodQuery),
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn meetings_workbook(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path(org): Path<OrganizationId>,
    Query(wanted): Query<PeriodQuery>,
) -> Result<Response> {
    of_organization(&app, &caller, org, &wanted, Kind::Workbook).await
}

/// An organization's meetings of a period as a PDF that can be proved, by month and one by one. Needs
/// `attendance.view`.
#[utoipa::path(get, path = "/organizations/{org}/reports/meetings.pdf", tag = "reports", operation_id = "meetings_pdf",
    params(("org" = OrganizationId, Path), PeriodQuery),
    responses((status = 200, content_type = "application/pdf"), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn meetings_pdf(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path(org): Path<OrganizationId>,
    Query(wanted): Query<PeriodQuery>,
) -> Result<Response> {
    of_organization(&app, &caller, org, &wanted, Kind::Pdf).await
}

async fn of_meeting(app: &App, caller: &Caller, id: MeetingId, kind: Kind) -> Result<Response> {
    let (mut tx, now) = begin(app, caller).await?;
    let attendance = attendance::api::load(&mut tx, caller, id, now).await?;
    let (facts, organization, zone) = store::facts(&mut tx, id).await?;
    let reader = store::reader(&mut tx, organization, caller.user_id, now).await?;
    let sheet = sheets::attendance(sheets::Reader { zone, ..reader }, facts, attendance);
    let subject = Subject { organization, meeting: Some(id), user: None, meetings: vec![id] };
    issue(app, tx, sheet, subject, kind, &format!("attendance-{id}")).await
}

async fn of_member(
    app: &App,
    caller: &Caller,
    (organization, user): (OrganizationId, UserId),
    wanted: &PeriodQuery,
    kind: Kind,
) -> Result<Response> {
    let (mut tx, now) = begin(app, caller).await?;
    let (name, period, meetings) = member::load(&mut tx, caller, (organization, user), wanted, now).await?;
    check(meetings.len())?;
    tx.act_for(Actor::System).await?;
    let reader = store::reader(&mut tx, organization, caller.user_id, now).await?;
    let summary = member_figures(meetings.iter().map(Part::from));
    let ids = meetings.iter().map(|meeting| meeting.id).collect();
    let sheet = sheets::member(reader, name, (period.from, period.to), &summary, &meetings);
    let subject = Subject { organization, meeting: None, user: Some(user), meetings: ids };
    issue(app, tx, sheet, subject, kind, &format!("attendance-{user}")).await
}

async fn of_organization(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    wanted: &PeriodQuery,
    kind: Kind,
) -> Result<Response> {
    let (mut tx, now) = begin(app, caller).await?;
    let (period, summary, months) = figures(&mut tx, caller, organization, wanted, now).await?;
    let meetings = reports::store::meetings(&mut tx, organization, period, None, MOST_MEETINGS + 1).await?;
    let meetings: Vec<ReportedMeeting> = meetings.into_iter().map(ReportedMeeting::from).collect();
    check(meetings.len())?;
    tx.act_for(Actor::System).await?;
    let reader = store::reader(&mut tx, organization, caller.user_id, now).await?;
    let ids = meetings.iter().map(|meeting| meeting.id).collect();
    let sheet = sheets::meetings(reader, (period.from, period.to), &summary, &months, &meetings);
    let subject = Subject { organization, meeting: None, user: None, meetings: ids };
    issue(app, tx, sheet, subject, kind, &format!("meetings-{organization}")).await
}

/// Seals what is not sealed yet, and begins to read as of one moment.
async fn begin(app: &App, caller: &Caller) -> Result<(Tx, DateTime<Utc>)> {
    seals::seal::catch_up(app).await.map_err(Problem::internal)?;
    let mut tx = app.begin(caller).await?;
    seals::freeze(&mut tx).await?;
    // The database keeps microseconds.
    Ok((tx, app.clock.now().trunc_subsecs(6)))
}

fn check(meetings: usize) -> Result<()> {
    if i64::try_from(meetings).is_ok_and(|meetings| meetings <= MOST_MEETINGS) {
        return Ok(());
    }
    let detail = format!("A file tells of {MOST_MEETINGS} meetings at most; please choose a shorter period.");
    Err(Problem::invalid_field("/from", "OUT_OF_RANGE", detail))
}

/// Issues a report: writes the file, and stores that it was issued. `tx` acts for the system.
async fn issue(
    app: &App,
    mut tx: Tx,
    sheet: Sheet,
    subject: Subject,
    kind: Kind,
    name: &str,
) -> Result<Response> {
    // 1. What it rests on.
    let record = store::record(&mut tx, &subject).await?;
    let seal = seals::head(&mut tx, subject.organization.0).await?.map(|(head, _)| head);
    drop(tx);
    // 2. Its code, and the file. That takes a while for thousands of lines: not on a thread that answers requests.
    let at = sheet.issued_at;
    let id = ReportId::new(at);
    let code = sheet.code(id, &record).map_err(Problem::internal)?;
    let link = format!("{}/reports/verify/{code}", app.config.server.public_url);
    let proof = Proof { id, code, link, seal };
    let written = tokio::task::spawn_blocking(move || anyhow::Ok((kind.write(&sheet, &proof)?, proof)));
    let (file, proof) = written.await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    // 3. That it was issued.
    let mut tx = app.begin_system().await?;
    let issue =
        store::Issue { subject: &subject, proof: &proof, file: Hash::of_file(&file), record: &record, at };
    store::issue(&mut tx, issue).await?;
    tx.commit().await?;
    Ok(table::file(kind.media_type(), &format!("{name}.{}", kind.ending()), file))
}

/// Whether a report is genuine, and whether the record still says what it said when the report was issued.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportProof {
    /// Whether it was issued here.
    pub genuine: bool,
    /// Whether the hash is the code printed in it, or that of the file.
    pub matches: Option<ReportMatch>,
    /// What the record says today; `null` when it was not issued here.
    pub ledger: Option<LedgerState>,
    /// When it was issued.
    pub issued_at: Option<DateTime<Utc>>,
}

/// Whether a report is genuine, by the code that is printed in it or by the SHA-256 of its file. For everybody; it names
/// nobody.
#[utoipa::path(get, path = "/reports/verify/{hash}", tag = "reports", operation_id = "verify", security(()),
    params(("hash" = String, Path, description = "64 hexadecimal digits.")),
    responses((status = 200, body = ReportProof)))]
pub async fn verify(State(app): State<App>, Path(hash): Path<String>) -> Result<Json<ReportProof>> {
    let mut issued = None;
    if let Ok(hash) = hash.parse() {
        let mut tx = app.begin_system().await?;
        issued = store::issued(&mut tx, hash).await?;
    }
    Ok(Json(ReportProof {
        genuine: issued.is_some(),
        matches: issued.as_ref().map(|issued| issued.matches),
        ledger: issued.as_ref().map(|issued| issued.ledger),
        issued_at: issued.as_ref().map(|issued| issued.issued_at),
    }))
}
