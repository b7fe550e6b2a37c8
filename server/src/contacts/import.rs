//! Many contacts at once, from a table or from vCards.

use std::collections::HashMap;

use axum::extract::State;
use kernel::{
    db::Tx,
    ids::{ContactGroupId, ContactId, OrganizationId},
};

use super::{
    rules::{self, Wish},
    store,
};
use crate::{
    access::{caller::Caller, policy::Permission},
    app::App,
    http::{Json, Path, Problem, Query, Result, upload::Upload},
    orgs::{
        api::require,
        import::{ImportQuery, KINDS, LARGEST},
    },
    table::{ImportLine, ImportReport, ImportStatus, MOST_LINES, Table, Unreadable},
};

/// What a file of vCards may call itself.
const CARDS: [&str; 3] = ["text/vcard", "text/x-vcard", "text/directory"];

/// Imports contacts: a CSV table with the columns `name`, `email`, `phone`, `company`, `notes` and `groups` (separated by
/// `|`), or vCards. A contact is known by its address, or by name and number when it has none; what the file does not say
/// stays. A line that cannot be taken is reported and stops no other; the same file a second time changes nothing.
/// Needs `contacts.manage`.
#[utoipa::path(post, path = "/organizations/{org}/contacts/import", tag = "contacts",
    params(("org" = OrganizationId, Path), ImportQuery),
    request_body(content((String = "text/csv"), (String = "text/vcard"))),
    responses((status = 200, body = ImportReport), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem)))]
pub async fn import(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Query(query): Query<ImportQuery>,
    file: Upload<LARGEST>,
) -> Result<Json<ImportReport>> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, org, Permission::ContactsManage).await?;
    let (wishes, mut items) = read(&file)?;
    items.extend(apply(&app, &mut tx, &caller, org, wishes).await?);
    if !query.dry_run {
        tx.commit().await?;
    }
    Ok(Json(ImportReport::new(items, query.dry_run)))
}

/// What the file wishes, and the lines that cannot be taken.
fn read(file: &Upload<LARGEST>) -> Result<(Vec<Wish>, Vec<ImportLine>)> {
    let found = if CARDS.contains(&file.kind.as_str()) {
        // Old cards are in Latin-1; what cannot be read shows as such.
        rules::of_cards(&String::from_utf8_lossy(&file.bytes))
    } else {
        file.require_kind(&KINDS, "Contacts are CSV, as text/csv, or vCards, as text/vcard.")?;
        rules::of_table(&Table::read(&file.bytes)?).ok_or_else(|| {
            let detail = "The first line must name the columns: name, email, phone, company, notes, groups.";
            Problem::invalid_field("", "MISSING_COLUMN", detail)
        })?
    };
    if found.is_empty() {
        return Err(Unreadable::Empty.into());
    }
    if found.len() > MOST_LINES {
        return Err(Unreadable::TooLong.into());
    }
    let (mut wishes, mut failed) = (Vec::new(), Vec::new());
    for wish in found {
        match wish {
            Ok(wish) => wishes.push(wish),
            Err(line) => failed.push(line),
        }
    }
    let (wishes, others) = rules::once(wishes);
    failed.extend(others);
    Ok((wishes, failed))
}

/// Decides line by line, then writes all at once.
async fn apply(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    org: OrganizationId,
    wishes: Vec<Wish>,
) -> Result<Vec<ImportLine>> {
    let now = app.clock.now();
    store::lock(tx, org).await?;
    let known = store::known(tx, org, &wishes).await?;
    let (mut lines, mut new, mut changed, mut grouped) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (wish, known) in wishes.into_iter().zip(known) {
        let status = rules::plan(&wish, known.as_ref().map(|(_, known)| known));
        lines.push(ImportLine::new(wish.line, &wish.email, status));
        if status == ImportStatus::Unchanged {
            continue;
        }
        let id = known.map_or_else(|| ContactId::new(now), |(id, _)| id);
        grouped.extend(wish.groups.iter().map(|group| (group.to_lowercase(), id)));
        let list = if status == ImportStatus::Created { &mut new } else { &mut changed };
        list.push((id, wish));
    }
    store::create_many(tx, org, &new, caller.user_id).await?;
    store::change_many(tx, &changed, caller.user_id).await?;
    // Groups that are not there yet are made, each once.
    let mut names: HashMap<String, String> = HashMap::new();
    for group in new.iter().chain(&changed).flat_map(|(_, wish)| &wish.groups) {
        names.entry(group.to_lowercase()).or_insert_with(|| group.clone());
    }
    let named: Vec<(ContactGroupId, String)> =
        names.into_values().map(|name| (ContactGroupId::new(now), name)).collect();
    store::ensure_groups(tx, org, &named, caller.user_id).await?;
    store::join_named_groups(tx, org, &grouped, caller.user_id).await?;
    Ok(lines)
}
