//! A real S3 store for the tests that need one: versitygw over a temporary folder, one per process.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::sync::OnceCell;

use crate::database::aside;

/// The store's access key.
pub const ACCESS_KEY: &str = "tests";
/// The store's secret key.
pub const SECRET_KEY: &str = "a secret of the tests";

/// Ends the store when this process has gone, however it went: then its input ends.
const WITH_US: &str = r#""$@" & store=$!; cat; kill "$store"; wait "$store"; rm -rf "$FOLDER""#;

/// A running store.
pub struct Store {
    /// Where it answers.
    pub endpoint: String,
    _child: Child,
}

static STORE: OnceCell<Store> = OnceCell::const_new();

/// The store of this process, started when first needed.
pub async fn store() -> &'static Store {
    STORE.get_or_init(|| async { aside(start).await }).await
}

async fn start() -> Store {
    let program = find("versitygw").expect(
        "versitygw is neither in $BARAZA_TOOLS/bin, nor in ~/.cache/baraza/bin, nor on the PATH; `./baraza test` installs it",
    );
    let folder = tempfile::Builder::new().prefix("baraza-vault-").tempdir().expect("a folder").keep();
    // Beside the objects: not every file system keeps extended attributes.
    let (objects, notes) = (folder.join("objects"), folder.join("notes"));
    std::fs::create_dir(&objects).and_then(|()| std::fs::create_dir(&notes)).expect("folders");
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|free| free.local_addr())
        .expect("a free port")
        .port();
    let address = format!("127.0.0.1:{port}");
    #[expect(clippy::zombie_processes, reason = "it ends with this process, which it watches")]
    let child = Command::new("sh")
        .args(["-c", WITH_US, "sh"])
        .arg(program)
        .args(["--access", ACCESS_KEY, "--secret", SECRET_KEY, "--port", &address, "--quiet", "posix"])
        .arg("--sidecar")
        .arg(&notes)
        .arg(&objects)
        .env("FOLDER", &folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh");
    for _ in 0..200 {
        if tokio::net::TcpStream::connect(&address).await.is_ok() {
            return Store { endpoint: format!("http://{address}"), _child: child };
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("versitygw does not answer at {address}");
}

fn find(program: &str) -> Option<PathBuf> {
    let tools = std::env::var_os("BARAZA_TOOLS").map(|tools| Path::new(&tools).join("bin"));
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))
        .map(|cache| cache.join("baraza/bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    tools
        .into_iter()
        .chain(cache)
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(program))
        .find(|it| it.is_file())
}
