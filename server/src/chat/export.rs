//! The chat of a meeting as a file: what everybody saw, and for the host and officers what stood there before.

use std::collections::HashMap;

use axum::{extract::State, response::Response};
use kernel::ids::MeetingId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, Filter, Message, Version};
use crate::{
    access::{
        Caller,
        guest::Attending,
        policy::{Action, Standing},
    },
    app::App,
    audit::{self, Event},
    http::{Listing, Path, Problem, Result},
    meetings::api::require,
    room,
    table::{self, time, word},
};

/// Messages read at once.
const PAGE: i64 = 500;

/// A message in the record.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordedMessage {
    /// As it stands now.
    #[serde(flatten)]
    pub message: Message,
    /// What stood there before, the oldest first. Left out for whoever is neither host nor officer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub versions: Option<Vec<Version>>,
}

/// The whole chat as JSON, oldest first: `items` as the list has them, with their versions. Members who take part may
/// have it; the host and officers among them see what stood in messages before they were changed. It is sent as it is
/// read; what goes wrong on the way breaks it off.
#[utoipa::path(get, path = "/meetings/{id}/chat.json", tag = "chat", params(("id" = MeetingId, Path)),
    responses((status = 200, body = Listing<RecordedMessage>), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn json(State(app): State<App>, caller: Caller, Path(id): Path<MeetingId>) -> Result<Response> {
    begin(&app, &caller, id).await?;
    let body = table::pages(move |after| {
        let app = app.clone();
        async move {
            let (items, end) = page(&app, &caller, id, after).await?;
            let items: Vec<String> =
                items.iter().map(serde_json::to_string).collect::<serde_json::Result<_>>()?;
            let head = match after {
                None => "{\"items\": [\n",
                Some(_) if items.is_empty() => "",
                Some(_) => ",\n",
            };
            let foot = if end.is_none() { "\n], \"next_cursor\": null}\n" } else { "" };
            Ok((format!("{head}{}{foot}", items.join(",\n")).into_bytes(), end))
        }
    });
    Ok(table::file("application/json", &format!("chat-{id}.json"), body))
}

const COLUMNS: [&str; 14] = [
    "created_at",
    "sender_name",
    "sender_id",
    "is_guest",
    "type",
    "content",
    "question",
    "mentions",
    "reply_to",
    "state",
    "changed_at",
    "changed_by",
    "version",
    "id",
];

/// The same as a table for spreadsheets. What stood in a message before has lines of its own before it.
#[utoipa::path(get, path = "/meetings/{id}/chat.csv", tag = "chat", params(("id" = MeetingId, Path)),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 403, body = Problem),
              (status = 404, body = Problem)))]
pub async fn csv(State(app): State<App>, caller: Caller, Path(id): Path<MeetingId>) -> Result<Response> {
    begin(&app, &caller, id).await?;
    let body = table::streamed(&COLUMNS, move |after| {
        let app = app.clone();
        async move {
            let (items, end) = page(&app, &caller, id, after).await?;
            let lines = items.iter().map(lines).collect::<serde_json::Result<Vec<_>>>()?;
            Ok((lines.into_iter().flatten().collect(), end))
        }
    });
    Ok(table::download(&format!("chat-{id}"), body))
}

/// Requires that somebody may have the chat, and writes down that they took it.
async fn begin(app: &App, caller: &Caller, id: MeetingId) -> Result<()> {
    let mut tx = app.begin(caller).await?;
    room::require_follower(&mut tx, &Attending::Person(*caller), id).await?;
    let organization = Some(store::organization(&mut tx, id).await?);
    let entity = ("meeting", Some(id.0));
    let event = Event { organization, meeting: Some(id), action: "chat.exported", entity, data: None };
    audit::record(&mut tx, event).await?;
    tx.commit().await?;
    Ok(())
}

/// A page of the record behind a number, and the number where it ended unless it was the last. In a transaction of its
/// own, so that a slow reader holds none, and whoever was sent out meanwhile gets no more.
async fn page(
    app: &App,
    caller: &Caller,
    id: MeetingId,
    after: Option<i64>,
) -> anyhow::Result<(Vec<RecordedMessage>, Option<i64>)> {
    let told = |problem: Problem| anyhow::anyhow!(problem.detail);
    let mut tx = app.begin(caller).await.map_err(told)?;
    room::require_follower(&mut tx, &Attending::Person(*caller), id).await.map_err(told)?;
    let standing: Standing = require(&mut tx, caller, id, Action::Chat).await.map_err(told)?;
    let found = store::list(&mut tx, id, caller.user_id.0, &Filter::default(), after, PAGE).await?;
    let end = found.last().filter(|_| found.len() == usize::try_from(PAGE).unwrap_or(0)).map(|(seq, _)| *seq);
    let mut versions = None;
    if standing.may(Action::SeeAttendance) {
        let changed = found.iter().filter(|(_, it)| it.edited_at.is_some() || it.deleted_at.is_some());
        let changed: Vec<Uuid> = changed.map(|(_, message)| message.id.0).collect();
        let mut of: HashMap<Uuid, Vec<Version>> = HashMap::new();
        for (message, version) in store::versions(&mut tx, &changed).await? {
            of.entry(message).or_default().push(version);
        }
        versions = Some(of);
    }
    let items = found.into_iter().map(|(_, message)| {
        let versions = versions.as_mut().map(|of| of.remove(&message.id.0).unwrap_or_default());
        RecordedMessage { message, versions }
    });
    Ok((items.collect(), end))
}

/// What stood in a message, a line each, and at the end what stands there now.
fn lines(item: &RecordedMessage) -> serde_json::Result<Vec<Vec<String>>> {
    let message = &item.message;
    let sender = message.sender.as_ref();
    let ids =
        |ids: &mut dyn Iterator<Item = Uuid>| ids.map(|id| id.to_string()).collect::<Vec<_>>().join(" ");
    let kind = word(message.kind)?;
    let question = message.metadata.get("question").and_then(serde_json::Value::as_str).unwrap_or_default();
    let line = |content: &str, mentions: String, state: [String; 4]| -> Vec<String> {
        let [state, changed_at, changed_by, version] = state;
        vec![
            time(Some(message.created_at)),
            sender.map(|it| it.name.clone()).unwrap_or_default(),
            sender.map(|it| it.id.to_string()).unwrap_or_default(),
            sender.is_some_and(|it| it.is_guest).to_string(),
            kind.clone(),
            content.to_owned(),
            question.to_owned(),
            mentions,
            message.reply_to.map(|id| id.to_string()).unwrap_or_default(),
            state,
            changed_at,
            changed_by,
            version,
            message.id.to_string(),
        ]
    };
    let former = item.versions.as_deref().unwrap_or_default();
    let mut lines = Vec::with_capacity(former.len() + 1);
    for (number, version) in former.iter().enumerate() {
        let changed = [
            "former".to_owned(),
            time(Some(version.changed_at)),
            version.changed_by.to_string(),
            (number + 1).to_string(),
        ];
        lines.push(line(&version.content, ids(&mut version.mentions.iter().copied()), changed));
    }
    let state = if message.deleted_at.is_some() { "deleted" } else { "current" };
    let now = [state.to_owned(), String::new(), String::new(), (former.len() + 1).to_string()];
    lines.push(line(&message.content, ids(&mut message.mentions.iter().map(|it| it.id)), now));
    Ok(lines)
}
