use std::path::PathBuf;
use std::process::{Command, Output};

use super::server::Folder;
use crate::support::{is_here, python, stderr, stdout};

/// What each is given: the issuer, and where the files of the dev PKI are.
fn run(command: &mut Command, folder: &Folder) -> Output {
    let pki = folder.folder.path().join(".countersign");
    command.arg(folder.issuer()).arg(pki).output().unwrap()
}

/// What each does is the same, and so is what it says.
fn check(output: &Output) {
    assert!(output.status.success(), "{}", stderr(output));
    let wanted = "token Bearer 300 transactions:read\n\
                  read 200\n\
                  other certificate 401 token-not-bound\n\
                  scope invalid_scope\n\
                  introspected true billing\n\
                  revoked\n\
                  introspected false\n\
                  read 401 token-invalid\n";
    assert_eq!(stdout(output), wanted);
}

#[test]
fn openid_client_gets_a_token_and_uses_it() {
    let modules = std::env::var_os("COUNTERSIGN_NODE_MODULES");
    let modules = PathBuf::from(modules.unwrap_or_default());
    let client = modules.join("openid-client/package.json");
    let probe = &mut Command::new("node");
    let probe = probe.args(["-e", "require('fs').accessSync(process.argv[1])"]);
    if !is_here("openid-client for Node", probe.arg(client)) {
        return;
    }
    let Some(folder) = Folder::new() else { return };
    let _server = folder.serve();
    // Node looks for packages beside the script.
    let script = folder.folder.path().join("client.mjs");
    std::fs::write(&script, include_str!("openid-client.mjs")).unwrap();
    let mut node = Command::new("node");
    let node = node.arg(script).arg(modules);
    check(&run(node, &folder));
}

#[test]
fn authlib_gets_a_token_and_uses_it() {
    with_python("authlib", include_str!("authlib.py"));
}

#[test]
fn requests_oauthlib_gets_a_token_and_uses_it() {
    with_python("requests_oauthlib", include_str!("oauthlib.py"));
}

fn with_python(library: &str, script: &str) {
    let python = python();
    let probe = ["-c", &format!("import {library}")];
    let about = format!("Python with {library}");
    if !is_here(&about, Command::new(&python).args(probe)) {
        return;
    }
    let Some(folder) = Folder::new() else { return };
    let _server = folder.serve();
    check(&run(Command::new(&python).args(["-c", script]), &folder));
}
