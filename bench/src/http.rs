//! A load of HTTP requests over connections that stay open. The requests are bytes made beforehand, so that the load
//! itself costs little of the machine that it shares with what it measures.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What a load saw.
pub struct Outcome {
    pub rate: f64,
    pub errors: usize,
    /// Milliseconds of every answer.
    pub latencies: Vec<f64>,
}

impl Outcome {
    /// The latency in milliseconds below which `share` of the answers came.
    pub fn percentile(&self, share: f64) -> f64 {
        percentile(&self.latencies, share)
    }
}

/// The value below which `share` of the values lie.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    let index = ((values.len() as f64 * share) as usize).min(values.len().saturating_sub(1));
    values.get(index).copied().unwrap_or(f64::NAN)
}

/// One request as bytes.
pub fn request(method: &str, host: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let headers = headers.iter().fold(String::new(), |all, (name, value)| all + name + ": " + value + "\r\n");
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Sends `requests` over `connections` for `seconds`. Each connection takes every n-th request, again from the start
/// when `again`, else until its share is used up; the next at once, or with `every` that long after the one before began.
pub async fn load(
    host: &str,
    requests: Arc<Vec<Vec<u8>>>,
    connections: usize,
    seconds: u64,
    again: bool,
    every: Option<Duration>,
) -> Result<Outcome> {
    let until = Instant::now() + Duration::from_secs(seconds);
    let started = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|first| {
            let (host, requests) = (host.to_owned(), requests.clone());
            tokio::spawn(async move {
                // Not all in the same moment.
                let nth = u32::try_from(first)?;
                tokio::time::sleep(every.unwrap_or_default() * nth / u32::try_from(connections)?).await;
                one_connection(&host, &requests, first, connections, until, again, every).await
            })
        })
        .collect();
    let (mut latencies, mut errors) = (Vec::new(), 0);
    for task in tasks {
        let (mine, failed) = task.await??;
        latencies.extend(mine);
        errors += failed;
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let rate = (latencies.len() - errors) as f64 / started.elapsed().as_secs_f64();
    Ok(Outcome { rate, errors, latencies })
}

async fn one_connection(
    host: &str,
    requests: &[Vec<u8>],
    first: usize,
    step: usize,
    until: Instant,
    again: bool,
    every: Option<Duration>,
) -> Result<(Vec<f64>, usize)> {
    let mut ticks = every.map(tokio::time::interval);
    let mut stream = TcpStream::connect(host).await?;
    stream.set_nodelay(true)?;
    let (mut latencies, mut errors, mut next) = (Vec::new(), 0, first);
    let mut buffer = Vec::with_capacity(16 * 1024);
    while Instant::now() < until {
        if next >= requests.len() {
            if !again {
                break;
            }
            next = first % requests.len();
        }
        if let Some(ticks) = &mut ticks {
            ticks.tick().await;
        }
        let sent = Instant::now();
        stream.write_all(&requests[next]).await?;
        let status = read_answer(&mut stream, &mut buffer).await?;
        latencies.push(sent.elapsed().as_secs_f64() * 1000.0);
        errors += usize::from(status != 200);
        next += step;
    }
    Ok((latencies, errors))
}

async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<u16> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        let Some(head) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&buffer[..head])?;
        let status = text.split(' ').nth(1).and_then(|code| code.parse().ok()).context("no status")?;
        let length: usize = text
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok())
            .unwrap_or(0);
        let mut missing = (head + 4 + length).saturating_sub(buffer.len());
        while missing > 0 {
            let read = stream.read_buf(buffer).await?;
            if read == 0 {
                bail!("the server closed the connection");
            }
            missing = missing.saturating_sub(read);
        }
        return Ok(status);
    }
}
