//! The recorder beside a recorder with a browser: Chromium in Xvfb shows the same room, and ffmpeg grabs the screen into
//! H.264 of the same size, rate, preset and quality. Both record at the same time, on the same machine.
//!
//! The cameras show moving pictures with grain. The browser's recording has no sound, which the recorder's has: that
//! favors the browser, as does a page that shows the videos and nothing else.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use jsonwebtoken::{EncodingKey, Header};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{Args, platform::Platform};

/// The cameras of each room, and the size that fits their tiles.
const ROOMS: [(usize, &str); 4] = [(1, "1280x720"), (4, "640x360"), (9, "428x240"), (25, "256x144")];
/// Pictures a second that a camera gives.
const CAMERA_RATE: usize = 15;
/// Seconds of moving pictures, which are shown over and over.
const CLIP_SECONDS: usize = 4;
/// How long both may take until they record everybody.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long both record before they are measured.
const SETTLED: Duration = Duration::from_secs(5);
/// Of the browser's processor time and memory, with four cameras.
const WANTED: (f64, f64) = (0.75, 0.33);
const DISPLAY: &str = ":93";

/// What one way of recording took.
#[derive(Debug, Clone, Copy, Serialize)]
struct Cost {
    cpu_seconds_per_minute: f64,
    memory_mb: f64,
}

#[derive(Debug, Serialize)]
struct Line {
    bench: &'static str,
    cameras: usize,
    seconds: u64,
    recorder: Cost,
    browser: Cost,
    cpu_ratio: f64,
    memory_ratio: f64,
}

/// Records rooms of some sizes in both ways, and prints what they took.
pub async fn run(out: &mut impl Write, platform: &Platform, args: &Args) -> Result<()> {
    for program in ["Xvfb", "chromium", "ffmpeg", "node"] {
        let there = Command::new("which").arg(program).stdout(Stdio::null()).status()?.success();
        ensure!(there, "{program} is not installed");
    }
    for (cameras, size) in ROOMS {
        let line = room(platform, cameras, size, args.seconds).await?;
        writeln!(
            out,
            "recording of {cameras} cameras: {:.1} CPU s/min and {:.0} MB, with a browser {:.1} CPU s/min and {:.0} MB: {:.2} and {:.2} of it{}",
            line.recorder.cpu_seconds_per_minute,
            line.recorder.memory_mb,
            line.browser.cpu_seconds_per_minute,
            line.browser.memory_mb,
            line.cpu_ratio,
            line.memory_ratio,
            if cameras == 4 {
                format!(" (wanted: at most {} and {})", WANTED.0, WANTED.1)
            } else {
                String::new()
            },
        )?;
        writeln!(out, "{}", serde_json::to_string(&line)?)?;
    }
    Ok(())
}

async fn room(platform: &Platform, cameras: usize, size: &str, seconds: u64) -> Result<Line> {
    let folder = tempfile::tempdir()?;
    let clip = clip(folder.path(), size)?;
    let path = format!("/organizations/{}/meetings", platform.organization);
    let start = kernel::clock::Clock::system().now();
    let meeting =
        platform.post(&platform.admin, &path, &json!({"title": "Bench", "scheduled_start": start})).await?;
    let meeting = meeting["id"].as_str().context("no meeting")?;
    let door = platform.post(&platform.admin, &format!("/meetings/{meeting}/join"), &json!({})).await?;
    let text = |key: &str| door[key].as_str().with_context(|| format!("joining gave no {key}"));
    let (url, host) = (text("server_url")?, text("token")?);
    let room = text("room_name")?;
    let mut running = Vec::new();
    for camera in 0..cameras {
        let token = if camera == 0 {
            host.to_owned()
        } else {
            token(platform, room, &format!("camera-{camera}"), true)?
        };
        running.push(publisher(url, &token, &clip, size)?);
    }

    let path = format!("/meetings/{meeting}/recordings");
    let deadline = Instant::now() + PATIENCE;
    let recording = loop {
        match platform.post(&platform.admin, &path, &json!({"layout": "grid"})).await {
            Ok(recording) => break recording,
            // The room has to have begun.
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(_) => sleep(Duration::from_millis(200)).await,
        }
    };
    let recording = format!("/recordings/{}", recording["id"].as_str().context("no recording")?);
    until(deadline, async || Ok(platform.get(&recording).await?["status"] == "recording")).await?;

    let browser = browser(folder.path(), url, &token(platform, room, "browser", false)?, cameras)?;
    let browser_pids: Vec<u32> = browser.iter().map(|child| child.0.id()).collect();
    let recorder_pid = [platform.pid("egress")?];
    sleep(SETTLED).await;
    let began = Instant::now();
    let before = (cpu_seconds(&recorder_pid)?, cpu_seconds(&browser_pids)?);
    sleep(Duration::from_secs(seconds)).await;
    let minutes = began.elapsed().as_secs_f64() / 60.0;
    let cost = |pids: &[u32], before: f64| -> Result<Cost> {
        Ok(Cost {
            cpu_seconds_per_minute: (cpu_seconds(pids)? - before) / minutes,
            memory_mb: memory_mb(pids)?,
        })
    };
    let (recorder, browser_cost) = (cost(&recorder_pid, before.0)?, cost(&browser_pids, before.1)?);
    drop(browser);
    let grabbed = fs::metadata(folder.path().join("browser.mp4"))?.len();
    ensure!(grabbed > 0, "the browser's recording is empty");
    platform.post(&platform.admin, &format!("{recording}/stop"), &json!({})).await?;
    until(Instant::now() + PATIENCE, async || Ok(platform.get(&recording).await?["status"] == "available"))
        .await?;
    drop(running);
    Ok(Line {
        bench: "recorder",
        cameras,
        seconds,
        recorder,
        browser: browser_cost,
        cpu_ratio: recorder.cpu_seconds_per_minute / browser_cost.cpu_seconds_per_minute,
        memory_ratio: recorder.memory_mb / browser_cost.memory_mb,
    })
}

async fn until(deadline: Instant, is: impl AsyncFn() -> Result<bool>) -> Result<()> {
    while !is().await? {
        ensure!(Instant::now() < deadline, "it took too long");
        sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

// What runs ---------------------------------------------------------------------------------------------------------

/// A program that ends with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // ffmpeg finishes its file, Chromium ends its children.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// Moving pictures with the grain of a camera, as raw frames.
fn clip(folder: &Path, size: &str) -> Result<PathBuf> {
    let file = folder.join("clip.yuv");
    let source = format!(
        "mandelbrot=size={size}:rate={CAMERA_RATE}:start_scale=1:end_scale=0.1:end_pts=200,noise=alls=8:allf=t"
    );
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", &source, "-t", &CLIP_SECONDS.to_string()])
        .args(["-pix_fmt", "yuv420p", "-f", "rawvideo"])
        .arg(&file)
        .status()?;
    ensure!(made.success(), "ffmpeg made no clip");
    Ok(file)
}

fn publisher(url: &str, token: &str, clip: &Path, size: &str) -> Result<Running> {
    let child = Command::new("node")
        .args(["tests/e2e/lib/publisher.mjs", "--url", url, "--token", token, "--size", size, "--clip"])
        .arg(clip)
        .args(["--fps", &CAMERA_RATE.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("node does not start")?;
    Ok(Running(child))
}

/// A screen, the browser that shows the room on it, and ffmpeg that grabs it. Returns when all cameras are seen.
fn browser(folder: &Path, url: &str, token: &str, cameras: usize) -> Result<[Running; 3]> {
    fs::write(folder.join("grid.html"), include_str!("recorder.html"))?;
    let library = "livekit-client.umd.js";
    fs::copy(Path::new("web/node_modules/livekit-client/dist").join(library), folder.join(library))?;
    let screen = Command::new("Xvfb")
        .args([DISPLAY, "-screen", "0", "1280x720x24", "-nolisten", "tcp"])
        .stderr(Stdio::null())
        .spawn()?;
    let screen = Running(screen);
    let mut page = reqwest::Url::from_file_path(folder.join("grid.html"))
        .map_err(|()| anyhow::anyhow!("the page has no address"))?;
    page.set_fragment(Some(&json!({"url": url, "token": token}).to_string()));
    let mut chromium = Command::new("chromium")
        .env("DISPLAY", DISPLAY)
        .args([
            "--no-sandbox",
            "--disable-gpu",
            "--kiosk",
            "--no-first-run",
            "--mute-audio",
            "--disable-dev-shm-usage",
        ])
        .args([
            "--autoplay-policy=no-user-gesture-required",
            "--window-size=1280,720",
            "--window-position=0,0",
        ])
        .args(["--allow-file-access-from-files", "--enable-logging=stderr"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("--app={page}"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let said = BufReader::new(chromium.stderr.take().context("no output")?);
    let chromium = Running(chromium);
    let all = format!("showing {cameras}\"");
    let mut lines = said.lines();
    let shown = lines.by_ref().map_while(Result::ok).any(|line| line.contains(&all));
    ensure!(shown, "the browser does not show the room");
    // Whatever else it says must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    let ffmpeg = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            "x11grab",
            "-draw_mouse",
            "0",
            "-framerate",
            "25",
            "-video_size",
            "1280x720",
        ])
        .args(["-i", DISPLAY, "-c:v", "libx264", "-preset", "superfast", "-crf", "23", "-maxrate", "2500k"])
        .args([
            "-bufsize",
            "5000k",
            "-bf",
            "0",
            "-g",
            "50",
            "-sc_threshold",
            "0",
            "-pix_fmt",
            "yuv420p",
            "-y",
        ])
        .arg(folder.join("browser.mp4"))
        .stdin(Stdio::null())
        .spawn()?;
    Ok([Running(ffmpeg), chromium, screen])
}

/// A token for a room, of somebody whom nobody else sees unless they publish.
fn token(platform: &Platform, room: &str, identity: &str, publishes: bool) -> Result<String> {
    let (key, secret) = platform.livekit_keys()?;
    let now = kernel::clock::Clock::system().now().timestamp();
    let grant: Value = json!({"roomJoin": true, "room": room, "canPublish": publishes, "canSubscribe": !publishes,
                              "hidden": !publishes, "recorder": !publishes});
    let claims = json!({"iss": key, "sub": identity, "nbf": now - 5, "exp": now + 3600, "video": grant});
    Ok(jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret.as_bytes()))?)
}

// What it takes -----------------------------------------------------------------------------------------------------

/// Processes and all their children.
fn tree(roots: &[u32]) -> Result<Vec<u32>> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // Another process may end meanwhile.
        if let Some(parent) = stat(pid).and_then(|stat| stat.get(1)?.parse().ok()) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut all = roots.to_vec();
    let mut next = 0;
    while let Some(pid) = all.get(next) {
        all.extend(children.get(pid).into_iter().flatten());
        next += 1;
    }
    Ok(all)
}

/// The fields of `/proc/<pid>/stat` after the name: state, parent, and so on (proc(5)).
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit_once(')')?.1.split_whitespace().map(ToOwned::to_owned).collect())
}

/// Seconds of processor time that processes and their children took so far.
fn cpu_seconds(roots: &[u32]) -> Result<f64> {
    /// Ticks of the kernel's clock in a second: `USER_HZ`, which is 100 on Linux.
    const TICKS: f64 = 100.0;
    let ticks = |pid: &u32| -> f64 {
        let stat = stat(*pid).unwrap_or_default();
        // utime and stime, and those of children that have ended.
        (11..15).filter_map(|field| stat.get(field)?.parse::<f64>().ok()).sum()
    };
    Ok(tree(roots)?.iter().map(ticks).sum::<f64>() / TICKS)
}

/// Megabytes that processes and their children have resident; what several share counts once.
fn memory_mb(roots: &[u32]) -> Result<f64> {
    let kilobytes = |pid: &u32| -> Option<f64> {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        text.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse().ok())
    };
    Ok(tree(roots)?.iter().filter_map(kilobytes).sum::<f64>() / 1024.0)
}
