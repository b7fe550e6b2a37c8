//! A mail server that keeps what it is given: SMTP (RFC 5321) with AUTH PLAIN, as far as a submission needs it.

use std::sync::{Arc, Mutex, PoisonError};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// A mail as it arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// Headers and body, without the dots of the protocol.
    pub data: String,
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    /// What recipients are answered instead of 250.
    refusal: Option<String>,
    /// `user:password`, when one has to sign in.
    login: Option<String>,
    commands: Vec<String>,
}

/// The server; it ends with the test's runtime.
#[derive(Clone)]
pub struct FakeSmtp {
    /// Where it listens, on loopback.
    pub port: u16,
    state: Arc<Mutex<State>>,
}

impl FakeSmtp {
    /// Starts it.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let server = Self { port, state: Arc::default() };
        let state = server.state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = state.clone();
                // A client that goes away in the middle has sent nothing.
                tokio::spawn(async move { drop(serve(stream, &state).await) });
            }
        });
        server
    }

    /// The mail that arrived.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.state).received.clone()
    }

    /// The commands that arrived, without their arguments.
    pub fn commands(&self) -> Vec<String> {
        lock(&self.state).commands.clone()
    }

    /// Answers recipients with `answer` (`550 no such user`) from now on; `None` takes them.
    pub fn refuse(&self, answer: Option<&str>) {
        lock(&self.state).refusal = answer.map(ToOwned::to_owned);
    }

    /// Takes mail only from whoever signs in.
    pub fn require_login(&self, user: &str, password: &str) {
        lock(&self.state).login = Some(format!("{user}:{password}"));
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 sink.example.test ESMTP\r\n").await?;
    let (mut mail, mut signed_in) = (Received::default(), false);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let (verb, rest) = line.split_once([' ', ':']).unwrap_or((line, ""));
        let verb = verb.to_ascii_uppercase();
        lock(state).commands.push(verb.clone());
        let needs_login = lock(state).login.is_some() && !signed_in;
        let answer = match verb.as_str() {
            "EHLO" => "250-sink.example.test\r\n250-8BITMIME\r\n250 AUTH PLAIN".to_owned(),
            "AUTH" => {
                let given =
                    rest.split(' ').nth(1).and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
                let given = String::from_utf8_lossy(&given).trim_start_matches('\0').replace('\0', ":");
                signed_in = lock(state).login.as_deref() == Some(&given);
                if signed_in { "235 welcome" } else { "535 wrong name or password" }.to_owned()
            }
            "MAIL" if needs_login => "530 sign in first".to_owned(),
            "MAIL" => {
                mail = Received { from: address(rest), ..Received::default() };
                "250 ok".to_owned()
            }
            "RCPT" => {
                let refusal = lock(state).refusal.clone();
                if refusal.is_none() {
                    mail.to.push(address(rest));
                }
                refusal.unwrap_or_else(|| "250 ok".to_owned())
            }
            "DATA" if mail.to.is_empty() => "503 to whom?".to_owned(),
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                mail.data = data(&mut stream).await?;
                lock(state).received.push(std::mem::take(&mut mail));
                "250 kept".to_owned()
            }
            "RSET" | "NOOP" => "250 ok".to_owned(),
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "502 not known here".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

/// What stands between the angle brackets.
fn address(rest: &str) -> String {
    rest.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}

async fn data(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
