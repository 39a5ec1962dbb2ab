use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use countersign_pki::Fixture;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use super::caller::Caller;
use super::{Bench, Seen};

/// Presents each fixture to one nginx, which has a socket for each bundle of anchors.
pub(crate) async fn present(bench: &Bench, fixtures: &[Fixture]) -> Result<Vec<Seen>> {
    let folder = tempfile::tempdir()?;
    let sockets = configure(bench, folder.path(), fixtures)?;
    let mut nginx = start(folder.path())?;
    let mut seen = Vec::new();
    for fixture in fixtures {
        let socket = sockets.get(fixture.anchors_pem.as_str());
        let socket = folder
            .path()
            .join(socket.context("a socket for each bundle")?);
        let stream = connect(&mut nginx, folder.path(), &socket).await?;
        let caller = Caller::new(bench, fixture.presented.as_ref())?;
        let outcome = caller.call(stream).await.context(fixture.name)?;
        seen.push(Seen {
            outcome,
            code: None,
        });
    }
    Ok(seen)
}

/// Writes the configuration; answers the socket of each bundle of anchors.
fn configure<'a>(
    bench: &Bench,
    folder: &Path,
    fixtures: &'a [Fixture],
) -> Result<BTreeMap<&'a str, String>> {
    fs::write(folder.join("server.pem"), bench.server.chain_pem())?;
    fs::write(folder.join("server-key.pem"), bench.server.key_pem())?;
    let mut sockets = BTreeMap::new();
    let mut servers = String::new();
    for fixture in fixtures {
        let number = sockets.len();
        if sockets.contains_key(fixture.anchors_pem.as_str()) {
            continue;
        }
        fs::write(
            folder.join(format!("anchors-{number}.pem")),
            &fixture.anchors_pem,
        )?;
        write!(servers, "{}", server(folder, number))?;
        sockets.insert(fixture.anchors_pem.as_str(), format!("{number}.sock"));
    }
    fs::write(folder.join("nginx.conf"), configuration(folder, &servers))?;
    Ok(sockets)
}

fn configuration(folder: &Path, servers: &str) -> String {
    let folder = folder.display();
    format!(
        "daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    ssl_protocols TLSv1.2 TLSv1.3;
    large_client_header_buffers 4 64k;
{servers}}}
"
    )
}

fn server(folder: &Path, number: usize) -> String {
    let folder = folder.display();
    format!(
        "    server {{
        listen unix:{folder}/{number}.sock ssl;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server-key.pem;
        ssl_client_certificate {folder}/anchors-{number}.pem;
        ssl_verify_client on;
        ssl_verify_depth 10;
        location / {{ return 200 ok; }}
    }}
"
    )
}

/// It ends when it is dropped.
fn start(folder: &Path) -> Result<Child> {
    Command::new("nginx")
        .arg("-p")
        .arg(folder)
        .args(["-c", "nginx.conf", "-e", "error.log"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("cannot run nginx")
}

/// Connects once nginx listens.
async fn connect(nginx: &mut Child, folder: &Path, socket: &Path) -> Result<UnixStream> {
    loop {
        match UnixStream::connect(socket).await {
            Ok(stream) => return Ok(stream),
            Err(_) if nginx.try_wait()?.is_none() => sleep(Duration::from_millis(10)).await,
            Err(_) => {
                let log = fs::read_to_string(folder.join("error.log")).unwrap_or_default();
                bail!("nginx does not start: {}", log.trim_end());
            }
        }
    }
}
