//! The provider over HTTP: its description and keys, codes that are redeemed, tokens that are verified.

use std::{collections::HashSet, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::{clock::Clock, config};
use moka::future::Cache;
use openidconnect::{
    AccessTokenHash, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse,
    IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, SignatureVerificationError, StandardErrorResponse, StandardTokenResponse,
    TokenResponse, UserInfoClaims, UserInfoError,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod, CoreErrorResponseType,
        CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
        CoreProviderMetadata, CoreRevocableToken, CoreRevocationErrorResponse,
        CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::rules::{Flow, Grant, groups_in};
use crate::access::policy::OrgRole;

/// How long the provider's description and keys are good for.
const MEMORY: Duration = Duration::from_mins(10);
/// How long the provider may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer of a provider, in bytes.
const LARGEST: usize = 1024 * 1024;
/// How far the provider's clock may be ahead of ours.
const SKEW: TimeDelta = TimeDelta::seconds(60);
/// Keys are not asked for again within this time, whatever a token says.
const RENEWAL: TimeDelta = TimeDelta::seconds(10);

/// Claims that the standard does not name: groups, the provider's session, and whatever else there is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Others(Map<String, Value>);

impl openidconnect::AdditionalClaims for Others {}

type Fields = IdTokenFields<
    Others,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Client = openidconnect::Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why the provider did not get somebody signed in.
#[derive(Debug)]
pub enum Failure {
    /// It does not answer, or not as a provider does.
    Away(String),
    /// It does not take the code, or the token that it gave is not right.
    Untrue(String),
}

/// What a provider says of somebody, verified.
#[derive(Debug)]
pub struct Claims {
    /// Who they are there, for ever.
    pub subject: String,
    /// Their e-mail address, with whether the provider has verified that it is theirs.
    pub email: Option<(String, bool)>,
    /// Names, the best first.
    pub names: Vec<String>,
    /// The provider's session.
    pub session: Option<String>,
    /// Groups.
    pub groups: Vec<String>,
}

/// The provider that is configured.
pub struct Oidc {
    settings: config::Oidc,
    issuer: IssuerUrl,
    redirect: RedirectUrl,
    grants: Vec<Grant>,
    http: reqwest::Client,
    clock: Clock,
    known: Cache<(), Arc<Known>>,
}

/// The provider's description with its keys.
struct Known {
    metadata: CoreProviderMetadata,
    fetched_at: DateTime<Utc>,
}

impl Oidc {
    /// The provider of the configuration; `None` when there is none. Connects to nothing yet.
    ///
    /// # Errors
    /// A configuration that makes no sense.
    pub fn new(config: &config::Config, clock: Clock) -> Result<Option<Self>> {
        let settings = config.oidc.clone();
        let Some(issuer) = &settings.issuer else { return Ok(None) };
        let issuer = IssuerUrl::new(issuer.clone()).context("oidc.issuer is no URL")?;
        let grants = settings.roles.iter().map(grant).collect::<Result<_>>()?;
        let redirect = format!("{}/api/v1/auth/oidc/callback", config.server.public_url);
        Ok(Some(Self {
            issuer,
            redirect: RedirectUrl::new(redirect).context("server.public_url is no URL")?,
            grants,
            // A redirect would lead a server of ours wherever somebody wants it.
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(PATIENCE)
                .build()?,
            clock,
            known: Cache::builder().time_to_live(MEMORY).build(),
            settings,
        }))
    }

    /// The issuer's URL.
    pub fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// What people call the provider.
    pub fn name(&self) -> Option<&str> {
        self.settings.name.as_deref()
    }

    /// What groups give which role.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Where the browser goes to sign in.
    ///
    /// # Errors
    /// [`Failure::Away`].
    pub async fn sign_in_url(&self, flow: &Flow) -> Result<Url, Failure> {
        // Nobody is sent to a provider that is away: that would end on a page of the browser's.
        let known = self.renewed(self.known().await?).await?;
        let client = self.client(&known);
        let verifier = PkceCodeVerifier::new(flow.verifier.clone());
        let (state, nonce) = (flow.state.clone(), flow.nonce.clone());
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        for scope in self.settings.scopes.iter().filter(|scope| *scope != "openid") {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        Ok(request.url().0)
    }

    /// Redeems a code and verifies what comes back.
    ///
    /// # Errors
    /// As [`Failure`] says.
    pub async fn redeem(&self, code: String, flow: &Flow) -> Result<Claims, Failure> {
        let mut known = self.known().await?;
        let client = self.client(&known);
        let http = self.http_client();
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| Failure::Away(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(flow.verifier.clone()))
            .request_async(&http)
            .await
            .map_err(of_exchange)?;
        let nonce = Nonce::new(flow.nonce.clone());
        let mut verified = self.verify(&known, &tokens, &nonce);
        if let Err(ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey,
        )) = verified
        {
            // The provider may sign with a new key since we asked.
            known = self.renewed(known).await?;
            verified = self.verify(&known, &tokens, &nonce);
        }
        let mut claims = verified.map_err(|error| Failure::Untrue(error.to_string()))?;
        if self.lacks_something(&claims) {
            self.complete(&self.client(&known), &tokens, &mut claims).await?;
        }
        Ok(claims.into_claims(&self.settings.role_claim))
    }

    fn verify(
        &self,
        known: &Known,
        tokens: &StandardTokenResponse<Fields, CoreTokenType>,
        nonce: &Nonce,
    ) -> Result<Told, ClaimsVerificationError> {
        let client = self.client(known);
        let now = self.clock.now();
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs(algorithms())
            .set_time_fn(move || now)
            .set_issue_time_verifier_fn(move |at| {
                if at <= now + SKEW { Ok(()) } else { Err("it was issued in the future".to_owned()) }
            });
        let token = tokens
            .id_token()
            .ok_or_else(|| ClaimsVerificationError::Other("the provider gave no ID token".to_owned()))?;
        let claims = token.claims(&verifier, nonce)?;
        if let Some(stated) = claims.access_token_hash() {
            let algorithm =
                token.signing_alg().map_err(|error| ClaimsVerificationError::Other(error.to_string()))?;
            let key = token
                .signing_key(&verifier)
                .map_err(|error| ClaimsVerificationError::Other(error.to_string()))?;
            let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key)
                .map_err(|error| ClaimsVerificationError::Other(error.to_string()))?;
            if actual != *stated {
                return Err(ClaimsVerificationError::Other("the access token is another one".to_owned()));
            }
        }
        Ok(Told {
            subject: claims.subject().to_string(),
            email: claims.email().map(|email| email.to_string()),
            email_verified: claims.email_verified(),
            name: claims.name().and_then(|name| name.get(None)).map(|name| name.to_string()),
            short_name: claims.preferred_username().map(|name| name.to_string()),
            others: claims.additional_claims().0.clone(),
        })
    }

    /// Some providers keep claims out of the ID token and tell them at their user info endpoint.
    fn lacks_something(&self, claims: &Told) -> bool {
        let lacks_groups =
            !self.grants.is_empty() && groups_in(&claims.others, &self.settings.role_claim).is_none();
        claims.email.is_none() || claims.email_verified.is_none() || lacks_groups
    }

    async fn complete(
        &self,
        client: &Client,
        tokens: &StandardTokenResponse<Fields, CoreTokenType>,
        claims: &mut Told,
    ) -> Result<(), Failure> {
        let subject = openidconnect::SubjectIdentifier::new(claims.subject.clone());
        let Ok(request) = client.user_info(tokens.access_token().clone(), Some(subject)) else {
            return Ok(());
        };
        let http = self.http_client();
        let told: UserInfoClaims<Others, CoreGenderClaim> =
            request.request_async(&http).await.map_err(|error| match error {
                UserInfoError::ClaimsVerification(error) => Failure::Untrue(error.to_string()),
                error => Failure::Away(error.to_string()),
            })?;
        // An address and whether it is verified belong together.
        if claims.email.is_none() || claims.email_verified.is_none() {
            claims.email = told.email().map(|email| email.to_string());
            claims.email_verified = told.email_verified();
        }
        let name = || told.name().and_then(|name| name.get(None)).map(|name| name.to_string());
        claims.name = claims.name.take().or_else(name);
        let short_name = || told.preferred_username().map(|name| name.to_string());
        claims.short_name = claims.short_name.take().or_else(short_name);
        for (name, value) in &told.additional_claims().0 {
            claims.others.entry(name).or_insert_with(|| value.clone());
        }
        Ok(())
    }

    /// The provider's keys as JSON, for tokens that are no ID tokens; `anew` when a token names one that is not there.
    ///
    /// # Errors
    /// [`Failure::Away`].
    pub async fn keys(&self, anew: bool) -> Result<Value, Failure> {
        let mut known = self.known().await?;
        if anew {
            known = self.renewed(known).await?;
        }
        serde_json::to_value(known.metadata.jwks()).map_err(|error| Failure::Away(error.to_string()))
    }

    /// The id under which the provider knows us.
    pub fn client_id(&self) -> &str {
        &self.settings.client_id
    }

    fn client(&self, known: &Known) -> Client {
        let secret = self.settings.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.expose_secret().to_owned()));
        let methods = known.metadata.token_endpoint_auth_methods_supported();
        let by_body = methods.is_some_and(|it| {
            it.contains(&CoreClientAuthMethod::ClientSecretPost)
                && !it.contains(&CoreClientAuthMethod::ClientSecretBasic)
        });
        Client::from_provider_metadata(
            known.metadata.clone(),
            ClientId::new(self.settings.client_id.clone()),
            secret,
        )
        .set_redirect_uri(self.redirect.clone())
        .set_auth_type(if by_body { AuthType::RequestBody } else { AuthType::BasicAuth })
    }

    async fn known(&self) -> Result<Arc<Known>, Failure> {
        self.known.try_get_with((), self.discover()).await.map_err(|error| Failure::Away((*error).clone()))
    }

    async fn renewed(&self, known: Arc<Known>) -> Result<Arc<Known>, Failure> {
        if self.clock.now() - known.fetched_at < RENEWAL {
            return Ok(known);
        }
        self.known.invalidate(&()).await;
        self.known().await
    }

    async fn discover(&self) -> Result<Arc<Known>, String> {
        let http = self.http_client();
        let fetched_at = self.clock.now();
        let found = CoreProviderMetadata::discover_async(self.issuer.clone(), &http).await;
        let metadata = found.map_err(|error| chain(&error))?;
        Ok(Arc::new(Known { metadata, fetched_at }))
    }

    fn http_client(&self) -> impl Fn(HttpRequest) -> BoxedAnswer + Send + Sync + use<> {
        let http = self.http.clone();
        move |request| Box::pin(send(http.clone(), request))
    }
}

type BoxedAnswer = std::pin::Pin<Box<dyn Future<Output = Result<HttpResponse, Unanswered>> + Send>>;

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unanswered(String);

async fn send(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, Unanswered> {
    let unanswered = |error: reqwest::Error| Unanswered(chain(&error.without_url()));
    let request = reqwest::Request::try_from(request).map_err(unanswered)?;
    let mut response = http.execute(request).await.map_err(unanswered)?;
    if response.status().is_server_error() {
        return Err(Unanswered(format!("it answered {}", response.status())));
    }
    let mut answer = HttpResponse::new(Vec::new());
    *answer.status_mut() = response.status();
    *answer.headers_mut() = response.headers().clone();
    while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
        if answer.body().len() + chunk.len() > LARGEST {
            return Err(Unanswered("the answer is too large".to_owned()));
        }
        answer.body_mut().extend_from_slice(&chunk);
    }
    Ok(answer)
}

/// An error with its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

fn of_exchange(
    error: RequestTokenError<Unanswered, StandardErrorResponse<CoreErrorResponseType>>,
) -> Failure {
    match error {
        // Never the description: what a provider writes there may hold anything.
        RequestTokenError::ServerResponse(refusal) => Failure::Untrue(refusal.error().to_string()),
        RequestTokenError::Request(error) => Failure::Away(error.to_string()),
        RequestTokenError::Parse(..) => Failure::Untrue("the answer to the code can't be read".to_owned()),
        RequestTokenError::Other(error) => Failure::Away(error),
    }
}

/// Signatures that we take: by a key whose public half the provider publishes, never by the client's secret.
fn algorithms() -> HashSet<CoreJwsSigningAlgorithm> {
    use CoreJwsSigningAlgorithm as A;
    [
        A::RsaSsaPkcs1V15Sha256,
        A::RsaSsaPkcs1V15Sha384,
        A::RsaSsaPkcs1V15Sha512,
        A::RsaSsaPssSha256,
        A::RsaSsaPssSha384,
        A::RsaSsaPssSha512,
        A::EcdsaP256Sha256,
        A::EcdsaP384Sha384,
        A::EdDsa,
    ]
    .into()
}

fn grant(role: &config::OidcRole) -> Result<Grant> {
    let given = serde_json::from_value::<OrgRole>(role.role.clone().into());
    let given = given.with_context(|| format!("oidc.roles names {}, which is no role", role.role))?;
    ensure!(!role.group.is_empty(), "oidc.roles has an entry without a group");
    Ok(Grant { group: role.group.clone(), organization: role.organization.clone(), role: given })
}

/// Claims as they come in.
struct Told {
    subject: String,
    email: Option<String>,
    email_verified: Option<bool>,
    name: Option<String>,
    short_name: Option<String>,
    others: Map<String, Value>,
}

impl Told {
    fn into_claims(self, role_claim: &str) -> Claims {
        Claims {
            session: self.others.get("sid").and_then(Value::as_str).map(ToOwned::to_owned),
            groups: groups_in(&self.others, role_claim).unwrap_or_default(),
            subject: self.subject,
            email: self.email.map(|email| (email, self.email_verified == Some(true))),
            names: [self.name, self.short_name].into_iter().flatten().collect(),
        }
    }
}
