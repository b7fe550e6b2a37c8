//! A small OpenID Connect provider that speaks the real wire format: what it says can be bent for tests.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kernel::clock::Clock;
use reqwest::Url;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

/// The id under which it knows the service.
pub const CLIENT_ID: &str = "baraza";
const CLIENT_SECRET: &str = "a secret of the provider and us";

/// Which key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// ES256, published.
    Elliptic,
    /// RS256, published.
    Rsa,
    /// ES256 by a key that is published only after [`FakeIssuer::rotate`].
    Next,
}

/// The provider. Goes away when dropped.
pub struct FakeIssuer {
    /// Its issuer URL.
    pub url: String,
    state: Arc<Mutex<Issuer>>,
    clock: Clock,
    serving: tokio::task::JoinHandle<()>,
}

struct Issuer {
    url: String,
    /// Codes with the challenge that has to be met and the answer they are good for.
    codes: HashMap<String, (String, Value)>,
    user_info: Value,
    rotated: bool,
    away: bool,
}

impl FakeIssuer {
    /// Starts one on a port of its own.
    pub async fn start(clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(Issuer {
            url: url.clone(),
            codes: HashMap::new(),
            user_info: Value::Null,
            rotated: false,
            away: false,
        }));
        let service = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/jwks", get(keys))
            .route("/token", post(token))
            .route("/userinfo", get(user_info))
            .with_state(state.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, service).await.expect("serving") });
        Self { url, state, clock, serving }
    }

    /// Puts itself into a configuration.
    pub fn configure(&self, config: &mut Value) {
        config["oidc"] = json!({
            "issuer": self.url, "name": "Test ID", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
            "scopes": "openid profile email groups", "role_claim": "groups",
        });
    }

    /// Somebody signs in at `authorization`, where the browser was sent: a code for the tokens of `claims`, which may
    /// replace what is right, or take it away by null.
    pub fn sign_in(&self, authorization: &Url, claims: Value) -> String {
        self.sign_in_by(Signer::Elliptic, authorization, claims)
    }

    /// As [`FakeIssuer::sign_in`], signed by another key.
    #[expect(clippy::needless_pass_by_value, reason = "called with literals")]
    pub fn sign_in_by(&self, signer: Signer, authorization: &Url, claims: Value) -> String {
        let query: HashMap<String, String> = authorization.query_pairs().into_owned().collect();
        let now = self.clock.now().timestamp();
        let mut token = json!({
            "iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": query["nonce"],
        });
        bend(&mut token, &claims);
        let answer = json!({
            "access_token": "an access token", "token_type": "Bearer", "expires_in": 300,
            "id_token": self.sign(signer, &token),
        });
        self.grant(authorization, answer)
    }

    /// A code that is good for a given answer of the token endpoint.
    pub fn grant(&self, authorization: &Url, answer: Value) -> String {
        let query: HashMap<String, String> = authorization.query_pairs().into_owned().collect();
        assert_eq!(query["code_challenge_method"], "S256");
        let mut state = self.state.lock().expect("no panic");
        let code = format!("code-{}", state.codes.len());
        state.codes.insert(code.clone(), (query["code_challenge"].clone(), answer));
        code
    }

    /// A logout token; `claims` may replace what is right, or take it away by null.
    #[expect(clippy::needless_pass_by_value, reason = "called with literals")]
    pub fn logout_token(&self, signer: Signer, claims: Value) -> String {
        let now = self.clock.now().timestamp();
        let mut token = json!({
            "iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": format!("logout-{now}"),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        bend(&mut token, &claims);
        self.sign(signer, &token)
    }

    /// Signs any claims.
    pub fn sign(&self, signer: Signer, claims: &Value) -> String {
        let (algorithm, id, key) = match signer {
            Signer::Elliptic => (Algorithm::ES256, "ec", EncodingKey::from_ec_der(&der(EC))),
            Signer::Rsa => (Algorithm::RS256, "rsa", EncodingKey::from_rsa_der(&der(RSA))),
            Signer::Next => (Algorithm::ES256, "next", EncodingKey::from_ec_der(&der(NEXT))),
        };
        let header = Header { kid: Some(id.to_owned()), ..Header::new(algorithm) };
        jsonwebtoken::encode(&header, claims, &key).expect("a signature")
    }

    /// What the user info endpoint says.
    pub fn tells(&self, user_info: Value) {
        self.state.lock().expect("no panic").user_info = user_info;
    }

    /// Publishes the next key.
    pub fn rotate(&self) {
        self.state.lock().expect("no panic").rotated = true;
    }

    /// Answers nothing any more.
    pub fn go_away(&self) {
        self.state.lock().expect("no panic").away = true;
    }
}

impl Drop for FakeIssuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn der(key: &str) -> Vec<u8> {
    STANDARD.decode(key).expect("Base64")
}

fn bend(token: &mut Value, claims: &Value) {
    for (name, value) in claims.as_object().expect("claims") {
        if value.is_null() {
            token.as_object_mut().expect("a token").remove(name);
        } else {
            token[name] = value.clone();
        }
    }
}

type Shared = State<Arc<Mutex<Issuer>>>;

fn unless_away(state: &Issuer, answer: impl IntoResponse) -> Response {
    if state.away { StatusCode::BAD_GATEWAY.into_response() } else { answer.into_response() }
}

async fn describe(State(state): Shared) -> Response {
    let state = state.lock().expect("no panic");
    let url = &state.url;
    unless_away(
        &state,
        Json(json!({
            "issuer": url, "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token"),
            "userinfo_endpoint": format!("{url}/userinfo"), "jwks_uri": format!("{url}/jwks"),
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256"],
        })),
    )
}

async fn keys(State(state): Shared) -> Response {
    let state = state.lock().expect("no panic");
    let mut keys = vec![
        json!({"kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig", "alg": "ES256", "x": EC_X, "y": EC_Y}),
        json!({"kty": "RSA", "kid": "rsa", "use": "sig", "alg": "RS256", "n": RSA_N, "e": "AQAB"}),
    ];
    if state.rotated {
        keys.push(json!({"kty": "EC", "crv": "P-256", "kid": "next", "use": "sig", "alg": "ES256", "x": NEXT_X, "y": NEXT_Y}));
    }
    unless_away(&state, Json(json!({"keys": keys})))
}

async fn token(
    State(state): Shared,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let mut state = state.lock().expect("no panic");
    if state.away {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let refuse = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
    let secret = CLIENT_SECRET.replace(' ', "+");
    let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{secret}")));
    if headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok()) != Some(&expected) {
        return refuse("invalid_client");
    }
    let Some((challenge, answer)) = form.get("code").and_then(|code| state.codes.remove(code)) else {
        return refuse("invalid_grant");
    };
    let verifier = form.get("code_verifier").cloned().unwrap_or_default();
    if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != challenge {
        return refuse("invalid_grant");
    }
    Json(answer).into_response()
}

async fn user_info(State(state): Shared) -> Response {
    let state = state.lock().expect("no panic");
    if state.user_info.is_null() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    unless_away(&state, Json(state.user_info.clone()))
}

const EC: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg48kIm81HDNhHcbhkkhbEGxpXT3NNSziDvxbRrFtP04uhRANCAATs\
    cpZC4AXcQcfMAr9cgnnnvQ8c5lsEJrYwAomRzDKQy1dEDPl7G2+Uv5P28PQ2Aifcl1c1j77Bk/hE13odyY+6";
const EC_X: &str = "7HKWQuAF3EHHzAK_XIJ5570PHOZbBCa2MAKJkcwykMs";
const EC_Y: &str = "V0QM-Xsbb5S_k_bw9DYCJ9yXVzWPvsGT-ETXeh3Jj7o";
const NEXT: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvDxJOvzW2bjgs1tN+x+WJu7KjhOvgb3xWHkwjlr50MihRANCAAQA\
    /urdL1yQCnDK0lAIodqL7lQpiL+2UdHMzOIbYLsyaFxV/MoSQr29RI57GyrMZ9E8M42CcxD5zQdo2jaJSW+n";
const NEXT_X: &str = "AP7q3S9ckApwytJQCKHai-5UKYi_tlHRzMziG2C7Mmg";
const NEXT_Y: &str = "XFX8yhJCvb1EjnsbKsxn0TwzjYJzEPnNB2jaNolJb6c";
const RSA: &str = "MIIEowIBAAKCAQEA9tS6BCllkk25Nx1FRmQvnUkeWjVVRCm1MXUAOdmlGiLYsocEcIFOkTFNYK6M61J3554xoLJNvmhRNWwtr6Ir\
    +OD/LI4hvnLlq8Ur8wxBBYe1+IF+xGPMTI8NTppEyZuDX3rgnarXXAEIMwoCPoSgWC/ekTX+imS2a7EO/5i5+f/GLTO7SMBWFivG\
    hp4LKc0zAalCse2ZAOpL17Tq7sOcFuYWfultiEfqpvREwcWbYNio8sEQ//3aKYzvfVfEeyyEGXQsZ+1sGqwfTF3vWzawWNkcxR84\
    iZTg9whph9k3/4PpDr3n4y61AkTIuvlkp+eegiyevsLe2r0kPP0ILpecIwIDAQABAoIBAAf1KPUJhjnq8MOlYd5v9vg3GkKsh8Vn\
    q6AewzMrU5rbo89hYPhDC327xcbr+bXioI7cEvmn6jhEjaLCjEdRF52xnFujksNUFaDx/YWblEMz2KvUAoul7319chs/w7kqWq2V\
    jhqNle6oi7ncL5zeo78lKUXWrO42e86SNrHoTxHTvUy1xcUlqTtI4+ZSCUXrss3aDiw8/DoARI7qSK2dE8C7dEUJ/ZgK7lEcFgqD\
    k4AUlo8vandyC/d3QofgJpt/JgNClZZ8AZ/sz74ZqFbOa/D5SCEwrGNd5Zjwo4oNs3mMS8CePZHJtT3dvBpKmFOuXyrCVK5pyKOF\
    cscjYU7eZikCgYEA/XmFzrC/hxT+pEZsC+uhEDgsJX0oqoa8qNIVo10iDAGmaiLmccJW0vTPM8SPP21NXLevaWudVBJk8s5IL7ZV\
    2hGRRdT7BbT2AWdKfUuv+BM972vACjxSLHEFOl97UPt5ncSCnB4gG/5cdVAeLX31wrXPuyIPodXaA+UYc+eNwtcCgYEA+UpCZRyT\
    RbW98vCI5T8jFxKZV4nc11Y/CFcL2ZcOd7hbUHFBmKJUQbv7mjvZ6RlDbXDHexTR12rLoSAMCoyVicrgm+OmWnNwUayXDCGPWljs\
    uyxQrzSlbsDzE39Kuh+KH9n+5u1IGQnhMGoZ8W4AeRd0nar1BfM+VV2Zxqiy05UCgYAPa5wzVddhDWrsbYhXNU+IIBK3eSTHMwk5\
    MAa2+IyAtHz+Sf9A/nSvwsr0OEoKrsidEmOugyiAG9peVyRXGr2gVZ9D41AeKcMplLIYa0laSzliXmjBdqf9IicSRQrIg3QDoBfe\
    DYsgiNnxHR2o4NfZr5vio5DV5J+tyvsw2e5q4wKBgBbw1YFWitr8aZmEtyRZlhIWfRQINNGAN1a+I/IHK6aqyYRyl7XDInvWH8ZG\
    wbvovkLBASp7dQAc7NZMC6+g1lYS3G6cGX/zZZ+ugUv1fqqyyj5DSr2E28CAcx4VNbxBEMXzmriHl33uYdHBwdds5xA9r1afF+NP\
    Sioy7ebROXutAoGBAPTAnQH2zJqX84uH8kv9/8OPimwMlpUXGbVKL+jlONMMmmqEx2uBESXM4dqq9oZkU1Y4crv0r+ZNS4cL5vH4\
    DabZQ0mTOnCZrMMTnZNq9gVa0DIfN9X3XXRUvC9gZhympM7pK07sqDuLUnLcAKqaM6+yH+78xol/amSU9cPThTDX";
const RSA_N: &str = "9tS6BCllkk25Nx1FRmQvnUkeWjVVRCm1MXUAOdmlGiLYsocEcIFOkTFNYK6M61J3554xoLJNvmhRNWwtr6Ir-OD_LI4hvnLlq8Ur8wxBBYe1-IF-xGPMTI8NTppEyZuDX3rgnarXXAEIMwoCPoSgWC_ekTX-imS2a7EO_5i5-f_GLTO7SMBWFivGhp4LKc0zAalCse2ZAOpL17Tq7sOcFuYWfultiEfqpvREwcWbYNio8sEQ__3aKYzvfVfEeyyEGXQsZ-1sGqwfTF3vWzawWNkcxR84iZTg9whph9k3_4PpDr3n4y61AkTIuvlkp-eegiyevsLe2r0kPP0ILpecIw";
