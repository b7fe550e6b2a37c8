//! Endpoints of the door. Host and co-hosts may, before the meeting and while it goes on.

use axum::{extract::State, response::Response};
use kernel::{db::Actor, ids::MeetingId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::store;
use crate::{
    access::{
        caller::Caller,
        policy::{Action, Field, OrgRole},
    },
    app::App,
    http::{Checks, Conditions, Json, Path, Problem, Result, Tagged},
    meetings::{
        self,
        api::{not_found, require},
    },
    orgs::api::require_open,
    participants,
};

/// Most characters of what is said to those who wait.
const LONGEST_MESSAGE: usize = 500;

/// Who comes into a meeting by themselves, and who waits for whom. The host and co-hosts never wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Door {
    /// Whether joiners wait until they are let in.
    pub require_approval: bool,
    /// Members with these roles need not wait to be let in.
    pub auto_admit: Vec<OrgRole>,
    /// Whether nobody comes in before the host or a co-host is there.
    pub wait_for_host: bool,
    /// Whether nobody comes in any more, but who was in the room when it was locked and who was let in since.
    pub locked: bool,
    /// What is said to those who wait; may be empty.
    pub message: String,
}

/// What changes at the door; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct DoorChange {
    /// Whether joiners wait until they are let in. Whoever waits comes in when they no longer have to.
    #[serde(default)]
    pub require_approval: Option<bool>,
    /// Roles whose members need not wait to be let in.
    #[serde(default)]
    pub auto_admit: Option<Vec<OrgRole>>,
    /// Whether nobody comes in before the host or a co-host is there.
    #[serde(default)]
    pub wait_for_host: Option<bool>,
    /// Locks the room, or opens it again.
    #[serde(default)]
    pub locked: Option<bool>,
    /// What is said to those who wait, at most 500 characters.
    #[serde(default)]
    pub message: Option<String>,
}

impl Door {
    /// The door after a change; roles are named once, in their order.
    fn changed(self, change: DoorChange) -> Self {
        let mut auto_admit = change.auto_admit.unwrap_or(self.auto_admit);
        auto_admit.sort_unstable();
        auto_admit.dedup();
        Self {
            require_approval: change.require_approval.unwrap_or(self.require_approval),
            auto_admit,
            wait_for_host: change.wait_for_host.unwrap_or(self.wait_for_host),
            locked: change.locked.unwrap_or(self.locked),
            message: change.message.map_or(self.message, |message| message.trim().to_owned()),
        }
    }
}

/// The door of a meeting. Host and co-hosts see it.
#[utoipa::path(get, path = "/meetings/{id}/door", tag = "participants", operation_id = "door", params(("id" = MeetingId, Path)),
    responses((status = 200, body = Door), (status = 304), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    conditions: Conditions,
    Path(id): Path<MeetingId>,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, id, Action::Moderate).await?;
    let door = store::read(&mut tx, id).await?.ok_or_else(not_found)?;
    conditions.answer(&door)
}

/// Changes the door: it takes effect with the next who asks to enter. Host and co-hosts may.
#[utoipa::path(patch, path = "/meetings/{id}/door", tag = "participants", operation_id = "change_door", params(("id" = MeetingId, Path)),
    request_body = DoorChange,
    responses((status = 200, body = Door), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    conditions: Conditions,
    Path(id): Path<MeetingId>,
    Json(body): Json<DoorChange>,
) -> Result<Tagged<Door>> {
    let mut checks = Checks::default();
    checks.text(body.message.as_deref().unwrap_or_default(), "/message", 0..=LONGEST_MESSAGE);
    checks.done()?;
    let mut tx = app.begin(&caller).await?;
    let standing = require(&mut tx, &caller, id, Action::Moderate).await?;
    require_open(standing.member, [(Field::MeetingRequireApproval, body.require_approval.is_some())])?;
    meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    let door = store::read(&mut tx, id).await?.ok_or_else(not_found)?;
    conditions.unchanged(&door)?;
    let changed = door.clone().changed(body);
    if changed != door {
        store::save(&mut tx, id, &changed, app.clock.now(), caller.user_id).await?;
        participants::emit(&mut tx, id, "door.changed", &serde_json::json!(changed)).await?;
        tx.commit().await?;
    }
    Ok(Tagged(changed))
}

/// How many were let in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Admitted {
    /// Who waited until now.
    pub admitted: usize,
}

/// Lets everybody in who waits. Host and co-hosts may.
#[utoipa::path(post, path = "/meetings/{id}/lobby/admit-all", tag = "participants", operation_id = "admit_all",
    params(("id" = MeetingId, Path)),
    responses((status = 200, body = Admitted), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn admit_all(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MeetingId>,
) -> Result<Json<Admitted>> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, id, Action::Moderate).await?;
    meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    let people = store::admit_all(&mut tx, id, app.clock.now(), caller.user_id).await?;
    tx.act_for(Actor::System).await?;
    participants::announce_all(&mut tx, id, &people).await?;
    tx.commit().await?;
    Ok(Json(Admitted { admitted: people.len() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_stays_and_roles_are_named_once() {
        let door = Door {
            require_approval: true,
            auto_admit: vec![OrgRole::Admin],
            wait_for_host: false,
            locked: true,
            message: "Soon".into(),
        };
        assert_eq!(door.clone().changed(DoorChange::default()), door);
        let roles = vec![OrgRole::Member, OrgRole::Admin, OrgRole::Member];
        let change =
            DoorChange { auto_admit: Some(roles), message: Some(" Later ".into()), ..DoorChange::default() };
        let changed = door.clone().changed(change);
        assert_eq!(changed.auto_admit, [OrgRole::Admin, OrgRole::Member]);
        assert_eq!(changed.message, "Later");
        assert_eq!((changed.require_approval, changed.locked), (door.require_approval, door.locked));
    }
}
