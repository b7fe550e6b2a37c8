//! Looks whether everything that a recording needs is there.

use std::{fmt::Write, time::Duration};

use anyhow::{Context, Result, bail};
use kernel::{
    clock::Clock,
    config::{Config, Encryption, Engine},
    db, ids,
    vault::Vault,
};
use tokio::{net::TcpStream, time};

use crate::{
    engine::{self, livekit_egress::Service},
    ledger,
};

/// One line of the table.
#[derive(Debug)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// What was found.
    pub found: Result<String>,
}

/// Looks at everything.
pub async fn examine(config: &Config, clock: &Clock) -> Vec<Finding> {
    let limit = Duration::from_secs(10);
    let within = async |check: &mut (dyn Future<Output = Result<String>> + Unpin)| {
        time::timeout(limit, check).await.unwrap_or_else(|_| bail!("no answer within {} s", limit.as_secs()))
    };
    let mut findings = vec![
        Finding { what: "GStreamer", found: gstreamer() },
        Finding { what: "spool folder", found: within(&mut Box::pin(spool(config))).await },
        Finding { what: "database", found: within(&mut Box::pin(database(config))).await },
        Finding { what: "vault", found: within(&mut Box::pin(vault(config, clock))).await },
        Finding { what: "LiveKit", found: within(&mut Box::pin(livekit(config))).await },
    ];
    if config.recorder.engine == Engine::LivekitEgress {
        let found = within(&mut Box::pin(livekit_egress(config))).await;
        findings.push(Finding { what: "LiveKit Egress", found });
    }
    findings
}

/// The findings as a table.
pub fn table(findings: &[Finding]) -> String {
    findings.iter().fold(String::new(), |mut table, finding| {
        let (mark, text) = match &finding.found {
            Ok(text) => ("ok", text.clone()),
            Err(error) => ("FAILED", format!("{error:#}")),
        };
        let _ = writeln!(table, "{mark:<8}{:<16}{text}", finding.what);
        table
    })
}

fn gstreamer() -> Result<String> {
    gst::init()?;
    let missing: Vec<_> =
        engine::ELEMENTS.iter().filter(|name| gst::ElementFactory::find(name).is_none()).copied().collect();
    if missing.is_empty() {
        Ok(gst::version_string().to_string())
    } else {
        bail!("these elements are missing: {}", missing.join(", "))
    }
}

async fn spool(config: &Config) -> Result<String> {
    let folder = &config.recorder.spool_dir;
    tokio::fs::create_dir_all(folder)
        .await
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    let probe = folder.join("probe");
    tokio::fs::write(&probe, b"probe")
        .await
        .with_context(|| format!("{} cannot be written", folder.display()))?;
    tokio::fs::remove_file(&probe).await?;
    Ok(folder.display().to_string())
}

async fn database(config: &Config) -> Result<String> {
    let pool = db::connect(config.database_url()?, 1)?;
    let mut tx = db::begin(&pool, db::Actor::System).await.context("cannot connect")?;
    let open = ledger::open(&mut tx).await.context("the table of recordings cannot be read")?;
    Ok(format!("{open} recordings open"))
}

async fn vault(config: &Config, clock: &Clock) -> Result<String> {
    let vault = Vault::new(&config.vault)?;
    vault.ensure_bucket().await?;
    vault.probe(ids::uuid_at(clock.now())).await?;
    let encrypted = match config.vault.encryption {
        Encryption::None => "",
        Encryption::SseS3 => ", encrypted with the store's keys",
        Encryption::SseKms => ", encrypted by the store's key management",
        Encryption::SseC => ", encrypted with our key",
    };
    let locked = config.vault.object_lock_days.map(|days| format!(", recordings locked for {days} days"));
    Ok(format!("bucket {} can be written{encrypted}{}", config.vault.bucket, locked.unwrap_or_default()))
}

async fn livekit(config: &Config) -> Result<String> {
    config.livekit_keys()?;
    let url = config.livekit_http_url();
    let (scheme, rest) = url.split_once("://").context("livekit.url is no URL")?;
    let host = rest.split('/').next().unwrap_or_default();
    let port = if scheme == "https" { 443 } else { 80 };
    let address = if host.rsplit(':').next().is_some_and(|end| end.parse::<u16>().is_ok()) {
        host.to_owned()
    } else {
        format!("{host}:{port}")
    };
    TcpStream::connect(&address).await.with_context(|| format!("{address} cannot be reached"))?;
    Ok(url)
}

/// Whether LiveKit knows of a recording service, and how that stores files. Whether a recorder of it is free shows only when
/// one is asked for.
async fn livekit_egress(config: &Config) -> Result<String> {
    let settings = &config.recorder.livekit_egress;
    Service::new(config)?
        .answers()
        .await
        .context("LiveKit does not list recordings; it needs Redis for that")?;
    let endpoint = settings.vault_endpoint.as_ref().or(config.vault.endpoint.as_ref());
    Ok(if settings.send_keys {
        let store = endpoint.map_or("AWS", String::as_str);
        format!("answers; it is told to store in bucket {} at {store}", config.vault.bucket)
    } else {
        format!("answers; its own storage has to be bucket {}", config.vault.bucket)
    })
}
