//! The service that writes down what a file says: `POST {base}/audio/transcriptions`, as OpenAI's API has it.

use std::time::Duration;

use anyhow::{Context, anyhow};
use axum::http::{StatusCode, header};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use kernel::config;
use reqwest::multipart::{Form, Part};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::rules::Heard;

/// Longest that the service may take for one file.
const PATIENCE: Duration = Duration::from_mins(40);
/// How long it may take to answer the call at all.
const CONNECT: Duration = Duration::from_secs(10);
/// The largest answer that is read, in bytes.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;
/// Longest pause that is granted when the service asks for one.
const LONGEST_PAUSE: u64 = 3600;

/// Why a file was not written down.
#[derive(Debug)]
pub enum Unheard {
    /// It may work later, after this many seconds if the service says so.
    Later(Option<u64>, anyhow::Error),
    /// What came back makes no sense.
    Nonsense(anyhow::Error),
    /// The service refuses the file for its size.
    TooLarge,
    /// The service refuses, with this status: our key, our words, or the file.
    Refused(StatusCode),
}

/// A file's words.
#[derive(Debug)]
pub struct Words {
    /// The language that was heard, as the service calls it.
    pub language: Option<String>,
    /// What was said.
    pub heard: Vec<Heard>,
}

/// The service.
pub struct Endpoint {
    url: String,
    key: Option<SecretString>,
    model: String,
    /// The language where nobody says otherwise.
    pub language: Option<String>,
    /// The largest file that it takes, in bytes.
    pub largest: u64,
    http: reqwest::Client,
}

impl Endpoint {
    /// The service of the configuration; `None` when there is none.
    ///
    /// # Errors
    /// When the machine has no certificates to trust.
    pub fn new(config: &config::Transcripts) -> anyhow::Result<Option<Self>> {
        let Some(base) = &config.base_url else { return Ok(None) };
        Ok(Some(Self {
            url: format!("{base}/audio/transcriptions"),
            key: config.api_key.clone(),
            model: config.model.clone(),
            language: config.language.clone(),
            largest: u64::from(config.max_upload_mb) * 1_000_000,
            // Neither the sound nor the key goes anywhere else than where the configuration says.
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(CONNECT)
                .timeout(PATIENCE)
                .build()?,
        }))
    }

    /// Has a file of `size` bytes written down while it is read.
    ///
    /// # Errors
    /// When the service is away, refuses, or answers nonsense. No error repeats what the service said: it may quote the key
    /// or what was spoken.
    pub async fn write_down<S>(
        &self,
        file: S,
        size: u64,
        kind: &str,
        language: Option<&str>,
    ) -> Result<Words, Unheard>
    where
        S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        if size > self.largest {
            return Err(Unheard::TooLarge);
        }
        let later = |error: anyhow::Error| Unheard::Later(None, error);
        let part = Part::stream_with_length(reqwest::Body::wrap_stream(file), size)
            .file_name(name_of(kind))
            .mime_str(kind)
            .context("the file's type")
            .map_err(later)?;
        let mut form = Form::new().text("model", self.model.clone()).text("response_format", "verbose_json");
        if let Some(language) = language.or(self.language.as_deref()) {
            form = form.text("language", language.to_owned());
        }
        // Last, since some services read what they are asked for before the file.
        let mut request = self.http.post(&self.url).multipart(form.part("file", part));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose_secret());
        }
        let answer = request.send().await.map_err(|error| later(error.without_url().into()))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(refusal(status, answer.headers()));
        }
        let body = read(answer).await?;
        let said: Answer = serde_json::from_slice(&body).map_err(|error| {
            Unheard::Nonsense(anyhow!("its answer is no transcript: {:?}", error.classify()))
        })?;
        Ok(said.into())
    }
}

fn refusal(status: StatusCode, headers: &reqwest::header::HeaderMap) -> Unheard {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Unheard::TooLarge;
    }
    let busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT, StatusCode::CONFLICT];
    if !status.is_server_error() && !busy.contains(&status) {
        return Unheard::Refused(status);
    }
    let pause = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Unheard::Later(pause.map(|pause: u64| pause.min(LONGEST_PAUSE)), anyhow!("the service answers {status}"))
}

async fn read(answer: reqwest::Response) -> Result<Bytes, Unheard> {
    let mut body = BytesMut::new();
    let mut stream = answer.bytes_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| Unheard::Later(None, error.without_url().into()))?;
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(Unheard::Nonsense(anyhow!("its answer is too long")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// A name whose ending says what the file is: services go by it.
fn name_of(kind: &str) -> &'static str {
    match kind {
        "audio/ogg" | "video/ogg" => "recording.ogg",
        "video/webm" | "audio/webm" => "recording.webm",
        "audio/mp4" => "recording.m4a",
        _ => "recording.mp4",
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    duration: Option<f64>,
    text: String,
    segments: Option<Vec<Segment>>,
}

#[derive(Deserialize)]
struct Segment {
    start: f64,
    end: f64,
    text: String,
    #[serde(default)]
    no_speech_prob: Option<f64>,
    #[serde(default)]
    avg_logprob: Option<f64>,
}

impl From<Answer> for Words {
    fn from(answer: Answer) -> Self {
        let segment = |it: Segment| Heard {
            start: it.start,
            end: it.end,
            text: it.text,
            no_speech: it.no_speech_prob,
            likelihood: it.avg_logprob,
        };
        // A model that knows no times gives its words whole.
        let whole = || Segment {
            start: 0.0,
            end: answer.duration.unwrap_or_default(),
            text: answer.text,
            no_speech_prob: None,
            avg_logprob: None,
        };
        let segments = answer.segments.unwrap_or_else(|| vec![whole()]);
        let language = answer.language.map(|name| name.chars().take(40).collect());
        Self { language, heard: segments.into_iter().map(segment).collect() }
    }
}
