//! `countersign pki sign`.

use std::fs;
use std::path::Path;
use std::process::Command;

use countersign_pki::{Key, KeyKind};
use tempfile::{TempDir, tempdir};

use crate::support::{run, stderr, stdout};

/// A folder with a PKI, and with `request.pem`, where there is an openssl to make one.
fn made(subject: &str) -> Option<TempDir> {
    let folder = tempdir().unwrap();
    assert!(
        run(folder.path(), &["pki", "init", ".countersign"])
            .status
            .success()
    );
    let key = Key::generate(KeyKind::P256).unwrap();
    fs::write(folder.path().join("key.pem"), key.pem().as_bytes()).unwrap();
    let made = Command::new("openssl")
        .args([
            "req",
            "-new",
            "-key",
            "key.pem",
            "-out",
            "request.pem",
            "-subj",
            subject,
        ])
        .args(["-addext", "subjectAltName=DNS:asked.example"])
        .args(["-addext", "basicConstraints=critical,CA:TRUE"])
        .current_dir(folder.path())
        .output();
    made.ok()
        .filter(|made| made.status.success())
        .map(|_| folder)
}

fn openssl(folder: &Path, arguments: &[&str]) -> String {
    let done = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", stderr(&done));
    stdout(&done).to_owned()
}

#[test]
fn a_signed_request_is_a_chain_with_the_names_that_were_given_and_no_right_that_was_asked_for() {
    let Some(folder) = made("/CN=asked") else {
        return;
    };
    let args = ["pki", "sign", "request.pem", "--profile", "client"];
    let args = [
        &args[..],
        &[
            "--uri",
            "spiffe://dev.example/partner",
            "--out",
            "partner.pem",
        ],
    ]
    .concat();
    let output = run(folder.path(), &args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).is_empty());
    let chain = fs::read_to_string(folder.path().join("partner.pem")).unwrap();
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2);
    let text = openssl(
        folder.path(),
        &["x509", "-in", "partner.pem", "-noout", "-text"],
    );
    assert!(text.contains("URI:spiffe://dev.example/partner"), "{text}");
    assert!(
        !text.contains("asked") && text.contains("CA:FALSE"),
        "{text}"
    );
    let verify = [
        "verify",
        "-purpose",
        "sslclient",
        "-CAfile",
        ".countersign/root.pem",
    ];
    let verify = [&verify[..], &["-untrusted", "partner.pem", "partner.pem"]].concat();
    openssl(folder.path(), &verify);

    let again = run(folder.path(), &args);
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("`partner.pem` is there already"));
}

#[test]
fn the_names_of_the_request_are_taken_where_that_is_asked_for() {
    let Some(folder) = made("/CN=asked") else {
        return;
    };
    let args = [
        "pki",
        "sign",
        "request.pem",
        "--profile",
        "server",
        "--san-from-csr",
    ];
    let output = run(folder.path(), &args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    fs::write(folder.path().join("server.pem"), &output.stdout).unwrap();
    let text = openssl(
        folder.path(),
        &["x509", "-in", "server.pem", "-noout", "-text"],
    );
    assert!(
        text.contains("CN = asked") && text.contains("DNS:asked.example"),
        "{text}"
    );
}

#[test]
fn what_was_signed_is_revoked_by_the_serial_number_that_was_told() {
    let Some(folder) = made("/CN=asked") else {
        return;
    };
    let args = [
        "pki",
        "sign",
        "request.pem",
        "--profile",
        "client",
        "--cn",
        "partner",
    ];
    let output = run(folder.path(), &args);
    let said = stderr(&output).to_owned();
    let serial = said
        .split("serial ")
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap();
    let revoke = ["pki", "revoke", "partner", "--serial", serial];
    assert!(run(folder.path(), &revoke).status.success());
    let list = [".countersign/issuing.crl.pem"];
    let text = openssl(
        folder.path(),
        &[&["crl", "-noout", "-text", "-in"][..], &list].concat(),
    );
    assert!(
        text.to_lowercase()
            .contains(&format!("serial number: {serial}")),
        "{text}"
    );
}

#[test]
fn a_request_that_is_none_or_is_broken_or_has_no_name_is_refused_with_a_hint() {
    let Some(folder) = made("/") else {
        return;
    };
    let text = fs::read_to_string(folder.path().join("request.pem")).unwrap();
    fs::write(folder.path().join("none.pem"), "nothing of the kind").unwrap();
    // One character of the signature, which ends before the last line.
    let at = text.rfind("\n-----END").unwrap() - 12;
    let other = if &text[at..=at] == "A" { "B" } else { "A" };
    let broken = format!("{}{other}{}", &text[..at], &text[at + 1..]);
    fs::write(folder.path().join("broken.pem"), broken).unwrap();
    for (file, names, said) in [
        (
            "missing.pem",
            &["--cn", "x"][..],
            "cannot read `missing.pem`",
        ),
        (
            "none.pem",
            &["--cn", "x"],
            "there is no PEM block `CERTIFICATE REQUEST`",
        ),
        (
            "broken.pem",
            &["--cn", "x"],
            "its signature does not fit its key",
        ),
        ("request.pem", &[], "the certificate would not have a name"),
        (
            "request.pem",
            &["--dns", "no host"],
            "`dns:no host` is refused",
        ),
        (
            "request.pem",
            &["--cn", "x", "--issuer", "billing"],
            "no authority is called `billing`",
        ),
    ] {
        let args = [&["pki", "sign", file, "--profile", "client"][..], names].concat();
        let output = run(folder.path(), &args);
        assert_eq!(output.status.code(), Some(1), "{file}");
        assert!(
            stderr(&output).contains(said),
            "{file}: {}",
            stderr(&output)
        );
        assert!(stderr(&output).contains("hint: "), "{file}");
        assert!(stdout(&output).is_empty(), "{file}");
    }
}

#[test]
fn a_program_reads_the_chain_or_where_it_was_written_and_the_serial_number() {
    let Some(folder) = made("/CN=asked") else {
        return;
    };
    let line = "pki sign request.pem --profile client --san-from-csr --json";
    let sign = |options: &str| -> serde_json::Value {
        let args: Vec<&str> = line.split(' ').chain(options.split_whitespace()).collect();
        let output = run(folder.path(), &args);
        serde_json::from_str(stdout(&output)).unwrap()
    };
    let printed = sign("");
    assert_eq!(printed["issuer"], "issuing");
    assert_eq!(printed["serial"].as_str().unwrap().len(), 32);
    let chain = printed["chain"].as_str().unwrap();
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2);
    let written = sign("--out chain.pem");
    assert_eq!(written["path"], "chain.pem");
    assert_eq!(written["chain"], serde_json::Value::Null);
    assert!(folder.path().join("chain.pem").exists());
}
