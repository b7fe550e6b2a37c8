//! LiveKit, configured by the top-level `livekit.yaml` with what belongs to this machine filled in.

use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::Signal;
use yaml_serde::{Mapping, Value};

use super::{
    children::Child,
    folder::Folder,
    plan::Plan,
    process::{Probe, Service, Stop, tethered},
    secrets::Secrets,
};

const TEMPLATE: &str = include_str!("../../../livekit.yaml");

/// How to run it.
pub(super) fn service(folder: &Folder, secrets: &Secrets, plan: &Plan) -> Result<Service> {
    let webhook = std::env::var("BARAZA_WEBHOOK_URL")
        .unwrap_or_else(|_| format!("http://127.0.0.1:{}/api/v1/webhooks/livekit", plan.http));
    let file = folder.write_private("livekit.yaml", &render(TEMPLATE, secrets, plan, &webhook)?)?;
    let program = std::env::var_os("BARAZA_LIVEKIT_SERVER").unwrap_or_else(|| "livekit-server".into());
    let mut command = tethered(program, Signal::SIGKILL, None);
    command.arg("--config").arg(file);
    // These would go before the file.
    for name in ["LIVEKIT_CONFIG", "LIVEKIT_KEYS", "NODE_IP", "UDP_PORT", "REDIS_HOST"] {
        command.env_remove(name);
    }
    Ok(Service {
        child: Child::Livekit,
        command,
        log: folder.log("livekit"),
        probe: Probe::Http(format!("http://127.0.0.1:{}/", plan.livekit)),
        // The first asks it to wait until everybody has left, the second not to.
        stop: Stop {
            signals: &[Signal::SIGTERM, Signal::SIGTERM],
            grace: Duration::from_secs(5),
            last: Signal::SIGKILL,
        },
        cluster: None,
    })
}

/// Fills in keys, ports, the webhook's address and loopback.
fn render(template: &str, secrets: &Secrets, plan: &Plan, webhook: &str) -> Result<String> {
    let mut config: Value = yaml_serde::from_str(template).context("livekit.yaml is no YAML")?;
    let loopback = "127.0.0.1";
    set(&mut config, &["port"], plan.livekit)?;
    set(&mut config, &["bind_addresses"], vec![loopback])?;
    set(&mut config, &["rtc", "tcp_port"], plan.rtc_tcp)?;
    set(&mut config, &["rtc", "udp_port"], plan.rtc_udp)?;
    set(&mut config, &["rtc", "node_ip"], loopback)?;
    set(&mut config, &["rtc", "use_external_ip"], false)?;
    set(&mut config, &["rtc", "enable_loopback_candidate"], true)?;
    set(&mut config, &["rtc", "ips", "includes"], vec![format!("{loopback}/32")])?;
    set(&mut config, &["keys"], Mapping::new())?;
    set(&mut config, &["keys", &secrets.livekit_key], secrets.livekit_secret.as_str())?;
    set(&mut config, &["webhook", "api_key"], secrets.livekit_key.as_str())?;
    set(&mut config, &["webhook", "urls"], vec![webhook])?;
    Ok(yaml_serde::to_string(&config)?)
}

fn set(config: &mut Value, path: &[&str], value: impl Into<Value>) -> Result<()> {
    let (last, sections) = path.split_last().context("an empty path")?;
    let mut place = config;
    for name in sections {
        let section =
            place.as_mapping_mut().with_context(|| format!("{name} in livekit.yaml stands in no section"))?;
        place = section.entry((*name).into()).or_insert_with(|| Mapping::new().into());
    }
    place
        .as_mapping_mut()
        .with_context(|| format!("{} in livekit.yaml is no section", sections.join(".")))?
        .insert((*last).into(), value.into());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        Secrets {
            tokens_secret: String::new(),
            livekit_key: "APIkey".into(),
            livekit_secret: "123".into(),
            vault_access_key: String::new(),
            vault_secret_key: String::new(),
            postgres_password: String::new(),
            postgres_superuser_password: String::new(),
        }
    }

    fn rendered(template: &str) -> Value {
        let text = render(template, &secrets(), &Plan::starting_at(9000), "http://127.0.0.1:1/hook")
            .expect("renders");
        yaml_serde::from_str(&text).expect("is YAML")
    }

    #[test]
    fn what_belongs_to_this_machine_is_filled_in_and_the_rest_is_kept() {
        let config = rendered(TEMPLATE);
        assert_eq!(config["port"], 9001);
        assert_eq!(config["rtc"]["tcp_port"], 9002);
        assert_eq!(config["rtc"]["udp_port"], 9003);
        assert_eq!(config["rtc"]["node_ip"], "127.0.0.1");
        assert_eq!(config["webhook"]["api_key"], "APIkey");
        assert_eq!(config["webhook"]["urls"][0], "http://127.0.0.1:1/hook");
        assert_eq!(config["room"]["auto_create"], true);
        assert_eq!(config["webhook"]["resource_url_notifier"]["max_age"], "10m");
    }

    #[test]
    fn the_keys_of_this_machine_are_the_only_ones_and_stay_text() {
        let config = rendered("keys: {other: secret}\n");
        let keys = config["keys"].as_mapping().expect("a mapping");
        assert_eq!(keys.len(), 1);
        assert_eq!(keys["APIkey"], "123", "a secret of digits is still no number");
    }
}
