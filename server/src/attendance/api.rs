//! The attendance report, for the host and for officers.

use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use kernel::{
    db::{Actor, Tx},
    ids::MeetingId,
};

use super::{
    report::{Attendance, AttendanceItem, report},
    store,
};
use crate::{
    access::{Caller, Scoped, policy::Action, scope},
    app::App,
    chat::polls,
    http::{Json, Path, Problem, Result},
    meetings::api::require,
    presence_checks,
    table::{self, Writer, time, word},
};

/// Who was there, from when to when. The host and officers see it.
#[utoipa::path(get, path = "/meetings/{id}/attendance", tag = "attendance", params(("id" = MeetingId, Path)),
    responses((status = 200, body = Attendance), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path(id): Path<MeetingId>,
) -> Result<Json<Attendance>> {
    let mut tx = app.begin(&caller).await?;
    Ok(Json(load(&mut tx, &caller, id, app.clock.now()).await?))
}

/// The same as a table for spreadsheets.
#[utoipa::path(get, path = "/meetings/{id}/attendance.csv", tag = "attendance", params(("id" = MeetingId, Path)),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 403, body = Problem),
              (status = 404, body = Problem)))]
pub async fn csv(
    State(app): State<App>,
    caller: Scoped<scope::AttendanceRead>,
    Path(id): Path<MeetingId>,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    let attendance = load(&mut tx, &caller, id, app.clock.now()).await?;
    let table = table(&attendance.items).map_err(Problem::internal)?;
    Ok(table::download(&format!("attendance-{id}"), table))
}

/// The attendance as it stands at `now`, for whoever may see it. The transaction acts for the system afterwards.
///
/// # Errors
/// 404 and 403.
pub async fn load(tx: &mut Tx, caller: &Caller, id: MeetingId, now: DateTime<Utc>) -> Result<Attendance> {
    require(tx, caller, id, Action::SeeAttendance).await?;
    let frame = store::frame(tx, id).await?;
    let checks = presence_checks::closed_ones(tx, id).await?;
    let attendees = store::attendees(tx, id, &checks).await?;
    let mut attendance = report(frame, attendees, now);
    attendance.summary.presence_checks = checks.len();
    tx.act_for(Actor::System).await?;
    attendance.polls = polls::results_of(tx, id).await?;
    Ok(attendance)
}

const COLUMNS: [&str; 17] = [
    "name",
    "status",
    "first_joined_at",
    "last_left_at",
    "duration_seconds",
    "is_late",
    "left_early",
    "messages_sent",
    "hand_raised_count",
    "speaking_seconds",
    "checks_asked",
    "checks_confirmed",
    "presence_share",
    "counts_as_present",
    "excused",
    "excuse_reason",
    "is_corrected",
];

fn table(items: &[AttendanceItem]) -> anyhow::Result<Vec<u8>> {
    let mut table = Writer::new(&COLUMNS)?;
    for item in items {
        let name = item.user.as_ref().map(|user| &user.name).or(item.guest_name.as_ref());
        table.line([
            name.map_or("", String::as_str),
            &word(item.status)?,
            &time(item.first_joined_at),
            &time(item.last_left_at),
            &format!("{:.3}", item.duration_seconds),
            &item.is_late.to_string(),
            &item.left_early.to_string(),
            &item.messages_sent.to_string(),
            &item.hand_raised_count.to_string(),
            &format!("{:.3}", item.speaking_seconds),
            &item.checks.asked.to_string(),
            &item.checks.confirmed.to_string(),
            &item.presence_share.map(|share| format!("{share:.4}")).unwrap_or_default(),
            &item.counts_as_present.to_string(),
            &item.excuse.is_some().to_string(),
            item.excuse.as_ref().map_or("", |excuse| &excuse.reason),
            &item.is_corrected().to_string(),
        ])?;
    }
    table.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        attendance::{excuses::Excuse, report::AttendeeUser},
        participants::model::ParticipantStatus,
    };

    #[test]
    fn a_name_is_no_formula_and_breaks_no_line() {
        let item = |name: &str| AttendanceItem {
            user: Some(AttendeeUser { id: kernel::ids::UserId(uuid::Uuid::nil()), name: name.into() }),
            guest_id: None,
            guest_name: None,
            status: ParticipantStatus::Invited,
            is_listed: true,
            first_joined_at: None,
            last_left_at: None,
            duration_seconds: 1.5,
            is_late: false,
            left_early: false,
            presence_share: Some(0.5),
            counts_as_present: true,
            excuse: Some(Excuse {
                reason: "=1+1".into(),
                excused_by: None,
                excused_at: chrono::DateTime::default(),
            }),
            messages_sent: 0,
            hand_raised_count: 0,
            speaking_seconds: 2.0,
            checks: presence_checks::model::CheckTally::default(),
            came_as: Vec::new(),
            spans: Vec::new(),
            struck: Vec::new(),
        };
        let table = table(&[item("=1+1"), item("O\"Neil, Ann\nB"), item("Åsa")]).expect("writes");
        let text = String::from_utf8(table).expect("UTF-8");
        let rest = ",invited,,,1.500,false,false,0,0,2.000,0,0,0.5000,true,true,'=1+1,false\n";
        assert_eq!(text, format!("{}\n'=1+1{rest}\"O\"\"Neil, Ann\nB\"{rest}Åsa{rest}", COLUMNS.join(",")));
    }
}
