//! The operator's page in a real browser: it reads, it is refreshed, it asks nobody else.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use countersign_server::Addresses;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::scene::{CALLERS, REFUSALS, SUBJECT, Scene};
use crate::support::is_here;

/// What the script says that it has seen.
const SEEN: [&str; 13] = [
    "it may load nothing that is not its own, and loads nothing else",
    "axe finds nothing: light, wide",
    "axe finds nothing: light, narrow",
    "axe finds nothing: dark, wide",
    "axe finds nothing: dark, narrow",
    "axe finds nothing: before anything has happened",
    "without script: everybody and everything is there",
    "without script: on a phone nothing scrolls sideways",
    "on a phone nothing scrolls sideways, with everything open",
    "a new refusal appears in place; what is open stays open, and the focus where it was",
    "a focus elsewhere stays, and goes to the page where its place is gone",
    "who pauses is not refreshed, by what was underway neither",
    "a lost server is told in words, and found again",
];

/// The pictures go to the folder `COUNTERSIGN_PICTURES`, if there is one; with `PICTURES=write` to `docs/pictures`, too.
#[tokio::test]
async fn the_operators_page_reads_in_chromium_and_is_refreshed_in_place() {
    let Some((chromium, modules)) = browser() else {
        return;
    };
    let now = "2026-08-01T12:00:30Z".parse().unwrap();
    let mut scene = Scene::start(now, Addresses::loopback()).await;
    let quiet = Scene::quiet(now, Addresses::loopback()).await;
    let folder = tempfile::tempdir().unwrap();
    // Node looks for packages beside the script.
    let script = folder.path().join("page.mjs");
    std::fs::write(&script, include_str!("page.mjs")).unwrap();
    let wanted = json!({
        "page": scene.server.admin_url(), "quiet": quiet.server.admin_url(), "chromium": chromium, "modules": modules, "pictures": pictures(),
        "callers": CALLERS.map(|(name, _)| name), "refusals": REFUSALS, "subject": SUBJECT,
    });
    let mut node = tokio::process::Command::new("node");
    let node = node.arg(script).arg(wanted.to_string());
    let node = node.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut node = node.kill_on_drop(true).spawn().unwrap();
    let mut ask = node.stdin.take().unwrap();
    let mut lines = BufReader::new(node.stdout.take().unwrap()).lines();
    let mut seen = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        // What the script wants to happen at the server, or what it has seen.
        if line == "refuse" {
            scene.ask("billing", "POST", "/v1/transactions").await;
            ask.write_all(b"refused\n").await.unwrap();
        } else {
            seen.push(line);
        }
    }
    assert!(node.wait().await.unwrap().success(), "{seen:#?}");
    assert_eq!(seen, SEEN);
}

/// The browser, and the folder of the packages that drive it.
fn browser() -> Option<(PathBuf, PathBuf)> {
    let modules = env::var_os("COUNTERSIGN_NODE_MODULES").unwrap_or_default();
    let modules = PathBuf::from(modules);
    for package in ["puppeteer-core", "axe-core"] {
        let there = modules.join(package).join("package.json");
        let mut node = Command::new("node");
        let probe = node.args(["-e", "require('fs').accessSync(process.argv[1])"]);
        is_here(&format!("{package} for Node"), probe.arg(there)).then_some(())?;
    }
    let named = env::var_os("COUNTERSIGN_CHROMIUM").map(PathBuf::from);
    let chromium = named.or_else(installed).unwrap_or_default();
    let mut probe = Command::new(&chromium);
    is_here("Chromium", probe.arg("--version")).then_some((chromium, modules))
}

fn installed() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<_> = env::split_paths(&path).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"].into_iter();
    let mut places = names.flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.find(|place| place.is_file())
}

fn pictures() -> Vec<PathBuf> {
    let write = env::var_os("PICTURES").is_some_and(|it| it == "write");
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/pictures");
    let committed = write.then(|| PathBuf::from(committed));
    let kept = env::var_os("COUNTERSIGN_PICTURES").map(PathBuf::from);
    committed.into_iter().chain(kept).collect()
}
