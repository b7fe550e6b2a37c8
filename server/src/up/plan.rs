//! Which port is whose: fixed from the first one on, so that two can run side by side.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, TcpListener, UdpSocket},
    time::Duration,
};

use anyhow::{Result, bail};
use tokio::time::Instant;

/// The ports of one `up`, all on loopback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub http: u16,
    pub livekit: u16,
    pub rtc_tcp: u16,
    pub rtc_udp: u16,
    pub s3: u16,
    pub postgres: u16,
}

impl Plan {
    /// The highest first port that leaves room for the others.
    pub const HIGHEST: i64 = u16::MAX as i64 - 5;

    /// The plan whose first port is `port`, which is at most [`Plan::HIGHEST`].
    pub fn starting_at(port: u16) -> Self {
        Self {
            http: port,
            livekit: port + 1,
            rtc_tcp: port + 2,
            rtc_udp: port + 3,
            s3: port + 4,
            postgres: port + 5,
        }
    }

    /// Where browsers find the pages; a name that they take for a secure context.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.http)
    }

    /// Where clients find LiveKit.
    pub fn livekit_url(&self) -> String {
        format!("ws://localhost:{}", self.livekit)
    }

    /// Where programs on this machine find the S3 store.
    pub fn s3_endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.s3)
    }

    /// Refuses when another program holds one of the ports. Waits a moment first: after a `kill -9` of the last `up`
    /// its children may still be on their way out.
    pub async fn check_free(&self) -> Result<()> {
        let patience = Instant::now() + Duration::from_secs(3);
        while let Some((port, what)) = self.taken() {
            if Instant::now() > patience {
                bail!(
                    "port {port}, which {what} needs, is taken by another program: stop that, or choose other ports with --port"
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    fn taken(&self) -> Option<(u16, &'static str)> {
        let tcp = [
            (self.http, "the web server"),
            (self.livekit, "LiveKit"),
            (self.rtc_tcp, "LiveKit (media over TCP)"),
            (self.s3, "the S3 store"),
            (self.postgres, "PostgreSQL"),
        ];
        let in_use = |error: std::io::Error| error.kind() == ErrorKind::AddrInUse;
        tcp.into_iter()
            .find(|(port, _)| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_err_and(in_use))
            .or_else(|| {
                let taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, self.rtc_udp)).is_err_and(in_use);
                taken.then_some((self.rtc_udp, "LiveKit (media over UDP)"))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_plans_six_apart_share_no_port() {
        let ports =
            |plan: Plan| [plan.http, plan.livekit, plan.rtc_tcp, plan.rtc_udp, plan.s3, plan.postgres];
        let (a, b) = (ports(Plan::starting_at(8080)), ports(Plan::starting_at(8086)));
        assert_eq!(a, [8080, 8081, 8082, 8083, 8084, 8085]);
        assert!(a.iter().all(|port| !b.contains(port)));
        assert_eq!(Plan::starting_at(u16::try_from(Plan::HIGHEST).expect("a port")).postgres, u16::MAX);
    }

    #[test]
    fn a_taken_port_is_named_with_its_purpose() {
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = other.local_addr().expect("an address").port();
        let plan = Plan { s3: port, ..Plan::starting_at(port.saturating_add(100).min(60_000)) };
        assert_eq!(plan.taken(), Some((port, "the S3 store")));
    }
}
