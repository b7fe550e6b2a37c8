//! People, organizations and meetings in few words.

use chrono::{DateTime, Duration, Utc};
use kernel::ids::{OrganizationId, SessionId, UserId};
use serde_json::{Value, json};

use crate::{
    api::{Api, Bearer},
    app::TestApp,
};

/// Somebody who is signed in. All calls of [`Api`] can be made as them.
#[derive(Clone)]
pub struct Person {
    /// Their id, as text.
    pub id: String,
    /// Their name.
    pub name: String,
    /// Their e-mail address.
    pub email: String,
    /// What they call with.
    pub api: Api,
}

impl std::ops::Deref for Person {
    type Target = Api;
    fn deref(&self) -> &Api {
        &self.api
    }
}

impl Person {
    /// Makes an account that is signed in and belongs to no organization. Its password is unknown, to save the time of
    /// hashing one; tests of passwords go through the API.
    pub async fn create(app: &TestApp) -> Self {
        let now = app.clock.now();
        let user = UserId::new(now);
        let number = app.next();
        let (name, email) = (format!("Person {number}"), format!("person{number}@example.test"));
        let mut tx = app.app.begin_system().await.expect("the database answers");
        server::accounts::create_person(&mut tx, user, &email, &name, None, None).await.expect("an account");
        let session = SessionId::new(now);
        sqlx::query("insert into sessions (id, user_id, expires_at) values ($1, $2, '2100-01-01')")
            .bind(session.0)
            .bind(user.0)
            .execute(&mut *tx)
            .await
            .expect("a session");
        tx.commit().await.expect("committed");
        let bearer = Bearer::SignIn(app.app.clone(), user, session);
        Self { id: user.to_string(), name, email, api: Api { bearer, ..app.api.clone() } }
    }

    /// Their id.
    pub fn user_id(&self) -> UserId {
        self.id.parse().expect("an id")
    }

    /// Asks to join a meeting.
    pub async fn join(&self, meeting: &Meeting) -> crate::Answer {
        self.post(&format!("/meetings/{}/join", meeting.id), json!({})).await
    }
}

/// An organization.
pub struct Organization<'a> {
    /// Its id, as text.
    pub id: String,
    /// Its admin.
    pub admin: Person,
    app: &'a TestApp,
}

impl<'a> Organization<'a> {
    pub(crate) async fn create(app: &'a TestApp) -> Self {
        let admin = Person::create(app).await;
        let id = OrganizationId::new(app.clock.now());
        let mut tx = app.app.begin_system().await.expect("the database answers");
        let name = format!("Organization {}", app.next());
        server::orgs::create(&mut tx, id, &name, None, admin.user_id()).await.expect("an organization");
        tx.commit().await.expect("committed");
        Self { id: id.to_string(), admin, app }
    }

    /// Makes somebody who is a member with `role`.
    pub async fn member(&self, role: &str) -> Person {
        let person = Person::create(self.app).await;
        self.add(&person, role).await;
        person
    }

    /// Makes somebody a member with `role`.
    pub async fn add(&self, person: &Person, role: &str) {
        sqlx::query("insert into organization_members (organization_id, user_id, role) values ($1::uuid, $2::uuid, $3::org_role)")
            .bind(self.id.parse::<uuid::Uuid>().expect("an id"))
            .bind(person.user_id().0)
            .bind(role)
            .execute(&mut self.app.database().await)
            .await
            .expect("a membership");
    }

    /// A path below this organization.
    pub fn path(&self, rest: &str) -> String {
        format!("/organizations/{}{rest}", self.id)
    }

    /// A meeting of the admin, from now for an hour, unless told otherwise.
    pub fn meeting(&self) -> MeetingBuilder<'_> {
        let start = self.app.clock.now();
        let body = json!({
            "title": "Weekly", "scheduled_start": start, "scheduled_end": start + Duration::hours(1), "participants": [],
        });
        MeetingBuilder { organization: self, host: self.admin.clone(), body }
    }
}

/// A meeting that is being planned.
pub struct MeetingBuilder<'a> {
    organization: &'a Organization<'a>,
    host: Person,
    body: Value,
}

impl MeetingBuilder<'_> {
    /// Who makes and hosts it; an officer.
    pub fn host(mut self, host: &Person) -> Self {
        self.host = host.clone();
        self
    }

    /// Somebody to invite.
    pub fn invite(mut self, person: &Person) -> Self {
        self.body["participants"].as_array_mut().expect("a list").push(person.id.clone().into());
        self
    }

    /// `audio`, `video` or `screen_share`.
    pub fn kind(self, kind: &str) -> Self {
        self.set("meeting_type", kind)
    }

    /// From when to when.
    pub fn between(self, start: DateTime<Utc>, end: Option<DateTime<Utc>>) -> Self {
        self.set("scheduled_start", json!(start)).set("scheduled_end", json!(end))
    }

    /// Any field of the body.
    pub fn set(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.body[field] = value.into();
        self
    }

    /// Schedules it.
    pub async fn create(self) -> Meeting {
        let made = self.host.post(&self.organization.path("/meetings"), self.body).await.is(201);
        Meeting::of(made)
    }
}

/// A meeting that stands.
#[derive(Debug, Clone)]
pub struct Meeting {
    /// Its id, as text.
    pub id: String,
    /// The name of its room.
    pub room: String,
    /// As its host saw it when it was made.
    pub json: Value,
}

impl Meeting {
    /// From the API's words.
    pub fn of(json: Value) -> Self {
        let text =
            |field: &str| json[field].as_str().unwrap_or_else(|| panic!("no {field} in {json}")).to_owned();
        Self { id: text("id"), room: text("room_name"), json }
    }

    /// A path below this meeting.
    pub fn path(&self, rest: &str) -> String {
        format!("/meetings/{}{rest}", self.id)
    }
}
