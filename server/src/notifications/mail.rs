//! Mail: written from templates in the reader's language, and sent by a job.

use std::{sync::LazyLock, time::SystemTime};

use anyhow::Context;
use chrono::{DateTime, Utc};
use kernel::{
    db::Tx,
    jobs::{self, Failure, Job},
};
use lettre::message::{Mailbox, Message, MultiPart};
use minijinja::Environment;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::App;

/// The job that sends one mail.
pub const SEND: &str = "mail.send";

/// What a mail tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Template {
    /// Somebody is invited to an organization: `organization`, `url`, `days`.
    Invitation,
    /// Somebody asked for a new password: `name`, `url`, `minutes`.
    PasswordReset,
    /// A password was changed: `name`, `url` (where to ask for a new one).
    PasswordChanged,
    /// The second factor was switched on or off: `name`, `enabled`, `url` (where one sees it).
    SecondFactor,
}

impl Template {
    const fn name(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::PasswordReset => "password_reset",
            Self::PasswordChanged => "password_changed",
            Self::SecondFactor => "second_factor",
        }
    }
}

/// A mail that waits to be sent.
#[derive(Debug, Serialize, Deserialize)]
pub struct Mail {
    to: String,
    template: Template,
    language: String,
    data: Value,
}

/// Leaves a mail to be sent once the transaction lasts. `language` is the reader's (BCP 47); English stands in for
/// one that has no templates. `data` is what the template says it needs.
///
/// # Errors
/// When the database is away.
pub async fn enqueue(
    tx: &mut Tx,
    to: &str,
    template: Template,
    language: &str,
    data: Value,
) -> sqlx::Result<()> {
    let mail = Mail { to: to.to_owned(), template, language: language.to_owned(), data };
    jobs::enqueue(tx, SEND, mail, jobs::AT_ONCE).await
}

/// As [`enqueue`], for many mails at once.
///
/// # Errors
/// When the database is away.
pub async fn enqueue_many(tx: &mut Tx, mails: Vec<Mail>) -> sqlx::Result<()> {
    jobs::enqueue_many(tx, SEND, mails, jobs::AT_ONCE).await
}

/// Sends a mail.
///
/// # Errors
/// When the mail server is away, or refuses: an address that does not exist is not tried again.
pub async fn send(app: &App, job: &Job) -> Result<(), Failure> {
    let mail: Mail = job.payload()?;
    let number = format!("{}-{}", app.clock.now().timestamp_millis(), job.id);
    deliver(app, &mail, &number).await
}

/// As [`send`], for a job that writes its mail only now. `number` names the mail for ever.
///
/// # Errors
/// As [`send`].
pub async fn deliver(app: &App, mail: &Mail, number: &str) -> Result<(), Failure> {
    let written = write(mail).map_err(Failure::Final)?;
    let host = app.config.server.public_url.split("://").nth(1).unwrap_or("localhost");
    let host = host.split([':', '/']).next().unwrap_or("localhost");
    let message = message(&written, &app.config.smtp.from, &format!("<{number}@{host}>"), app.clock.now())
        .map_err(Failure::Final)?;
    app.outbox.send(&written, message, number).await
}

impl Mail {
    /// A mail to be written.
    pub fn new(to: impl Into<String>, template: Template, language: impl Into<String>, data: Value) -> Self {
        Self { to: to.into(), template, language: language.into(), data }
    }
}

/// A mail as its reader will see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// To which address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// As plain text.
    pub text: String,
    /// As HTML.
    pub html: String,
}

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_trim_blocks(true);
    // A template that asks for what nobody gave is wrong: better no mail than one with holes.
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    macro_rules! templates {
        ($($name:literal),+ $(,)?) => {$(
            environment.add_template($name, include_str!(concat!("templates/", $name))).expect("a template that can be read");
        )+};
    }
    templates!(
        "layout.html",
        "button.html",
        "en/invitation.txt",
        "en/invitation.html",
        "en/password_reset.txt",
        "en/password_reset.html",
        "en/password_changed.txt",
        "en/password_changed.html",
        "en/second_factor.txt",
        "en/second_factor.html",
        "sw/invitation.txt",
        "sw/invitation.html",
        "sw/password_reset.txt",
        "sw/password_reset.html",
        "sw/password_changed.txt",
        "sw/password_changed.html",
        "sw/second_factor.txt",
        "sw/second_factor.html",
    );
    environment
});

/// Languages that have templates; the first stands in for all others.
const LANGUAGES: [&str; 2] = ["en", "sw"];

fn language_of(wanted: &str) -> &'static str {
    let primary = wanted.split('-').next().unwrap_or_default();
    LANGUAGES.into_iter().find(|known| known.eq_ignore_ascii_case(primary)).unwrap_or(LANGUAGES[0])
}

/// Writes a mail: the first line of the plain text is the subject.
fn write(mail: &Mail) -> anyhow::Result<Written> {
    let (language, name) = (language_of(&mail.language), mail.template.name());
    let render = |kind: &str| -> anyhow::Result<String> {
        let path = format!("{language}/{name}.{kind}");
        let template = TEMPLATES.get_template(&path)?;
        template
            .render(minijinja::context! { language, ..minijinja::Value::from_serialize(&mail.data) })
            .with_context(|| format!("{path} cannot be written"))
    };
    let text = render("txt")?;
    let (subject, text) = text.split_once('\n').unwrap_or((&text, ""));
    // A name in it may hold anything; a header may not.
    let subject: String = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let text = format!("{}\n", text.trim());
    Ok(Written { to: mail.to.clone(), subject: subject.trim().to_owned(), text, html: render("html")? })
}

fn message(written: &Written, from: &str, id: &str, now: DateTime<Utc>) -> anyhow::Result<Message> {
    let to = Mailbox::new(None, written.to.parse().context("the address cannot be read")?);
    Ok(Message::builder()
        .from(from.parse().context("smtp.from is no mailbox")?)
        .to(to)
        .subject(&written.subject)
        .date(SystemTime::from(now))
        .message_id(Some(id.to_owned()))
        .multipart(MultiPart::alternative_plain_html(written.text.clone(), written.html.clone()))?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn data() -> Value {
        json!({"organization": "Umoja <b>&\r\nBcc: x@y.example", "name": "Asha", "url": "https://b.example/x?a=1&b=2",
               "days": 14, "minutes": 60, "enabled": true})
    }

    #[test]
    fn every_template_is_there_in_every_language_and_bears_hostile_names() {
        for template in
            [Template::Invitation, Template::PasswordReset, Template::PasswordChanged, Template::SecondFactor]
        {
            let mut seen = Vec::new();
            for language in ["en", "sw"] {
                let written = write(&Mail::new("a@b.example", template, language, data())).expect("writes");
                assert!(
                    !written.subject.is_empty() && !written.subject.contains(['\r', '\n']),
                    "{written:?}"
                );
                assert!(written.text.contains("https://b.example/x?a=1&b=2"), "{written:?}");
                assert!(written.html.contains("<html") && !written.html.contains("<b>&"), "{written:?}");
                let id = "<1@b.example>";
                let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a valid time");
                let message = message(&written, "Baraza <baraza@b.example>", id, now).expect("a message");
                let raw = String::from_utf8_lossy(&message.formatted()).into_owned();
                let head = raw.split("\r\n\r\n").next().unwrap_or_default();
                assert!(!head.contains("\r\nBcc:"), "{head}");
                seen.push(written.text);
            }
            assert_ne!(seen[0], seen[1]);
        }
    }

    #[test]
    fn other_languages_read_english_and_a_hole_is_an_error() {
        let of = |language: &str| write(&Mail::new("a@b.example", Template::Invitation, language, data()));
        assert_eq!(of("fr").expect("writes"), of("en").expect("writes"));
        assert_eq!(of("sw-KE").expect("writes"), of("sw").expect("writes"));
        assert!(write(&Mail::new("a@b.example", Template::Invitation, "en", json!({}))).is_err());
    }
}
