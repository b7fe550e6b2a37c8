//! Endpoints of contacts. Members see them; keeping them needs `contacts.manage`.

use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    ids::{ContactGroupId, ContactId, OrganizationId, UserId},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    rules::{self, LONGEST_COMPANY, LONGEST_NAME, LONGEST_NOTES, is_phone},
    store,
};
use crate::{
    access::{caller::Caller, policy::Permission},
    accounts::is_email,
    app::App,
    http::{Checks, Json, Listing, PageQuery, Path, Problem, Query, Result, extract::given},
    orgs::api::{member_of, require},
    table::{self, Writer},
};

/// Most contacts or groups that one call names.
pub const MOST_NAMED: usize = 1000;

/// Somebody whom an organization knows.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Contact {
    /// Their id.
    pub id: ContactId,
    /// Whose contact.
    pub organization_id: OrganizationId,
    /// Their name.
    pub name: String,
    /// Their e-mail address.
    pub email: Option<String>,
    /// Their phone number.
    pub phone: Option<String>,
    /// Where they work.
    pub company: String,
    /// What is to be known of them.
    pub notes: String,
    /// The groups they are in, by name.
    pub groups: Vec<GroupBrief>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A group in short.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct GroupBrief {
    /// Its id.
    pub id: ContactGroupId,
    /// Its name.
    pub name: String,
}

/// Which contacts.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ContactFilter {
    /// Part of a name, an address, a number or a company.
    pub q: Option<String>,
    /// Those of one group.
    pub group_id: Option<ContactGroupId>,
    /// Items at most, 1 to 200; 50 when absent.
    pub limit: Option<i64>,
    /// Where the page before ended: its `next_cursor`.
    pub cursor: Option<String>,
}

/// Contacts by name.
#[utoipa::path(get, path = "/organizations/{org}/contacts", tag = "contacts", params(("org" = OrganizationId, Path), ContactFilter),
    responses((status = 200, body = Listing<Contact>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Query(filter): Query<ContactFilter>,
) -> Result<Json<Listing<Contact>>> {
    let page = PageQuery { limit: filter.limit, cursor: filter.cursor };
    let (limit, after) = (page.limit()?, page.after()?);
    let mut tx = app.begin(&caller).await?;
    member_of(&mut tx, &caller, org).await?;
    let q = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
    let found = store::list(&mut tx, org, q, filter.group_id, after, limit + 1).await?;
    Ok(Json(Listing::from_one_more(found, limit, |contact| (contact.name.clone(), contact.id))))
}

/// A new contact.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewContact {
    /// Name, 1 to 200 characters.
    pub name: String,
    /// E-mail address; without one there must be a phone number.
    #[serde(default)]
    pub email: Option<String>,
    /// Phone number.
    #[serde(default)]
    pub phone: Option<String>,
    /// Where they work.
    #[serde(default)]
    pub company: String,
    /// What is to be known of them.
    #[serde(default)]
    pub notes: String,
    /// Groups to put them into.
    #[serde(default)]
    pub group_ids: Vec<ContactGroupId>,
}

/// Adds a contact. Needs `contacts.manage`.
#[utoipa::path(post, path = "/organizations/{org}/contacts", tag = "contacts", params(("org" = OrganizationId, Path)),
    request_body = NewContact,
    responses((status = 201, body = Contact), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Json(body): Json<NewContact>,
) -> Result<(StatusCode, Json<Contact>)> {
    let mut tx = app.begin(&caller).await?;
    require(&mut tx, &caller, org, Permission::ContactsManage).await?;
    let fields = Fields {
        name: body.name.trim().to_owned(),
        email: said(body.email),
        phone: said(body.phone),
        company: body.company.trim().to_owned(),
        notes: body.notes,
    };
    fields.check()?;
    let id = ContactId::new(app.clock.now());
    store::create(&mut tx, org, id, &fields, caller.user_id).await?;
    require_groups(&mut tx, org, &body.group_ids, "/group_ids").await?;
    store::join_groups(&mut tx, org, id, &body.group_ids, caller.user_id).await?;
    let made = store::find(&mut tx, id).await?.ok_or_else(no_contact)?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// One contact.
#[utoipa::path(get, path = "/contacts/{id}", tag = "contacts", params(("id" = ContactId, Path)),
    responses((status = 200, body = Contact), (status = 404, body = Problem)))]
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ContactId>,
) -> Result<Json<Contact>> {
    let mut tx = app.begin(&caller).await?;
    store::find(&mut tx, id).await?.map(Json).ok_or_else(no_contact)
}

/// What changes a contact; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct ContactChange {
    /// Name, 1 to 200 characters.
    pub name: Option<String>,
    /// E-mail address; `null` takes it away.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub email: Option<Option<String>>,
    /// Phone number; `null` takes it away.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub phone: Option<Option<String>>,
    /// Where they work.
    pub company: Option<String>,
    /// What is to be known of them.
    pub notes: Option<String>,
    /// All groups they are in.
    pub group_ids: Option<Vec<ContactGroupId>>,
}

/// Changes a contact. Needs `contacts.manage`.
#[utoipa::path(patch, path = "/contacts/{id}", tag = "contacts", params(("id" = ContactId, Path)), request_body = ContactChange,
    responses((status = 200, body = Contact), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ContactId>,
    Json(body): Json<ContactChange>,
) -> Result<Json<Contact>> {
    let mut tx = app.begin(&caller).await?;
    let before = store::find(&mut tx, id).await?.ok_or_else(no_contact)?;
    let org = before.organization_id;
    require(&mut tx, &caller, org, Permission::ContactsManage).await?;
    let fields = Fields {
        name: body.name.map_or(before.name, |name| name.trim().to_owned()),
        email: body.email.map_or(before.email, said),
        phone: body.phone.map_or(before.phone, said),
        company: body.company.map_or(before.company, |company| company.trim().to_owned()),
        notes: body.notes.unwrap_or(before.notes),
    };
    fields.check()?;
    store::change(&mut tx, id, &fields, caller.user_id).await?;
    if let Some(groups) = &body.group_ids {
        require_groups(&mut tx, org, groups, "/group_ids").await?;
        store::leave_groups(&mut tx, id, groups).await?;
        store::join_groups(&mut tx, org, id, groups, caller.user_id).await?;
    }
    let changed = store::find(&mut tx, id).await?.ok_or_else(no_contact)?;
    tx.commit().await?;
    Ok(Json(changed))
}

/// Deletes a contact. Needs `contacts.manage`.
#[utoipa::path(delete, path = "/contacts/{id}", tag = "contacts", params(("id" = ContactId, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn delete(State(app): State<App>, caller: Caller, Path(id): Path<ContactId>) -> Result<StatusCode> {
    let mut tx = app.begin(&caller).await?;
    let contact = store::find(&mut tx, id).await?.ok_or_else(no_contact)?;
    require(&mut tx, &caller, contact.organization_id, Permission::ContactsManage).await?;
    store::delete(&mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All contacts as a table for spreadsheets; it can be imported again.
#[utoipa::path(get, path = "/organizations/{org}/contacts.csv", tag = "contacts", params(("org" = OrganizationId, Path)),
    responses((status = 200, content_type = "text/csv"), (status = 404, body = Problem)))]
pub async fn export(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
) -> Result<Response> {
    let mut tx = app.begin(&caller).await?;
    member_of(&mut tx, &caller, org).await?;
    let contacts = store::list(&mut tx, org, None, None, None, i64::MAX).await?;
    drop(tx);
    let table = table(&contacts).map_err(Problem::internal)?;
    Ok(table::download("contacts", table))
}

fn table(contacts: &[Contact]) -> anyhow::Result<Vec<u8>> {
    let mut table = Writer::new(&["name", "email", "phone", "company", "notes", "groups"])?;
    for contact in contacts {
        let groups: Vec<&str> = contact.groups.iter().map(|group| group.name.as_str()).collect();
        table.line([
            contact.name.as_str(),
            contact.email.as_deref().unwrap_or_default(),
            contact.phone.as_deref().unwrap_or_default(),
            &contact.company,
            &contact.notes,
            &groups.join("|"),
        ])?;
    }
    table.finish()
}

/// Whom somebody wants to ask to come.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct AttendeeWish {
    /// Addresses as they are typed: separated by commas, at most 20,000 characters.
    pub emails: String,
    /// Contacts.
    pub contact_ids: Vec<ContactId>,
    /// Groups of contacts.
    pub contact_group_ids: Vec<ContactGroupId>,
}

/// Somebody who can be asked to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attendee {
    /// E-mail address.
    pub email: String,
    /// Name; the address when nobody knows it.
    pub name: String,
    /// The contact, when it is one.
    pub contact_id: Option<ContactId>,
    /// The member, when it is one.
    pub user_id: Option<UserId>,
}

/// Whom it comes to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Attendees {
    /// Everybody once, by name.
    pub items: Vec<Attendee>,
    /// Contacts who have no e-mail address.
    pub unreachable: Vec<ContactId>,
}

/// Whom a choice of contacts, groups and typed addresses comes to: groups are expanded, everybody is named once, and
/// members are told from outsiders. Nothing is stored. Members may.
#[utoipa::path(post, path = "/organizations/{org}/attendees", tag = "contacts", params(("org" = OrganizationId, Path)),
    request_body = AttendeeWish,
    responses((status = 200, body = Attendees), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn attendees(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrganizationId>,
    Json(body): Json<AttendeeWish>,
) -> Result<Json<Attendees>> {
    let mut tx = app.begin(&caller).await?;
    member_of(&mut tx, &caller, org).await?;
    let (typed, bad) = rules::addresses(&body.emails);
    let mut checks = Checks::default();
    checks.text(&body.emails, "/emails", 0..=20_000);
    for address in &bad {
        let shown: String = address.chars().take(60).collect();
        checks.require(false, "/emails", "INVALID_EMAIL", &format!("This is not an e-mail address: {shown}"));
    }
    for (count, pointer) in
        [(body.contact_ids.len(), "/contact_ids"), (body.contact_group_ids.len(), "/contact_group_ids")]
    {
        checks.require(count <= MOST_NAMED, pointer, "TOO_LONG", "These are too many for one call.");
    }
    checks.done()?;
    require_groups(&mut tx, org, &body.contact_group_ids, "/contact_group_ids").await?;
    require_contacts(&mut tx, org, &body.contact_ids).await?;
    let (items, unreachable) =
        store::attendees(&mut tx, org, &typed, &body.contact_ids, &body.contact_group_ids).await?;
    Ok(Json(Attendees { items, unreachable }))
}

/// Everybody whom these addresses and groups come to, once and by name; contacts without an address are left out.
///
/// # Errors
/// 422 with a pointer into `/contact_group_ids` when there is no such group.
pub async fn expand(
    tx: &mut Tx,
    org: OrganizationId,
    emails: &[String],
    groups: &[ContactGroupId],
) -> Result<Vec<Attendee>> {
    require_groups(tx, org, groups, "/contact_group_ids").await?;
    Ok(store::attendees(tx, org, emails, &[], groups).await?.0)
}

/// What a contact is made of.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    pub name: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub company: String,
    pub notes: String,
}

impl Fields {
    fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        checks
            .text(&self.name, "/name", 1..=LONGEST_NAME)
            .text(&self.company, "/company", 0..=LONGEST_COMPANY)
            .text(&self.notes, "/notes", 0..=LONGEST_NOTES);
        let plain = |text: &str| !text.chars().any(char::is_control);
        checks.require(
            plain(&self.name),
            "/name",
            "INVALID",
            "The name contains a character that cannot be shown.",
        );
        checks.require(
            plain(&self.company),
            "/company",
            "INVALID",
            "The company contains a character that cannot be shown.",
        );
        let email = self.email.as_deref().is_none_or(is_email);
        checks.require(email, "/email", "INVALID_EMAIL", "This is not an e-mail address.");
        let phone = self.phone.as_deref().is_none_or(is_phone);
        checks.require(phone, "/phone", "INVALID_PHONE", "This is not a phone number.");
        let reachable = self.email.is_some() || self.phone.is_some();
        checks.require(reachable, "/email", "REQUIRED", "Please give an e-mail address or a phone number.");
        checks.done()
    }
}

/// What was given, unless it is empty.
fn said(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Requires that all these groups are the organization's.
pub(super) async fn require_groups(
    tx: &mut Tx,
    org: OrganizationId,
    groups: &[ContactGroupId],
    pointer: &str,
) -> Result<()> {
    let known = store::known_groups(tx, org, groups).await?;
    let stranger = groups.iter().position(|group| !known.contains(group));
    stranger.map_or(Ok(()), |index| {
        Err(Problem::invalid_field(format!("{pointer}/{index}"), "UNKNOWN_GROUP", "There is no such group."))
    })
}

/// Requires that all these contacts are the organization's.
pub(super) async fn require_contacts(tx: &mut Tx, org: OrganizationId, contacts: &[ContactId]) -> Result<()> {
    let known = store::known_contacts(tx, org, contacts).await?;
    let stranger = contacts.iter().position(|contact| !known.contains(contact));
    stranger.map_or(Ok(()), |index| {
        let pointer = format!("/contact_ids/{index}");
        Err(Problem::invalid_field(pointer, "UNKNOWN_CONTACT", "There is no such contact."))
    })
}

fn no_contact() -> Problem {
    Problem::not_found("contact")
}
