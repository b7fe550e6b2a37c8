//! The platform under measurement, started as a newcomer would.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Everybody's password.
const PASSWORD: &str = "bench password";

/// A running platform; stopped when dropped.
pub struct Platform {
    child: Child,
    ready: Value,
    data: TempDir,
    members: AtomicUsize,
    pub client: Client,
    pub admin: String,
    pub organization: String,
}

impl Platform {
    /// Starts it on a folder and ports of its own and sets it up.
    pub async fn start(port: u16) -> Result<Self> {
        let data = tempfile::Builder::new().prefix("baraza-bench-").tempdir()?;
        let mut child = Command::new("./baraza")
            .args(["up", "--json", "--no-build", "--port", &port.to_string(), "--data"])
            .arg(data.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start ./baraza; run this from the project's root")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line).context("`baraza up` did not come up")?;
        let client = Client::new();
        let setup = json!({
            "setup_token": ready["setup_token"], "email": "admin@bench.example", "password": PASSWORD,
            "name": "Admin", "organization_name": "Bench"
        });
        let url = format!("{}/api/v1", ready["url"].as_str().context("no url")?);
        let session: Value = client
            .post(format!("{url}/auth/setup"))
            .json(&setup)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        let admin = session["access_token"].as_str().context("no token")?.to_owned();
        let me: Value = client.get(format!("{url}/me")).bearer_auth(&admin).send().await?.json().await?;
        let organization =
            me["memberships"][0]["organization"]["id"].as_str().context("no organization")?.to_owned();
        Ok(Self { child, ready, data, members: AtomicUsize::new(0), client, admin, organization })
    }

    /// A value of the line that `up --json` prints.
    pub fn value(&self, key: &str) -> Result<&str> {
        self.ready[key].as_str().with_context(|| format!("`up --json` told no {key}"))
    }

    /// Calls the API and wants success.
    pub async fn post(&self, token: &str, path: &str, body: &Value) -> Result<Value> {
        let url = format!("{}/api/v1{path}", self.value("url")?);
        let answer = self.client.post(url).bearer_auth(token).json(body).send().await?;
        ensure!(answer.status().is_success(), "{path} answered {}", answer.status());
        Ok(answer.json().await?)
    }

    /// Where it listens, as `host:port`.
    pub fn host(&self) -> Result<String> {
        Ok(self.value("url")?.trim_start_matches("http://").replace("localhost", "127.0.0.1"))
    }

    /// Asks the API as the administrator and wants success.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let url = format!("{}/api/v1{path}", self.value("url")?);
        let answer = self.client.get(url).bearer_auth(&self.admin).send().await?;
        ensure!(answer.status().is_success(), "{path} answered {}", answer.status());
        Ok(answer.json().await?)
    }

    /// The process id of one of its parts.
    pub fn pid(&self, part: &str) -> Result<u32> {
        let pid = self.ready["pids"][part]
            .as_u64()
            .with_context(|| format!("`up --json` told no pid of {part}"))?;
        Ok(pid.try_into()?)
    }

    /// Makes a member of the organization; gives id and e-mail address.
    pub async fn member(&self) -> Result<(Value, String)> {
        let number = self.members.fetch_add(1, Ordering::Relaxed);
        let email = format!("member{number}@bench.example");
        let mut body = Self::credentials(&email);
        body["name"] = format!("Member {number}").into();
        body["role"] = "member".into();
        let path = format!("/organizations/{}/members", self.organization);
        let added = self.post(&self.admin, &path, &body).await?;
        Ok((added["user"]["id"].clone(), email))
    }

    /// What a member signs in with.
    pub fn credentials(email: &str) -> Value {
        json!({"email": email, "password": PASSWORD})
    }

    /// Resident memory of `serve` in megabytes, as the kernel tells it.
    pub fn serve_resident_megabytes(&self) -> Result<f64> {
        let pid = &self.ready["pids"]["serve"];
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        let kilobytes: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
        Ok(kilobytes / 1024.0)
    }

    /// LiveKit's key pair of this platform.
    pub fn livekit_keys(&self) -> Result<(String, String)> {
        let pid = &self.ready["pids"]["serve"];
        let environment = std::fs::read(format!("/proc/{pid}/environ"))?;
        let value = |name: &str| {
            environment
                .split(|byte| *byte == 0)
                .filter_map(|pair| std::str::from_utf8(pair).ok()?.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned())
                .with_context(|| format!("serve has no {name}"))
        };
        Ok((value("BARAZA__LIVEKIT__API_KEY")?, value("BARAZA__LIVEKIT__API_SECRET")?))
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
        // The folder goes when `data` is dropped, after everything in it has stopped.
        let _ = self.data.path();
    }
}
