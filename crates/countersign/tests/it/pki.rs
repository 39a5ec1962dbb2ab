use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::tempdir;

use crate::support::{countersign, run, stderr, stdout};

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

#[test]
fn init_prints_the_certificates_on_standard_output() {
    let folder = tempdir().unwrap();
    let output = run(folder.path(), &["pki", "init", "certs"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let printed: Vec<_> = stdout(&output).lines().collect();
    assert!(printed.contains(&"certs/billing.pem"), "{printed:?}");
    for path in printed {
        assert!(folder.path().join(path).is_file(), "{path}");
    }
}

#[test]
fn a_second_init_leaves_every_byte_as_it_was_and_says_so() {
    let folder = tempdir().unwrap();
    run(folder.path(), &["pki", "init", "certs"]);
    let before = files(&folder.path().join("certs"));
    let output = run(folder.path(), &["pki", "init", "certs"]);
    assert!(stderr(&output).contains("the PKI in certs is unchanged"));
    assert_eq!(files(&folder.path().join("certs")), before);
}

#[cfg(unix)]
#[test]
fn every_key_is_for_its_owner_alone_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    let folder = tempdir().unwrap();
    let init = format!(
        "umask 000; {} pki init certs",
        env!("CARGO_BIN_EXE_countersign")
    );
    let done = Command::new("sh")
        .args(["-c", &init])
        .current_dir(folder.path())
        .output();
    assert!(done.unwrap().status.success());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let certs = folder.path().join("certs");
    assert_eq!(mode(&certs), 0o700);
    let keys: Vec<_> = files(&certs)
        .into_keys()
        .filter(|name| name.ends_with("-key.pem"))
        .collect();
    assert_eq!(keys.len(), 8);
    for key in keys {
        assert_eq!(mode(&certs.join(&key)), 0o600, "{key}");
    }
}

/// Killed at a moment that differs from try to try, then run again: whatever the first run left, the
/// second completes it, and every file that the first had put in place is still the same.
#[test]
fn a_killed_run_never_leaves_half_a_file() {
    for micros in (0..12_000).step_by(600) {
        let folder = tempdir().unwrap();
        let mut child = countersign(folder.path(), &["pki", "init", "certs"])
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_micros(micros));
        child.kill().unwrap();
        child.wait().unwrap();
        let certs = folder.path().join("certs");
        let left = if certs.is_dir() {
            files(&certs)
        } else {
            BTreeMap::new()
        };

        let output = run(folder.path(), &["pki", "init", "certs"]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{micros}: {}",
            stderr(&output)
        );
        let whole = files(&certs);
        for (name, bytes) in left.iter().filter(|(name, _)| name.ends_with(".pem")) {
            assert_eq!(whole.get(name), Some(bytes), "{micros}: {name}");
        }
    }
}

#[test]
fn further_names_stand_in_the_server_certificate() {
    let folder = tempdir().unwrap();
    let args = [
        "pki",
        "init",
        "certs",
        "--dns",
        "api.dev.example",
        "--ip",
        "127.0.0.2",
    ];
    assert_eq!(run(folder.path(), &args).status.code(), Some(0));
    let credential = countersign_tls::Credential::from_pem_files(
        folder.path().join("certs/server.pem"),
        folder.path().join("certs/server-key.pem"),
    );
    let credential = credential.unwrap();
    let names = credential
        .certificate()
        .alt_names()
        .iter()
        .map(ToString::to_string);
    let names: Vec<_> = names.collect();
    for name in [
        "dns:localhost",
        "ip:127.0.0.1",
        "ip:::1",
        "dns:api.dev.example",
        "ip:127.0.0.2",
    ] {
        assert!(names.contains(&name.to_owned()), "{name} in {names:?}");
    }
}

/// The file of the folder `certs`.
fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join("certs").join(name)).unwrap()
}

/// Runs `countersign pki` with these words, which must succeed.
#[track_caller]
fn pki(folder: &Path, words: &str) -> std::process::Output {
    let output = pki_fails(folder, words);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    output
}

fn pki_fails(folder: &Path, words: &str) -> std::process::Output {
    let args: Vec<&str> = std::iter::once("pki").chain(words.split(' ')).collect();
    run(folder, &args)
}

/// The names of the files that differ.
fn changed(folder: &Path, before: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let after = files(&folder.join("certs"));
    let names = after
        .iter()
        .filter(|(name, bytes)| before.get(*name) != Some(*bytes));
    names.map(|(name, _)| name.clone()).collect()
}

#[test]
fn names_that_are_added_stay() {
    let folder = tempdir().unwrap();
    pki(folder.path(), "init certs");
    let before = files(&folder.path().join("certs"));
    let output = pki(folder.path(), "init certs --dns api.dev.example");
    let line = "reissued certs/server.pem: names changed: +dns:api.dev.example\n";
    assert!(stderr(&output).starts_with(line), "{}", stderr(&output));
    assert_eq!(changed(folder.path(), &before), ["pki.toml", "server.pem"]);
    let before = files(&folder.path().join("certs"));
    for again in ["init certs", "apply certs", "init certs --preset dev"] {
        pki(folder.path(), again);
        assert_eq!(changed(folder.path(), &before), [""; 0], "{again}");
    }
}

#[test]
fn the_ci_preset_is_one_of_its_own() {
    let folder = tempdir().unwrap();
    let output = pki(folder.path(), "init certs --preset ci --json");
    let report: serde_json::Value = serde_json::from_str(stdout(&output)).unwrap();
    assert_eq!(report["changed"], true);
    assert_eq!(report["items"].as_array().unwrap().len(), 8);
    assert_eq!(report["items"][4]["name"], "billing");
    assert_eq!(report["items"][4]["action"], "created");
    assert_eq!(report["items"][4]["key"], "certs/billing-key.pem");
    assert_eq!(
        stderr(&pki_fails(folder.path(), "init certs --preset dev")),
        "error: `certs/pki.toml` is not that preset\n\
         hint: choose another folder, or leave --preset out to keep what is there\n"
    );
    let dev = run(folder.path(), &["dev", "--once", "--dir", "certs"]);
    assert_eq!(dev.status.code(), Some(0), "{}", stderr(&dev));
}

#[test]
fn apply_says_first_what_it_would_do_and_then_does_it() {
    let folder = tempdir().unwrap();
    pki(folder.path(), "init certs");
    let before = files(&folder.path().join("certs"));
    assert_eq!(stdout(&pki(folder.path(), "apply certs --plan")), "");

    let late = "apply certs --clock 2150-01-01T00:00:00Z";
    let plan = pki_fails(folder.path(), &format!("{late} --plan"));
    assert_eq!(plan.status.code(), Some(2));
    assert!(stdout(&plan).starts_with("renewed    root  expired at "));
    let json = pki_fails(folder.path(), &format!("{late} --plan --json"));
    assert_eq!(json.status.code(), Some(2));
    let json: serde_json::Value = serde_json::from_str(stdout(&json)).unwrap();
    assert_eq!(json["items"][0]["action"], "renewed");
    assert_eq!(changed(folder.path(), &before), [""; 0]);

    let done = pki(folder.path(), late);
    let told = stdout(&plan).lines().filter(|line| !line.starts_with(' '));
    assert!(stdout(&done).lines().eq(told), "{}", stdout(&plan));
    let certificates = changed(folder.path(), &before);
    assert_eq!(certificates.len(), 8);
    assert!(certificates.iter().all(|name| !name.ends_with("-key.pem")));
    assert_eq!(stdout(&pki(folder.path(), late)), "");
}

#[test]
fn a_plan_shows_every_default_of_what_it_would_make() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("my.toml"), countersign_pki::DEV_MANIFEST).unwrap();
    let line = "apply certs -f my.toml --clock 2026-08-01T12:00:00Z --plan";
    let plan = pki_fails(folder.path(), line);
    let mut lines = stdout(&plan).lines();
    let server = lines.find(|line| line.contains(" server ")).unwrap();
    assert_eq!(server, "created    server  missing");
    let planned = lines.next().unwrap().strip_prefix("    ").unwrap();
    let json = pki_fails(folder.path(), &format!("{line} --json"));
    let json: serde_json::Value = serde_json::from_str(stdout(&json)).unwrap();
    assert_eq!(json["items"][3]["plan"], planned);
    let parts: Vec<_> = planned.split(' ').collect();
    for part in [
        "issuer=issuing",
        "key=p256",
        "ttl=30d",
        "until=2026-08-31T12:00:00Z",
    ] {
        assert!(parts.contains(&part), "{part}: {planned}");
    }
}

#[test]
fn a_plan_for_a_folder_that_is_not_there_makes_none() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("my.toml"), countersign_pki::DEV_MANIFEST).unwrap();
    let plan = pki_fails(folder.path(), "apply certs -f my.toml --plan");
    assert_eq!(plan.status.code(), Some(2), "{}", stderr(&plan));
    let lines: Vec<_> = stdout(&plan).lines().collect();
    assert_eq!(lines.len(), 2 * 8);
    assert!(!folder.path().join("certs").exists());
    pki(folder.path(), "apply certs -f my.toml");
    assert!(folder.path().join("certs/billing.pem").exists());
}

#[test]
fn a_manifest_that_is_wrong_or_missing_is_said_with_its_place() {
    let folder = tempdir().unwrap();
    let output = pki_fails(folder.path(), "apply certs");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stderr(&output),
        "error: there is no manifest `certs/pki.toml`\n\
         hint: name one with -f, or make a folder that has one: countersign pki init --dir certs\n"
    );
    let output = pki_fails(folder.path(), "apply certs -f my.toml");
    assert!(stderr(&output).starts_with("error: cannot read `my.toml`: "));
    fs::write(
        folder.path().join("my.toml"),
        "version = 1\n[authority.root]\nname = \"R\"\n",
    )
    .unwrap();
    let output = pki_fails(folder.path(), "apply certs -f my.toml");
    assert_eq!(
        stderr(&output),
        "error: `my.toml`: line 3, column 1: unknown field `name`, expected one of `subject`, `issuer`, \
         `ttl`, `path_len`, `key`, `ku`, `permit`, `exclude`, `crl`, `ocsp`, `ca_issuers`, `revoked`\nhint: put it right there; countersign pki schema prints what may be said\n"
    );
    assert!(!folder.path().join("certs").exists());
}

#[test]
fn issue_adds_to_the_manifest_and_makes_that_one() {
    let folder = tempdir().unwrap();
    pki(folder.path(), "init certs");
    let before = files(&folder.path().join("certs"));
    let issue = "issue client alice --dir certs --spiffe spiffe://dev.example/alice --ttl 12h";
    assert_eq!(stdout(&pki(folder.path(), issue)), "certs/alice.pem\n");
    let wanted = ["alice-key.pem", "alice.pem", "pki.toml"];
    assert_eq!(changed(folder.path(), &before), wanted);
    assert!(read(folder.path(), "pki.toml").ends_with(
        "\n[certificate.alice]\nprofile = \"client\"\nissuer = \"issuing\"\nttl = \"12h\"\n\
         spiffe = \"spiffe://dev.example/alice\"\n"
    ));

    let before = files(&folder.path().join("certs"));
    for again in [issue, "apply certs"] {
        pki(folder.path(), again);
        assert_eq!(changed(folder.path(), &before), [""; 0], "{again}");
    }
    let other = pki_fails(folder.path(), "issue client alice --dir certs");
    assert_eq!(
        stderr(&other),
        "error: `certs/pki.toml`: `alice` is in the manifest already, and is not what is asked for\n\
         hint: choose another name, or change the entry there and run countersign pki apply\n"
    );
    let nameless = pki_fails(folder.path(), "issue server api --dir certs");
    assert!(stderr(&nameless).contains("cannot add `api`: certificate `api` has no name; give it"));
    assert_eq!(changed(folder.path(), &before), [""; 0]);
    pki(
        folder.path(),
        "issue server api --dir certs --dns api.test --ip 192.0.2.1 --issuer stranger",
    );
    pki(
        folder.path(),
        "issue client bob --dir certs --email bob@mail.test --cn Bob",
    );
    pki(folder.path(), "issue client carol --dir certs");
    assert!(read(folder.path(), "pki.toml").ends_with("cn = \"carol\"\n"));

    let mine = folder.path().join("my.toml");
    fs::copy(folder.path().join("certs/pki.toml"), &mine).unwrap();
    pki(folder.path(), "issue client dave --dir certs -f my.toml");
    assert!(
        fs::read_to_string(mine)
            .unwrap()
            .ends_with("cn = \"dave\"\n")
    );
    assert!(!read(folder.path(), "pki.toml").contains("dave"));
}

#[test]
fn issue_makes_a_range_for_a_load_test() {
    let folder = tempdir().unwrap();
    pki(folder.path(), "init certs");
    let issue = "issue client load --dir certs --count 60 --spiffe spiffe://dev.example/load";
    let output = pki(folder.path(), issue);
    let printed: Vec<&str> = stdout(&output).lines().collect();
    assert_eq!(printed.len(), 60);
    assert_eq!(printed[59], "certs/load-0060.pem");
    // No terminal, no progress.
    assert!(!stderr(&output).contains(" of "), "{}", stderr(&output));
    let load = countersign_tls::Credential::from_pem_files(
        folder.path().join("certs/load-0042.pem"),
        folder.path().join("certs/load-0042-key.pem"),
    );
    let names = load.unwrap();
    let names = names
        .certificate()
        .alt_names()
        .iter()
        .map(ToString::to_string);
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["spiffe://dev.example/load-0042"]
    );
}

#[test]
fn renew_keeps_the_key_unless_told_to_rotate_it() {
    let folder = tempdir().unwrap();
    pki(folder.path(), "init certs");
    let before = files(&folder.path().join("certs"));
    let output = pki(folder.path(), "renew billing --dir certs");
    assert_eq!(stdout(&output), "certs/billing.pem\n");
    assert!(stderr(&output).starts_with("renewed certs/billing.pem: asked for\n"));
    assert_eq!(changed(folder.path(), &before), ["billing.pem"]);

    let old = (
        read(folder.path(), "billing.pem"),
        read(folder.path(), "billing-key.pem"),
    );
    pki(folder.path(), "renew billing --dir certs --rotate-key");
    assert_ne!(read(folder.path(), "billing-key.pem"), old.1);
    let retired = files_of(&folder.path().join("certs/retired"));
    let texts: Vec<&str> = retired.values().map(String::as_str).collect();
    assert_eq!(retired.len(), 2);
    assert!(texts.contains(&old.0.as_str()) && texts.contains(&old.1.as_str()));
    assert_eq!(stdout(&pki(folder.path(), "apply certs")), "");

    let unknown = pki_fails(folder.path(), "renew nobody --dir certs");
    assert_eq!(
        stderr(&unknown),
        "error: no item is called `nobody`; there is root, issuing, stranger, server, billing, reports, \
         newcomer, mallory\nhint: name an item of the manifest\n"
    );
}

fn files_of(folder: &Path) -> BTreeMap<String, String> {
    let files = files(folder).into_iter();
    files
        .map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap()))
        .collect()
}

#[test]
fn export_speaks_to_other_programs() {
    let folder = tempdir().unwrap();
    pki(folder.path(), "init certs");
    let export = |name: &str, format: &str| {
        let output = pki(
            folder.path(),
            &format!("export {name} --format {format} --dir certs"),
        );
        output.stdout
    };
    let text = |name: &str, format: &str| String::from_utf8(export(name, format)).unwrap();
    let (chain, key) = (
        read(folder.path(), "billing.pem"),
        read(folder.path(), "billing-key.pem"),
    );
    assert_eq!(text("billing", "pem"), chain.clone() + &key);
    assert_eq!(text("root", "pem"), read(folder.path(), "root.pem"));
    assert_eq!(export("billing", "der")[..2], [0x30, 0x82]);

    let secret = text("billing", "k8s-secret");
    for (member, text) in [
        ("tls.crt", &chain),
        ("tls.key", &key),
        ("ca.crt", &read(folder.path(), "root.pem")),
    ] {
        let line = format!(
            "\n  {member}: {}\n",
            data_encoding::BASE64.encode(text.as_bytes())
        );
        assert!(secret.contains(&line), "{member} in {secret}");
    }
    let certs = fs::canonicalize(folder.path().join("certs")).unwrap();
    let path = |name: &str| certs.join(name).display().to_string();
    let env = text("billing", "env");
    assert!(env.contains(&format!(
        "export COUNTERSIGN_KEY='{}'\n",
        path("billing-key.pem")
    )));
    assert!(env.contains(&format!("export SSL_CERT_FILE='{}'\n", path("root.pem"))));
    let curl = text("billing", "curl");
    assert!(
        curl.starts_with(&format!("cert = \"{}\"\n", path("billing.pem"))),
        "{curl}"
    );
    assert!(text("server", "nginx").contains("ssl_verify_client on;\n"));
    assert!(text("billing", "nginx").contains("proxy_ssl_verify on;\n"));
}

#[test]
fn export_says_what_it_cannot() {
    let folder = tempdir().unwrap();
    pki(folder.path(), "init certs");
    let output = pki_fails(folder.path(), "export root --format env --dir certs");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output)
            .starts_with("error: `root` is an authority, which no program presents\nhint: ")
    );
    fs::remove_file(folder.path().join("certs/billing-key.pem")).unwrap();
    let output = pki_fails(folder.path(), "export billing --format pem --dir certs");
    assert_eq!(
        stderr(&output),
        "error: there is no `certs/billing-key.pem`, the private key of `billing`\n\
         hint: put it back, or have what is missing made: countersign pki apply certs\n"
    );
}

#[test]
fn the_schema_is_printed() {
    let folder = tempdir().unwrap();
    let output = pki(folder.path(), "schema");
    let schema: serde_json::Value = serde_json::from_str(stdout(&output)).unwrap();
    assert_eq!(schema["properties"]["version"]["const"], 1);
}

#[test]
fn an_error_of_the_store_names_file_and_item_and_what_to_do() {
    let folder = tempdir().unwrap();
    pki(folder.path(), "init certs");
    fs::write(folder.path().join("certs/billing.pem"), "garbage").unwrap();
    let output = pki_fails(folder.path(), "apply certs");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stderr(&output),
        "error: `certs/billing.pem` should hold the certificate of `billing` in PEM, but does not\n\
         hint: move `certs/billing.pem` away\n"
    );
}

#[test]
fn the_exit_codes_are_told_where_there_is_a_choice() {
    let folder = tempdir().unwrap();
    assert!(
        stdout(&pki(folder.path(), "apply --help"))
            .contains("with --plan if something would be done")
    );
    let usage = pki_fails(folder.path(), "issue somebody alice");
    assert_eq!(usage.status.code(), Some(2));
}
