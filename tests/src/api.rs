//! A client of the API that holds every answer to the OpenAPI description.

use bytes::Bytes;
use kernel::ids::{SessionId, UserId};
use reqwest::{Method, header};
use serde_json::Value;

use crate::spec::SPEC;

/// Speaks to the API as somebody, or as nobody.
#[derive(Clone)]
pub struct Api {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) bearer: Bearer,
}

/// What a client shows to be let in.
#[derive(Clone)]
pub(crate) enum Bearer {
    None,
    Token(String),
    /// Signed anew for each request, so that moving the clock does not sign anybody out.
    SignIn(server::app::App, UserId, SessionId),
}

impl Api {
    /// The same client without credentials.
    pub fn anonymous(&self) -> Self {
        Self { bearer: Bearer::None, ..self.clone() }
    }

    /// The same client with a given token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { bearer: Bearer::Token(token.to_owned()), ..self.clone() }
    }

    /// The same client with the credentials of another.
    pub fn with_credentials_of(&self, other: &Self) -> Self {
        Self { bearer: other.bearer.clone(), ..self.clone() }
    }

    /// A request to `path` below `/api/v1`, to be sent with [`Api::send`].
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}/api/v1{path}", self.base));
        match &self.bearer {
            Bearer::None => request,
            Bearer::Token(token) => request.bearer_auth(token),
            Bearer::SignIn(app, user, session) => {
                request.bearer_auth(app.tokens.sign(*user, *session, app.clock.now()))
            }
        }
    }

    /// Sends a request and holds the answer to its description.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = request.build().expect("a request that can be sent");
        let (method, path) = (request.method().to_string(), request.url().path().to_owned());
        let response =
            self.http.execute(request).await.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"));
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response.bytes().await.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"));
        let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let answer = Answer { request: format!("{method} {path}"), status, headers, body, json };
        answer.hold_to_description(&method, &path);
        answer
    }

    /// `GET path`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// `GET path`, which is the whole path and not one below `/api/v1`.
    pub async fn http_get(&self, path: &str) -> Answer {
        self.send(self.http.get(format!("{}{path}", self.base))).await
    }

    /// `GET url` of another server, without credentials.
    pub async fn http_raw(&self, url: &str) -> reqwest::Response {
        self.http.get(url).send().await.unwrap_or_else(|error| panic!("GET {url}: {error:?}"))
    }

    /// `POST path` with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// `PATCH path` with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    /// `PUT path` with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    /// Sends a file of `kind` as the whole body.
    pub async fn upload(&self, method: Method, path: &str, kind: &str, file: impl Into<Bytes>) -> Answer {
        let request = self.request(method, path).header(header::CONTENT_TYPE, kind);
        self.send(request.body(file.into())).await
    }

    /// `DELETE path`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Follows the events of `path`, from `last` on when given.
    pub async fn follow(&self, path: &str, last: Option<&str>) -> Events {
        let mut request = self.request(Method::GET, path).header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("GET {path}: {error:?}"));
        let kind = response.headers().get("content-type").cloned();
        assert_eq!(response.status(), 200, "GET {path}");
        assert!(kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")), "GET {path}");
        Events { response, text: String::new() }
    }

    /// All items of a list, page by page.
    pub async fn all(&self, path: &str, limit: usize) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let sign = if path.contains('?') { '&' } else { '?' };
            let after = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let page = self.get(&format!("{path}{sign}limit={limit}{after}")).await.is(200);
            let found = page["items"].as_array().expect("items").clone();
            assert!(found.len() <= limit, "{path}: {} items where {limit} were asked for", found.len());
            items.extend(found);
            cursor = page["next_cursor"].as_str().map(ToOwned::to_owned);
            if cursor.is_none() {
                return items;
            }
        }
    }
}

/// A stream of Server-Sent Events that is being read.
pub struct Events {
    response: reqwest::Response,
    text: String,
}

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its number, to go on from.
    pub id: String,
    /// What happened.
    pub event: String,
    /// With what.
    pub data: Value,
}

impl Events {
    /// The next event; comments that keep the connection alive are passed over.
    pub async fn next(&mut self) -> Event {
        let patience = std::time::Duration::from_secs(5);
        tokio::time::timeout(patience, self.read()).await.expect("an event within five seconds")
    }

    /// The next `count` events.
    pub async fn take(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::new();
        for _ in 0..count {
            events.push(self.next().await);
        }
        events
    }

    /// Whether nothing comes for a moment.
    pub async fn is_silent(&mut self) -> bool {
        tokio::time::timeout(std::time::Duration::from_millis(300), self.read()).await.is_err()
    }

    /// Whether the server ends the stream, within a while.
    pub async fn ends(&mut self) -> bool {
        let patience = std::time::Duration::from_secs(5);
        let end = async { while matches!(self.response.chunk().await, Ok(Some(_))) {} };
        tokio::time::timeout(patience, end).await.is_ok()
    }

    async fn read(&mut self) -> Event {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let lines = block.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
                    lines.map(|value| value.strip_prefix(' ').unwrap_or(value)).collect::<Vec<_>>().join("\n")
                };
                let (id, event, data) = (field("id"), field("event"), field("data"));
                self.text = rest.to_string();
                if !data.is_empty() {
                    // The same JSON as in a data packet.
                    let told: Value =
                        serde_json::from_str(&data).unwrap_or_else(|_| panic!("{data} is not JSON"));
                    assert_eq!(
                        (&told["event"], told["seq"].to_string()),
                        (&Value::from(&*event), id.clone())
                    );
                    return Event { id, event, data: told["data"].clone() };
                }
            }
            let chunk =
                self.response.chunk().await.expect("the stream goes on").expect("the stream does not end");
            self.text.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was asked.
    pub request: String,
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: header::HeaderMap,
    /// The body as it came.
    pub body: Bytes,
    /// The body as JSON; null when it is none.
    pub json: Value,
}

impl Answer {
    /// The body, when the status is `status`.
    #[track_caller]
    pub fn is(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.request, self.text());
        self.json
    }

    /// The problem, when it is this one.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.code()), (status, code), "{}: {}", self.request, self.text());
        self.json
    }

    /// The problem, when it is a 422 whose first fault lies at `pointer`.
    #[track_caller]
    pub fn fault_at(self, pointer: &str) -> Value {
        assert_eq!(self.status, 422, "{}: {}", self.request, self.text());
        assert_eq!(self.json["errors"][0]["pointer"], pointer, "{}: {}", self.request, self.text());
        self.json
    }

    /// The stable code of a problem; empty when it is none.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// A header; empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The refresh token in the cookie that was set, with the cookie's attributes behind it.
    pub fn cookie(&self) -> &str {
        self.header("set-cookie")
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn hold_to_description(&self, method: &str, path: &str) {
        assert!(!self.header("x-correlation-id").is_empty(), "{}: no correlation id", self.request);
        if !path.starts_with("/api/") {
            return;
        }
        let kind = self.header("content-type");
        if self.status >= 400 {
            let id = self.json["correlation_id"].as_str();
            assert_eq!(id, Some(self.header("x-correlation-id")), "{}: {}", self.request, self.text());
            assert_eq!(self.json["status"], self.status, "{}", self.request);
        }
        if let Some(operation) = SPEC.operation(method, path)
            && let Err(fault) = SPEC.check(&operation, self.status, kind, &self.json)
        {
            panic!("{} answers {} not as described: {fault}\n{}", self.request, self.status, self.text());
        }
    }
}
