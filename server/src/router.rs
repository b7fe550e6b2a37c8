//! Every route: the table of contents.

use std::time::Duration;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware,
};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, NotForContentType, Predicate},
    },
    set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer,
};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, ObjectBuilder, PathItem, Ref, RefOr, Required, ResponseBuilder,
        path::{Operation, ParameterBuilder, ParameterIn},
        schema::Type,
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    accounts,
    app::App,
    attendance, audit, bookings, chat, contacts, custom_fields, door, guests,
    http::{self, error::MEDIA_TYPE},
    meetings, notifications, oidc, ops, orgs, participants, presence_checks, profile, recordings, reports,
    resources, rights, room, seals, service_access, settings, shows, speaking, stage, system, timeline,
    webhooks,
};

/// Largest body of an ordinary call, in bytes.
const BODY_LIMIT: usize = 256 * 1024;
/// Longest that an ordinary call may take.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(OpenApi)]
#[openapi(
    info(title = "Baraza", description = "Meetings on LiveKit, with a record that is true."),
    modifiers(&Bearer),
    security(("bearer" = []))
)]
struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        openapi.components.get_or_insert_default().add_security_scheme("bearer", scheme);
    }
}

fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi()).nest(
        "/api/v1",
        OpenApiRouter::new()
            // Identity
            .routes(routes!(accounts::api::setup))
            .routes(routes!(accounts::api::login))
            .routes(routes!(accounts::api::refresh))
            .routes(routes!(accounts::api::logout))
            .routes(routes!(accounts::api::accept_invitation))
            .routes(routes!(accounts::second_factor::sign_in))
            .routes(routes!(accounts::passwords::request_reset))
            .routes(routes!(accounts::passwords::complete_reset))
            .routes(routes!(accounts::api::me, profile::api::change))
            .routes(routes!(accounts::passwords::change))
            .routes(routes!(accounts::sessions::list, accounts::sessions::end_others))
            .routes(routes!(accounts::sessions::end))
            .routes(routes!(accounts::second_factor::read, accounts::second_factor::enroll))
            .routes(routes!(accounts::second_factor::confirm))
            .routes(routes!(accounts::second_factor::renew_recovery_codes))
            .routes(routes!(accounts::second_factor::disable))
            .routes(routes!(notifications::api::list))
            .routes(routes!(notifications::api::read))
            .routes(routes!(oidc::api::methods))
            .routes(routes!(oidc::api::start))
            .routes(routes!(oidc::api::callback))
            .routes(routes!(oidc::logout::backchannel))
            .routes(routes!(profile::api::consents))
            .routes(routes!(profile::api::decide))
            .routes(routes!(profile::avatar::set, profile::avatar::remove))
            .routes(routes!(profile::avatar::read))
            // Organizations
            .routes(routes!(orgs::api::create))
            .routes(routes!(orgs::api::read, orgs::api::change))
            .routes(routes!(orgs::api::members, orgs::api::add_member))
            .routes(routes!(orgs::api::change_member, orgs::api::remove_member))
            .routes(routes!(orgs::import::import))
            .routes(routes!(orgs::invitations::list))
            .routes(routes!(orgs::invitations::resend))
            .routes(routes!(orgs::invitations::revoke))
            .routes(routes!(rights::api::read, rights::api::replace))
            .routes(routes!(rights::api::read_fields, rights::api::replace_fields))
            .routes(routes!(audit::api::list))
            .routes(routes!(audit::api::csv))
            .routes(routes!(seals::api::read))
            // Contacts
            .routes(routes!(contacts::api::list, contacts::api::create))
            .routes(routes!(contacts::api::export))
            .routes(routes!(contacts::import::import))
            .routes(routes!(contacts::api::read, contacts::api::change, contacts::api::delete))
            .routes(routes!(contacts::groups::list, contacts::groups::create))
            .routes(routes!(contacts::groups::read, contacts::groups::change, contacts::groups::delete))
            .routes(routes!(contacts::groups::add))
            .routes(routes!(contacts::groups::remove))
            .routes(routes!(contacts::api::attendees))
            // Meetings
            .routes(routes!(settings::api::read, settings::api::change))
            .routes(routes!(custom_fields::api::list, custom_fields::api::create))
            .routes(routes!(custom_fields::api::change, custom_fields::api::delete))
            .routes(routes!(meetings::lists::list_of_organization, meetings::create::create))
            .routes(routes!(meetings::create::create_instant))
            .routes(routes!(meetings::create::duplicate))
            .routes(routes!(meetings::bulk::bulk_cancel))
            .routes(routes!(meetings::history::read_history))
            .routes(routes!(meetings::lists::list_mine))
            .routes(routes!(
                meetings::api::read,
                meetings::api::change,
                meetings::api::replace,
                meetings::api::delete
            ))
            .routes(routes!(meetings::api::cancel))
            .routes(routes!(meetings::api::end))
            // Participants and the door
            .routes(routes!(participants::api::list, stage::api::change_rights))
            .routes(routes!(participants::api::invite))
            .routes(routes!(participants::api::change, participants::api::remove))
            .routes(routes!(participants::api::respond))
            .routes(routes!(participants::join::join))
            .routes(routes!(participants::api::leave))
            .routes(routes!(participants::api::lobby))
            .routes(routes!(participants::api::admit))
            .routes(routes!(door::api::admit_all))
            .routes(routes!(door::api::read, door::api::change))
            .routes(routes!(participants::api::deny))
            .routes(routes!(participants::moderation_api::mute))
            .routes(routes!(participants::moderation_api::mute_all))
            .routes(routes!(participants::moderation_api::remove))
            .routes(routes!(participants::moderation_api::ask))
            .routes(routes!(participants::moderation_api::lower_hand))
            .routes(routes!(participants::moderation_api::lower_hands))
            .routes(routes!(stage::api::read))
            .routes(routes!(stage::api::set_spotlight))
            .routes(routes!(stage::api::hand_over))
            // Guests
            .routes(routes!(guests::api::list, guests::api::create))
            .routes(routes!(guests::api::revoke))
            .routes(routes!(guests::entrance::preview))
            .routes(routes!(guests::entrance::join))
            .routes(routes!(guests::entrance::connection_check))
            // In the meeting
            .routes(routes!(chat::api::list, chat::api::post))
            .routes(routes!(chat::api::read, chat::changes::edit, chat::changes::delete))
            .routes(routes!(chat::reads::read_mark, chat::reads::mark))
            .routes(routes!(chat::export::csv))
            .routes(routes!(chat::export::json))
            .routes(routes!(chat::polls::api::vote))
            .routes(routes!(chat::polls::api::close))
            .routes(routes!(room::api::events))
            .routes(routes!(room::check::begin))
            .routes(routes!(presence_checks::api::list, presence_checks::api::ask))
            .routes(routes!(presence_checks::api::latest))
            .routes(routes!(presence_checks::api::confirm))
            // Recordings
            .routes(routes!(recordings::api::list_of_meeting, recordings::api::start))
            .routes(routes!(recordings::api::list_of_organization))
            .routes(routes!(recordings::api::read, recordings::api::delete))
            .routes(routes!(recordings::api::stop))
            .routes(routes!(recordings::api::preflight))
            .routes(routes!(recordings::api::pause))
            .routes(routes!(recordings::api::resume))
            .routes(routes!(recordings::api::restore))
            .routes(routes!(recordings::api::hold, recordings::api::release))
            .routes(routes!(recordings::api::usage))
            .routes(routes!(recordings::links::list, recordings::links::create))
            .routes(routes!(recordings::links::revoke))
            .routes(routes!(recordings::links::preview))
            .routes(routes!(recordings::links::play))
            .routes(routes!(recordings::views::list))
            .routes(routes!(recordings::download::poster))
            .routes(routes!(recordings::download::thumbnails))
            .routes(routes!(recordings::chapters::list))
            .routes(routes!(
                recordings::transcripts::read,
                recordings::transcripts::request,
                recordings::transcripts::delete
            ))
            .routes(routes!(recordings::transcripts::captions))
            .routes(routes!(recordings::imports::import))
            .routes(routes!(recordings::consents::list))
            .routes(routes!(recordings::consents::answer))
            .routes(routes!(recordings::api::set_access))
            .routes(routes!(recordings::download::playback))
            .routes(routes!(recordings::download::download))
            // Attendance
            .routes(routes!(attendance::api::read))
            .routes(routes!(attendance::api::csv))
            .routes(routes!(attendance::excuses::api::excuse, attendance::excuses::api::take_back))
            .routes(routes!(attendance::corrections::api::list, attendance::corrections::api::create))
            .routes(routes!(attendance::corrections::api::recognize, attendance::corrections::api::take_back))
            .routes(routes!(reports::issued::api::workbook))
            .routes(routes!(reports::issued::api::pdf))
            .routes(routes!(reports::issued::api::member_workbook))
            .routes(routes!(reports::issued::api::member_pdf))
            .routes(routes!(reports::issued::api::meetings_workbook))
            .routes(routes!(reports::issued::api::meetings_pdf))
            .routes(routes!(reports::issued::api::verify))
            .routes(routes!(timeline::api::read))
            .routes(routes!(timeline::api::json))
            .routes(routes!(speaking::api::record))
            .routes(routes!(reports::api::read))
            .routes(routes!(reports::api::csv))
            .routes(routes!(reports::member::read))
            .routes(routes!(reports::member::csv))
            .routes(routes!(reports::engagement::api::list))
            .routes(routes!(reports::engagement::api::csv))
            .routes(routes!(reports::engagement::api::read))
            .routes(routes!(reports::absences::list))
            .routes(routes!(reports::absences::csv))
            .routes(routes!(reports::groups::read))
            .routes(routes!(reports::groups::csv))
            .routes(routes!(shows::api::show))
            .routes(routes!(shows::api::of_device))
            // The system
            .routes(routes!(system::api::organizations))
            .routes(routes!(system::api::suspend))
            .routes(routes!(system::api::resume))
            .routes(routes!(system::api::admins, system::api::make_admin))
            .routes(routes!(system::api::unmake_admin))
            .routes(routes!(system::api::audit))
            // Service access
            .routes(routes!(service_access::api_keys::list, service_access::api_keys::create))
            .routes(routes!(service_access::api_keys::change, service_access::api_keys::revoke))
            .routes(routes!(service_access::api_keys::rotate))
            .routes(routes!(service_access::device_tokens::list, service_access::device_tokens::create))
            .routes(routes!(service_access::device_tokens::change, service_access::device_tokens::revoke))
            .routes(routes!(service_access::device_tokens::rotate))
            .routes(routes!(service_access::device_tokens::who))
            // Rooms, devices and bookings
            .routes(routes!(resources::api::list, resources::api::create))
            .routes(routes!(resources::api::read, resources::api::change, resources::api::delete))
            .routes(routes!(bookings::api::list, bookings::api::create))
            .routes(routes!(bookings::api::dashboard))
            .routes(routes!(bookings::busy::free_busy))
            .routes(routes!(bookings::api::read, bookings::api::change, bookings::api::delete)),
    )
}

/// What machines tell us, often: what is there for people's requests is not done for it.
fn webhooks_in() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(webhooks::api::livekit))
}

/// All of the API as it is described.
fn described() -> utoipa::openapi::OpenApi {
    let mut description = api().merge(webhooks_in()).into_openapi();
    complete(&mut description);
    description
}

/// The OpenAPI description as JSON.
///
/// # Errors
/// None in practice: the description is plain data.
pub fn openapi_json() -> serde_json::Result<String> {
    described().to_pretty_json()
}

/// What holds for all operations, and is written once.
fn complete(description: &mut utoipa::openapi::OpenApi) {
    name_operations(description);
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Names this request, so that it can be sent again for 24 hours without being done twice. The same key with \
             another body is 422.",
        ))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255))))
        .build();
    for item in description.paths.paths.values_mut() {
        let creates = |operation: &Operation| {
            ["201", "202"].iter().any(|status| operation.responses.responses.contains_key(*status))
        };
        if let Some(post) = item.post.as_mut().filter(|operation| creates(operation)) {
            post.parameters.get_or_insert_default().push(key.clone().into());
        }
    }
    for operation in description.paths.paths.values_mut().flat_map(operations) {
        name_refusals(operation);
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch, &mut item.head]
        .into_iter()
        .filter_map(Option::as_mut)
}

fn written_here<T>(part: &RefOr<T>) -> Option<&T> {
    match part {
        RefOr::T(part) => Some(part),
        RefOr::Ref(_) => None,
    }
}

/// What every operation refuses in the same way, and the type of all refusals (RFC 9457).
fn name_refusals(operation: &mut Operation) {
    let parameters = operation.parameters.iter().flatten().filter_map(written_here);
    let takes_query = parameters.clone().any(|one| one.parameter_in == ParameterIn::Query);
    let takes_key = parameters.clone().any(|one| one.name == "Idempotency-Key");
    let body = operation.request_body.as_ref().and_then(written_here);
    let takes_json = body.is_some_and(|body| body.content.contains_key("application/json"));
    let is_public =
        operation.security.as_ref().is_some_and(|ways| ways.contains(&SecurityRequirement::default()));
    let refusals = [
        ("400", takes_json || takes_key, "The request cannot be read."),
        ("401", !is_public, "Nobody is signed in."),
        ("422", takes_json || takes_key || takes_query, "Something in the request does not fit."),
    ];
    for (status, _, text) in refusals.into_iter().filter(|(_, applies, _)| *applies) {
        let problem = Ref::from_schema_name("Problem");
        let content = ContentBuilder::new().schema(Some(problem)).build();
        let refusal = ResponseBuilder::new().description(text).content(MEDIA_TYPE, content).build();
        operation.responses.responses.entry(status.to_owned()).or_insert(refusal.into());
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if status.as_str() >= "400"
            && let Some(content) = response.content.shift_remove("application/json")
        {
            response.content.insert(MEDIA_TYPE.to_owned(), content);
        }
    }
}

/// Handlers of different slices share short names; in the description the slice stands before them.
fn name_operations(description: &mut utoipa::openapi::OpenApi) {
    for item in description.paths.paths.values_mut() {
        for operation in operations(item) {
            let tag = operation.tags.as_ref().and_then(|tags| tags.first()).cloned().unwrap_or_default();
            operation.operation_id = operation.operation_id.take().map(|name| format!("{tag}_{name}"));
        }
    }
}

/// The whole service.
///
/// Layers stand together in stacks: each that is added by itself is another box to be made for each request.
pub fn router(app: App) -> Router {
    let policy = HeaderValue::try_from(http::csp::policy(&app.config)).expect("addresses are ASCII");
    let of_people = ServiceBuilder::new()
        .layer(middleware::from_fn_with_state(app.clone(), orgs::suspension::tell))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn(ops::count))
        .layer(middleware::from_fn_with_state(app.clone(), http::idempotent::once));
    let of_all = ServiceBuilder::new()
        .layer(middleware::from_fn_with_state(app.clone(), http::correlate::correlate))
        .layer(constant_header(header::X_FRAME_OPTIONS, "DENY"))
        .layer(constant_header(header::REFERRER_POLICY, "same-origin"))
        .layer(SetResponseHeaderLayer::if_not_present(header::CONTENT_SECURITY_POLICY, policy))
        .layer(constant_header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            axum::response::IntoResponse::into_response(http::Problem::internal("a handler panicked"))
        }))
        .layer(CompressionLayer::new().compress_when(worth_compressing()))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIMEOUT));
    Router::from(api())
        .merge(ops::routes())
        .merge(SwaggerUi::new("/api/docs").url("/api/v1/openapi.json", described()))
        .route_layer(of_people)
        .merge(Router::from(webhooks_in()).route_layer(middleware::from_fn(ops::count)))
        .fallback(http::web::page)
        .layer(of_all)
        .with_state(app)
}

/// Not streams of events, which would be held back, and not media, which are compressed and served in ranges.
fn worth_compressing() -> impl Predicate {
    DefaultPredicate::new()
        .and(NotForContentType::const_new("video/"))
        .and(NotForContentType::const_new("audio/"))
}

fn constant_header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
