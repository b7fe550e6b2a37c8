//! The reference: pgbench on the same cluster, with as many clients.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

/// Tables of their own beside the platform's, filled as far as the reference reads them.
pub fn prepare(database_url: &str) -> Result<()> {
    let sql = "drop table if exists bench_rows, bench_log;
        create table bench_rows (id bigint primary key, payload text not null);
        insert into bench_rows select n, repeat('x', 100) from generate_series(1, 100000) n;
        create table bench_log (id bigint generated always as identity primary key, row bigint not null,
            payload text not null, at timestamptz not null default now());
        analyze bench_rows;";
    psql(database_url, &["-v", "ON_ERROR_STOP=1", "-c", sql]).map(drop)
}

/// What psql prints, without decoration.
pub fn psql(database_url: &str, args: &[&str]) -> Result<String> {
    let output = Command::new(program("psql")?)
        .args(["-q", "-A", "-t", "-X"])
        .args(args)
        .arg(database_url)
        .output()?;
    ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// Transactions per second of `script`.
pub fn rate(database_url: &str, script: &str, connections: usize, seconds: u64) -> Result<f64> {
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), script)?;
    let output = Command::new(program("pgbench")?)
        .args([
            "-n",
            "-M",
            "prepared",
            "-j",
            "2",
            "-c",
            &connections.to_string(),
            "-T",
            &seconds.to_string(),
            "-f",
        ])
        .arg(file.path())
        .arg(database_url)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok())
        .with_context(|| format!("pgbench told no rate: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// A program of PostgreSQL: on the PATH, or where Debian keeps it.
fn program(name: &str) -> Result<PathBuf> {
    let on_path = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect::<Vec<_>>())
        .unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"));
    on_path
        .into_iter()
        .chain(versions)
        .map(|folder: PathBuf| folder.join(name))
        .find(|file: &PathBuf| Path::is_file(file))
        .with_context(|| format!("{name} is not installed"))
}
