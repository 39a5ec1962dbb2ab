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

/// Presents each fixture to one nginx, which has a socket for each.
pub(crate) async fn present(bench: &Bench, fixtures: &[&Fixture]) -> Result<Vec<Seen>> {
    let folder = tempfile::tempdir()?;
    configure(bench, folder.path(), fixtures)?;
    let mut nginx = start(folder.path())?;
    let mut seen = Vec::new();
    for (number, fixture) in fixtures.iter().enumerate() {
        let stream = connect(&mut nginx, folder.path(), number).await?;
        let caller = Caller::new(bench, fixture.presented.as_ref())?;
        let outcome = caller.call(stream).await.context(fixture.name.clone())?;
        seen.push(Seen {
            outcome,
            code: None,
        });
        bench.progress.step();
    }
    Ok(seen)
}

fn configure(bench: &Bench, folder: &Path, fixtures: &[&Fixture]) -> Result<()> {
    fs::write(folder.join("server.pem"), bench.server.chain_pem())?;
    fs::write(folder.join("server-key.pem"), bench.server.key_pem())?;
    let mut servers = String::new();
    for (number, fixture) in fixtures.iter().enumerate() {
        fs::write(
            folder.join(format!("{number}-anchors.pem")),
            &fixture.anchors_pem,
        )?;
        if let Some(crl) = &fixture.crl_pem {
            fs::write(folder.join(format!("{number}-crl.pem")), crl)?;
        }
        servers += &server(folder, number, fixture.crl_pem.is_some());
    }
    fs::write(folder.join("nginx.conf"), configuration(folder, &servers))?;
    Ok(())
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

fn server(folder: &Path, number: usize, revocation: bool) -> String {
    let folder = folder.display();
    let revocation = if revocation {
        format!("ssl_crl {folder}/{number}-crl.pem;")
    } else {
        String::new()
    };
    format!(
        "    server {{
        listen unix:{folder}/{number}.sock ssl;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server-key.pem;
        ssl_client_certificate {folder}/{number}-anchors.pem;
        {revocation}
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
async fn connect(nginx: &mut Child, folder: &Path, number: usize) -> Result<UnixStream> {
    let socket = folder.join(format!("{number}.sock"));
    loop {
        match UnixStream::connect(&socket).await {
            Ok(stream) => return Ok(stream),
            Err(_) if nginx.try_wait()?.is_none() => sleep(Duration::from_millis(10)).await,
            Err(_) => {
                let log = fs::read_to_string(folder.join("error.log")).unwrap_or_default();
                bail!("nginx does not start: {}", log.trim_end());
            }
        }
    }
}
