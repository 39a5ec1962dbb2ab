use std::fs;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use countersign_pki::Fixture;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::caller::Caller;
use super::{Bench, Seen};

/// Presents each fixture to an `openssl s_server` that trusts what the fixture says.
pub(crate) async fn present(bench: &Bench, fixtures: &[&Fixture]) -> Result<Vec<Seen>> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("server.pem"), bench.server.chain_pem())?;
    fs::write(folder.path().join("server-key.pem"), bench.server.key_pem())?;
    let mut seen = Vec::new();
    for fixture in fixtures {
        seen.push(
            one(bench, folder.path(), fixture)
                .await
                .context(fixture.name.clone())?,
        );
        bench.progress.step();
    }
    Ok(seen)
}

async fn one(bench: &Bench, folder: &Path, fixture: &Fixture) -> Result<Seen> {
    fs::write(folder.join("anchors.pem"), &fixture.anchors_pem)?;
    let mut revocation = Vec::new();
    if let Some(crl) = &fixture.crl_pem {
        fs::write(folder.join("crl.pem"), crl)?;
        revocation.extend(["-CRL", "crl.pem", "-crl_check"]);
    }
    let (_server, port) = start(folder, &revocation).await?;
    let caller = Caller::new(bench, fixture.presented.as_ref())?;
    let outcome = caller
        .call(TcpStream::connect(("127.0.0.1", port)).await?)
        .await?;
    Ok(Seen {
        outcome,
        code: None,
    })
}

/// Starts a server on a port of the system's choice, which it prints. It ends when it is dropped.
async fn start(folder: &Path, revocation: &[&str]) -> Result<(Child, u16)> {
    let mut server = Command::new("openssl")
        .args(["s_server", "-accept", "127.0.0.1:0", "-www"])
        .args(["-cert", "server.pem", "-key", "server-key.pem"])
        .args(["-CAfile", "anchors.pem", "-no-CApath", "-no-CAstore"])
        .args(["-Verify", "10", "-verify_return_error"])
        .args(revocation)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("cannot run openssl")?;
    let stdout = server.stdout.take().context("no standard output")?;
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await? {
        let port = line.strip_prefix("ACCEPT 127.0.0.1:");
        if let Some(port) = port.and_then(|port| port.parse().ok()) {
            server.stdout = Some(lines.into_inner().into_inner());
            return Ok((server, port));
        }
    }
    anyhow::bail!("openssl s_server does not say where it listens")
}
