//! The verbs of the program: what runs in which process.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use kernel::{clock::Clock, config::Config};
use tokio::net::TcpListener;

use crate::{accounts, app::App, router};

/// Answers HTTP until told to stop; does the background work too, unless configured not to.
///
/// # Errors
/// A configuration that lacks something, or an address that is taken.
pub async fn serve(config: Config, clock: Clock) -> Result<()> {
    let listen = config.server.listen;
    let app = App::new(config, clock)?;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    tracing::info!(%listen, "serving");
    let service = router::router(app).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop_signal()).await?;
    Ok(())
}

/// Does the background work until told to stop.
///
/// # Errors
/// A configuration that lacks something.
pub async fn work(config: Config, clock: Clock) -> Result<()> {
    let _app = App::new(config, clock)?;
    stop_signal().await;
    Ok(())
}

/// Checks what the program needs, and says what is wrong.
///
/// # Errors
/// When a check fails.
pub async fn doctor(config: Config) -> Result<()> {
    let app = App::new(config, Clock::system())?;
    let mut tx = app.begin_system().await.map_err(|problem| anyhow::anyhow!(problem.detail))?;
    accounts::is_set_up(&mut tx).await.context("the database does not answer")?;
    app.livekit.room_sids(Vec::new()).await.context("LiveKit does not answer")?;
    Ok(())
}

/// The token of the set-up link; `None` once it was used.
///
/// # Errors
/// A configuration that lacks something, or no database.
pub async fn setup_token(config: Config) -> Result<Option<String>> {
    let app = App::new(config, Clock::system())?;
    let mut tx = app.begin_system().await.map_err(|problem| anyhow::anyhow!(problem.detail))?;
    let done = accounts::is_set_up(&mut tx).await?;
    Ok((!done).then(|| app.tokens.setup_token().to_owned()))
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut stream) => {
                stream.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminate => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    tracing::info!("stopping");
}
