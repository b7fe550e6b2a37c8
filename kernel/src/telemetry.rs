//! Logging: structured lines on stderr, filtered by `BARAZA_LOG` (the syntax of `RUST_LOG`).

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// Starts logging. Lines are JSON when stderr is no terminal, so that a collector can read them.
pub fn init() {
    let filter = EnvFilter::try_from_env("BARAZA_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,graphile_worker=warn,aws=warn,hyper=warn"));
    let registry = tracing_subscriber::registry().with(filter);
    if std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        registry.with(fmt::layer().with_writer(std::io::stderr)).init();
    } else {
        registry.with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr)).init();
    }
}
