//! Endpoints of one's own profile.

use axum::extract::State;
use chrono::{DateTime, Utc};
use kernel::ids::uuid_at;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::store;
use crate::{
    access::caller::Caller,
    accounts::api::Me,
    app::App,
    http::{Checks, Json, Listing, Path, Problem, Result, extract::given},
};

/// A language of the pages and of mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    En,
    /// Swahili.
    Sw,
}

impl Language {
    /// As BCP 47 has it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Sw => "sw",
        }
    }
}

/// What changes one's profile; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct ProfileChange {
    /// 1 to 200 characters.
    pub name: Option<String>,
    /// At most 40 characters: digits, spaces and `+-().`; `null` takes it away.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub phone: Option<Option<String>>,
    /// IANA time zone.
    pub timezone: Option<String>,
    /// Language of pages and mails.
    pub language: Option<Language>,
}

/// Changes what one says of oneself.
#[utoipa::path(patch, path = "/me", tag = "profile", request_body = ProfileChange,
    responses((status = 200, body = Me), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ProfileChange>,
) -> Result<Json<Me>> {
    check(&body)?;
    let mut tx = app.begin(&caller).await?;
    store::change(&mut tx, caller.user_id, &body).await?;
    let me = Me::load(&app, &mut tx, caller.user_id).await?;
    tx.commit().await?;
    Ok(Json(me))
}

fn check(change: &ProfileChange) -> Result<()> {
    let mut checks = Checks::default();
    if let Some(name) = &change.name {
        checks.text(name, "/name", 1..=200);
        let plain = !name.trim().chars().any(char::is_control);
        checks.require(plain, "/name", "INVALID", "The name contains a character that cannot be shown.");
    }
    if let Some(Some(phone)) = &change.phone {
        checks.text(phone, "/phone", 0..=40);
        let fits = phone.chars().all(|letter| letter.is_ascii_digit() || "+-(). ".contains(letter))
            && (phone.trim().is_empty() || phone.chars().filter(char::is_ascii_digit).count() >= 3);
        checks.require(fits, "/phone", "INVALID", "A phone number has digits, spaces and + - ( ) .");
    }
    if let Some(zone) = &change.timezone {
        let known = zone.parse::<chrono_tz::Tz>().is_ok();
        checks.require(known, "/timezone", "UNKNOWN_TIME_ZONE", "This is no IANA time zone.");
    }
    checks.done()
}

/// What a person can agree to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "consent_purpose", rename_all = "snake_case")]
pub enum ConsentPurpose {
    /// Meetings and busy times go to and come from one's calendar provider.
    CalendarSync,
    /// Name, e-mail address and meetings go to outside meeting providers.
    MeetingProviders,
    /// Phone number and e-mail address go to services that deliver messages.
    MessageServices,
    /// What one says is written down.
    Transcription,
}

/// How one last decided about a purpose.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Consent {
    /// What for.
    pub purpose: ConsentPurpose,
    /// Whether one agrees now.
    pub given: bool,
    /// When one last agreed; `null` when one never did.
    pub given_at: Option<DateTime<Utc>>,
    /// When one took that back.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// What one agrees to: every purpose, with the last decision.
#[utoipa::path(get, path = "/me/consents", tag = "profile",
    responses((status = 200, body = Listing<Consent>), (status = 401, body = Problem)))]
pub async fn consents(State(app): State<App>, caller: Caller) -> Result<Json<Listing<Consent>>> {
    let mut tx = app.begin(&caller).await?;
    Ok(Json(Listing::whole(store::consents(&mut tx, caller.user_id).await?)))
}

/// A decision.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
pub struct Decision {
    /// Whether one agrees.
    pub given: bool,
}

/// Gives or withdraws consent; each time is kept. Deciding the same again changes nothing.
#[utoipa::path(put, path = "/me/consents/{purpose}", tag = "profile", params(("purpose" = ConsentPurpose, Path)),
    request_body = Decision,
    responses((status = 200, body = Consent), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn decide(
    State(app): State<App>,
    caller: Caller,
    Path(purpose): Path<ConsentPurpose>,
    Json(body): Json<Decision>,
) -> Result<Json<Consent>> {
    let now = app.clock.now();
    let mut tx = app.begin(&caller).await?;
    if body.given {
        store::give(&mut tx, uuid_at(now), caller.user_id, purpose, now).await?;
    } else {
        store::withdraw(&mut tx, caller.user_id, purpose, now).await?;
    }
    let consents = store::consents(&mut tx, caller.user_id).await?;
    tx.commit().await?;
    let decided = consents.into_iter().find(|consent| consent.purpose == purpose);
    decided.map(Json).ok_or_else(|| Problem::not_found("purpose"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_checked_field_by_field() {
        let faults = |change: ProfileChange| {
            let problem = check(&change).err();
            problem.map_or(Vec::new(), |problem| problem.errors.into_iter().map(|e| e.pointer).collect())
        };
        assert!(faults(ProfileChange::default()).is_empty());
        let fine = ProfileChange {
            name: Some("Amina Wanjiru".into()),
            phone: Some(Some("+254 (0)700-000.000".into())),
            timezone: Some("Africa/Nairobi".into()),
            language: Some(Language::Sw),
        };
        assert!(faults(fine).is_empty());
        assert!(faults(ProfileChange { phone: Some(None), ..Default::default() }).is_empty());
        let bad = ProfileChange {
            name: Some("a\nb".into()),
            phone: Some(Some("call me".into())),
            timezone: Some("Mars/Olympus".into()),
            language: None,
        };
        assert_eq!(faults(bad), ["/name", "/phone", "/timezone"]);
        assert_eq!(faults(ProfileChange { name: Some("  ".into()), ..Default::default() }), ["/name"]);
    }
}
