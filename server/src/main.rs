//! The program `baraza` with its verbs.

use anyhow::Result;
use clap::{Parser, Subcommand};
use kernel::{clock::Clock, config::Config};

/// Requests are many small pieces that live for a moment: with the system's allocator they take a third of the processor.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Self-hosted meetings on LiveKit, with a record that is true.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Start everything on this machine: database, media server, vault, control plane, recorder.
    Up(server::up::Args),
    /// Answer HTTP: the API, the web pages, webhooks, live events.
    Serve,
    /// Do the background work, when `serve` is told not to.
    Work,
    /// Bring the database to the newest schema.
    Migrate,
    /// Check the database, LiveKit and the vault, and say what is wrong.
    Doctor,
    /// Print the OpenAPI description.
    Openapi,
    /// Look after the platform.
    #[command(subcommand)]
    Admin(Admin),
}

#[derive(Subcommand)]
enum Admin {
    /// Print the token of the set-up link, or nothing once it was used.
    SetupToken,
    /// Verify that nobody has changed, removed, inserted or moved an entry of the audit log or of the trail of movements.
    ///
    /// One line each: what is wrong (organization, log, entry, time), then how each organization stands with its last
    /// seal. Fails when anything is wrong.
    Verify {
        /// The id of one organization; all when absent. Zeros for what belongs to none.
        #[arg(long)]
        organization: Option<uuid::Uuid>,
        /// A seal that was noted earlier, `<organization>:<number>:<hash>`: nothing before it may have changed. May be
        /// given more than once.
        #[arg(long, value_name = "SEAL")]
        noted: Vec<server::seals::model::Head>,
    },
    /// Look after webhooks that failed for good.
    #[command(subcommand)]
    Webhooks(Webhooks),
    /// Look after jobs (mail and the like) that failed for good.
    #[command(subcommand)]
    Jobs(Jobs),
}

#[derive(Subcommand)]
enum Jobs {
    /// One line each: id, name, time, attempts, error.
    List,
    /// Let one be tried again, or all; says how many.
    Replay {
        /// Its id; all when absent.
        id: Option<i64>,
    },
}

#[derive(Subcommand)]
enum Webhooks {
    /// One line each: id, source, kind, room, time, error.
    List,
    /// Let one be tried again.
    Replay {
        /// Its id.
        id: String,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    if !matches!(cli.verb, Verb::Up(_) | Verb::Openapi) {
        kernel::telemetry::init();
    }
    match cli.verb {
        Verb::Up(args) => server::up::run(args).await,
        Verb::Serve => server::serve::serve(Config::load()?, Clock::system()).await,
        Verb::Work => server::serve::work(Config::load()?, Clock::system()).await,
        Verb::Migrate => kernel::db::migrate(Config::load()?.database_url()?).await,
        Verb::Doctor => server::serve::doctor(Config::load()?).await,
        Verb::Openapi => print(&server::router::openapi_json()?),
        Verb::Admin(Admin::SetupToken) => match server::serve::setup_token(Config::load()?).await? {
            Some(token) => print(&token),
            None => Ok(()),
        },
        Verb::Admin(Admin::Verify { organization, noted }) => {
            let wanted = server::seals::verify::Wanted { organization, noted };
            server::serve::verify(Config::load()?, &wanted, print).await
        }
        Verb::Admin(Admin::Webhooks(Webhooks::List)) => {
            server::serve::dead_webhooks(Config::load()?).await?.iter().try_for_each(|line| print(line))
        }
        Verb::Admin(Admin::Webhooks(Webhooks::Replay { id })) => {
            server::serve::replay_webhook(Config::load()?, &id).await
        }
        Verb::Admin(Admin::Jobs(Jobs::List)) => {
            server::serve::dead_jobs(Config::load()?).await?.iter().try_for_each(|line| print(line))
        }
        Verb::Admin(Admin::Jobs(Jobs::Replay { id })) => {
            print(&server::serve::replay_jobs(Config::load()?, id).await?.to_string())
        }
    }
}

fn print(text: &str) -> Result<()> {
    use std::io::Write;
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}
