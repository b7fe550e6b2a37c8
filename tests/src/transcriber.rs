//! A service that writes down what files say, in the wire format of OpenAI's `POST /audio/transcriptions`.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The key that it asks for.
pub const KEY: &str = "sk-a-key-of-the-tests";

/// What it does next.
#[derive(Debug, Clone)]
pub enum Turn {
    /// Hears these stretches: from, to (in seconds), what.
    Hears(Vec<(f64, f64, &'static str)>),
    /// Answers with this status and OpenAI's form of an error; `Retry-After` in seconds, if any.
    Refuses(u16, Option<u64>),
    /// Answers 200 with this.
    Says(&'static str),
    /// Hears nothing, after a while.
    Slow(Duration),
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The fields of the form.
    pub fields: HashMap<String, String>,
    /// The name of its file.
    pub file_name: String,
    /// What the file calls itself.
    pub kind: String,
    /// The file.
    pub file: Bytes,
}

/// The service. Goes away when dropped.
pub struct Transcriber {
    /// Its base URL.
    pub url: String,
    state: Arc<Mutex<Heard>>,
    serving: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Heard {
    turns: VecDeque<Turn>,
    asked: Vec<Asked>,
    refused: usize,
}

impl Transcriber {
    /// Starts one on a port of its own.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let state = Arc::<Mutex<Heard>>::default();
        let service = Router::new()
            .route("/v1/audio/transcriptions", post(transcribe))
            .layer(DefaultBodyLimit::disable())
            .with_state(state.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, service).await.expect("serving") });
        Self { url, state, serving }
    }

    /// Puts itself into a configuration.
    pub fn configure(&self, config: &mut Value) {
        config["transcripts"] = json!({"base_url": self.url, "api_key": KEY, "model": "whisper-1"});
    }

    /// What it does next, one for each request.
    pub fn next(&self, turns: impl IntoIterator<Item = Turn>) {
        self.state.lock().expect("no panic").turns.extend(turns);
    }

    /// What it was asked since it was last looked.
    pub fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.state.lock().expect("no panic").asked)
    }

    /// How many came without the key.
    pub fn refused(&self) -> usize {
        self.state.lock().expect("no panic").refused
    }
}

impl Drop for Transcriber {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn error(status: u16, code: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    // Such words quote keys and what was said.
    let message = format!("Incorrect API key provided: {KEY}.");
    let body =
        json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": code}});
    (status, Json(body)).into_response()
}

async fn transcribe(
    State(state): State<Arc<Mutex<Heard>>>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let whole = axum::body::to_bytes(request.into_body(), usize::MAX).await.expect("a body");
    if headers.get(header::AUTHORIZATION).is_none_or(|it| it.as_bytes() != format!("Bearer {KEY}").as_bytes())
    {
        state.lock().expect("no panic").refused += 1;
        return error(401, "invalid_api_key");
    }
    let asked = read_form(&headers, &whole);
    let complete = asked.fields.get("response_format").is_some_and(|it| it == "verbose_json")
        && asked.fields.contains_key("model")
        && !asked.file.is_empty();
    if !complete {
        return error(400, "invalid_form");
    }
    let turn = {
        let mut state = state.lock().expect("no panic");
        state.asked.push(asked);
        state.turns.pop_front().expect("a request that the test expects")
    };
    match turn {
        Turn::Hears(said) => heard(&said),
        Turn::Says(body) => ([(header::CONTENT_TYPE, "application/json")], Body::from(body)).into_response(),
        Turn::Slow(time) => {
            tokio::time::sleep(time).await;
            heard(&[])
        }
        Turn::Refuses(status, pause) => {
            let mut answer = error(status, "refused");
            if let Some(pause) = pause {
                answer.headers_mut().insert(header::RETRY_AFTER, pause.into());
            }
            answer
        }
    }
}

fn heard(said: &[(f64, f64, &str)]) -> Response {
    let segments: Vec<Value> = said
        .iter()
        .enumerate()
        .map(|(id, (start, end, text))| {
            json!({
                "id": id, "seek": 0, "start": start, "end": end, "text": format!(" {text}"), "tokens": [50364, 2425],
                "temperature": 0.0, "avg_logprob": -0.28, "compression_ratio": 1.2, "no_speech_prob": 0.01,
            })
        })
        .collect();
    let text: Vec<&str> = said.iter().map(|(_, _, text)| *text).collect();
    let duration = said.last().map_or(0.0, |(_, end, _)| *end);
    Json(json!({
        "task": "transcribe", "language": "english", "duration": duration, "text": text.join(" "), "segments": segments,
        "usage": {"type": "duration", "seconds": duration.ceil()},
    }))
    .into_response()
}

/// Reads `multipart/form-data` (RFC 7578) as far as it is written here.
fn read_form(headers: &HeaderMap, body: &[u8]) -> Asked {
    let kind = headers[header::CONTENT_TYPE].to_str().expect("ASCII");
    let boundary = kind.split("boundary=").nth(1).expect("a boundary").trim_matches('"');
    let mark = format!("--{boundary}").into_bytes();
    let mut asked =
        Asked { fields: HashMap::new(), file_name: String::new(), kind: String::new(), file: Bytes::new() };
    let places: Vec<usize> =
        (0..=body.len().saturating_sub(mark.len())).filter(|at| body[*at..].starts_with(&mark)).collect();
    for pair in places.windows(2) {
        let part = &body[pair[0] + mark.len() + 2..pair[1] - 2];
        let end = part.windows(4).position(|it| it == b"\r\n\r\n").expect("headers");
        let head = String::from_utf8_lossy(&part[..end]).into_owned();
        let content = &part[end + 4..];
        let name = between(&head, "name=\"", "\"");
        if name == "file" {
            asked.file_name = between(&head, "filename=\"", "\"");
            asked.kind =
                head.lines().find_map(|it| it.strip_prefix("Content-Type: ")).unwrap_or_default().to_owned();
            asked.file = Bytes::copy_from_slice(content);
        } else {
            asked.fields.insert(name, String::from_utf8_lossy(content).into_owned());
        }
    }
    asked
}

fn between(text: &str, before: &str, after: &str) -> String {
    let rest = text.split(before).nth(1).unwrap_or_default();
    rest.split(after).next().unwrap_or_default().to_owned()
}
