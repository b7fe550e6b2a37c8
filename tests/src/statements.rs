//! Counts the statements that single requests send to the database.

use std::{
    collections::HashMap,
    fmt::{Debug, Write},
    sync::{
        LazyLock, Mutex, Once,
        atomic::{AtomicUsize, Ordering},
    },
};

use reqwest::Method;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{
    Layer, Registry, filter,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};

use crate::Api;

/// What the database driver says after each statement.
const STATEMENT: &str = "sqlx::query";
/// The span in which the service answers a request.
const REQUEST: &str = "request";

static COUNTED: LazyLock<Mutex<HashMap<String, usize>>> = LazyLock::new(Mutex::default);

/// How many statements `GET path` takes.
pub async fn count(api: &Api, path: &str) -> usize {
    static LISTENING: Once = Once::new();
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    LISTENING.call_once(|| {
        let heard = filter::filter_fn(|of| of.target() == STATEMENT || of.is_span() && of.name() == REQUEST);
        let listener = Registry::default().with(Listener.with_filter(heard));
        tracing::subscriber::set_global_default(listener).expect("nobody else listens");
    });
    let id = format!("statements-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    api.send(api.request(Method::GET, path).header("x-correlation-id", &id)).await.is(200);
    COUNTED.lock().expect("no panic").remove(&id).unwrap_or(0)
}

/// The correlation id of a request, kept with its span.
struct Correlation(String);

struct Listener;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Listener {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut found = Correlation(String::new());
        attributes.record(&mut found);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(found);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        // A fresh connection asks for types that the driver doesn't know yet; that is not the request's doing.
        if text.0.contains("pg_catalog") || text.0.contains("regtype") {
            return;
        }
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(Correlation(id)) = span.extensions().get() {
                *COUNTED.lock().expect("no panic").entry(id.clone()).or_default() += 1;
            }
        }
    }
}

/// What a statement says.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if matches!(field.name(), "summary" | "db.statement") {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

impl Visit for Correlation {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "correlation_id" {
            self.0 = format!("{value:?}");
        }
    }
}
