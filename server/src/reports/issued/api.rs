//! Endpoints of a meeting's report as a file, and of its proof.

use axum::{extract::State, response::Response};
use chrono::{DateTime, SubsecRound, Utc};
use kernel::ids::{MeetingId, ReportId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    model::{LedgerState, Proof, Record, ReportMatch, Sheet},
    pdf, store, xlsx,
};
use crate::{
    access::{Caller, Scoped, scope},
    app::App,
    attendance,
    http::{Json, Path, Problem, Result},
    seals::{
        self,
        model::{Hash, Head},
    },
    table,
};

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
    let file = issue(&app, &caller, id, xlsx::write).await?;
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok(table::file(kind, &format!("attendance-{id}.xlsx"), file))
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
    let file = issue(&app, &caller, id, pdf::write).await?;
    Ok(table::file("application/pdf", &format!("attendance-{id}.pdf"), file))
}

/// Issues a report: as the file that `write` makes of it.
async fn issue(
    app: &App,
    caller: &Caller,
    id: MeetingId,
    write: fn(&Sheet, &Proof) -> anyhow::Result<Vec<u8>>,
) -> Result<Vec<u8>> {
    // 1. What it rests on is sealed first, as far as it is not.
    seals::seal::catch_up(app).await.map_err(Problem::internal)?;
    let (sheet, record, seal) = load(app, caller, id).await?;
    // 2. Its code, and the file. That takes a while for thousands of people: not on a thread that answers requests.
    let report = ReportId::new(sheet.issued_at);
    let code = sheet.code(report, id, &record).map_err(Problem::internal)?;
    let link = format!("{}/reports/verify/{code}", app.config.server.public_url);
    let proof = Proof { id: report, code, link, seal };
    let (organization, at) = (sheet.facts.organization, sheet.issued_at);
    let written = tokio::task::spawn_blocking(move || anyhow::Ok((write(&sheet, &proof)?, proof)));
    let (file, proof) = written.await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    // 3. That it was issued.
    let mut tx = app.begin_system().await?;
    let hash = Hash::of_file(&file);
    let issue = store::Issue { organization, meeting: id, proof: &proof, file: hash, record: &record, at };
    store::issue(&mut tx, issue).await?;
    tx.commit().await?;
    Ok(file)
}

/// What a report says, and what it rests on, as of one moment.
async fn load(app: &App, caller: &Caller, id: MeetingId) -> Result<(Sheet, Record, Option<Head>)> {
    let mut tx = app.begin(caller).await?;
    seals::freeze(&mut tx).await?;
    // The database keeps microseconds.
    let issued_at = app.clock.now().trunc_subsecs(6);
    let attendance = attendance::api::load(&mut tx, caller, id, issued_at).await?;
    let facts = store::facts(&mut tx, id).await?;
    let language = store::language(&mut tx, caller.user_id).await?;
    let record = store::record(&mut tx, id).await?;
    let seal = seals::head(&mut tx, facts.organization.0).await?.map(|(head, _)| head);
    Ok((Sheet { facts, attendance, issued_at, language }, record, seal))
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
