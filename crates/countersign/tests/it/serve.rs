use std::fs;
use std::path::Path;

use tempfile::{TempDir, tempdir};

use crate::support::{Running, countersign, run, stderr, stdout};

/// A folder with dev certificates and a configuration of free ports.
fn configured() -> TempDir {
    let folder = tempdir().unwrap();
    run(folder.path(), &["pki", "init"]);
    let fixtures = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures"));
    fs::create_dir(folder.path().join("fixtures")).unwrap();
    for name in ["server.toml", "policy.toml"] {
        let text = fs::read_to_string(fixtures.join(name)).unwrap();
        let text = text.replace(":8443", ":0").replace(":8444", ":0");
        fs::write(folder.path().join("fixtures").join(name), text).unwrap();
    }
    folder
}

/// The configuration, with these lines before it.
fn configured_with(lines: &str) -> TempDir {
    let folder = configured();
    let config = folder.path().join("fixtures/server.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{lines}\n{text}")).unwrap();
    folder
}

#[test]
fn the_committed_configuration_serves_the_dev_certificates() {
    let folder = configured();
    let server = Running::start(countersign(folder.path(), &["serve"]));
    let url = format!("{}/whoami", server.api.replace("127.0.0.1", "localhost"));
    let output = run(folder.path(), &["call", "--as", "billing", &url]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let whoami: serde_json::Value = serde_json::from_str(stdout(&output)).unwrap();
    assert_eq!(whoami["principal"], "billing");
    assert!(server.admin.ends_with("/healthz"));
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_missing_certificate_is_said_with_what_to_do() {
    let folder = configured();
    fs::remove_file(folder.path().join(".countersign/root.pem")).unwrap();
    let output = run(folder.path(), &["serve"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(
        said.contains("error: cannot read `fixtures/../.countersign/root.pem`: "),
        "{said}"
    );
    assert!(
        said.contains("hint: make the dev certificates first: countersign pki init"),
        "{said}"
    );
}

#[test]
fn an_unknown_key_is_said_with_its_place() {
    let folder = configured();
    let config = folder.path().join("fixtures/server.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("[credential]", "[credentials]")).unwrap();
    let said = run(folder.path(), &["serve"]);
    let said = stderr(&said);
    assert!(said.contains("error: `fixtures/server.toml`: "), "{said}");
    assert!(said.contains("unknown field `credentials`"), "{said}");
}

#[test]
fn an_error_of_the_policy_names_file_line_and_column() {
    let folder = configured();
    fs::write(
        folder.path().join("fixtures/policy.toml"),
        "version = 1\n[roles.x]\npermissions = [\"all\"]",
    )
    .unwrap();
    let said = run(folder.path(), &["serve"]);
    assert_eq!(
        stderr(&said),
        "error: `fixtures/policy.toml`: line 3, column 16: `all` is malformed: \
         wanted `noun:verb`, of lower-case letters, digits and dashes\n"
    );
}

#[test]
fn what_is_odd_in_a_policy_is_said_and_stops_nothing() {
    let folder = configured();
    let policy = folder.path().join("fixtures/policy.toml");
    let text = fs::read_to_string(&policy).unwrap();
    let odd = "\n[principals.old]\npermissions = [\"reports:print\"]\nidentities = [{ trust = \"staff\", name = \"cn:old\" }]\n";
    fs::write(&policy, format!("{text}{odd}")).unwrap();
    let server = Running::start(countersign(folder.path(), &["serve"]));
    let said = server.said();
    for warning in [
        "warning: `fixtures/policy.toml`: line 26, column 41: `old` is known by a commonName, which is unchecked text: use a name of another kind",
        "warning: `fixtures/policy.toml`: line 26, column 41: there is no trust `staff`: nobody can have the identity `staff: cn:old`",
        "warning: `fixtures/policy.toml`: line 25, column 16: no route asks for `reports:print`",
    ] {
        assert!(said.contains(warning), "{said}");
    }
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn the_routes_are_printed_for_people_and_for_programs() {
    let folder = configured();
    let output = run(folder.path(), &["serve", "--routes"]);
    assert_eq!(
        stdout(&output),
        "GET   /whoami                open\n\
         GET   /openapi.json          open\n\
         GET   /v1/transactions       transactions:read\n\
         GET   /v1/transactions/{id}  transactions:read\n\
         POST  /v1/transactions       transactions:write\n"
    );
    let output = run(folder.path(), &["serve", "--routes=json"]);
    let committed = include_str!("../../../../fixtures/routes.json");
    assert_eq!(stdout(&output), committed);
}

#[test]
fn what_cannot_be_served_is_said_without_serving() {
    let folder = configured();
    let output = run(folder.path(), &["serve", "--check"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        stderr(&output),
        "`fixtures/server.toml` can be served: 5 files, trusts: 1, identities: 2\n"
    );
    fs::write(folder.path().join(".countersign/root.pem"), "").unwrap();
    let output = run(folder.path(), &["serve", "--check"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("root.pem"), "{said}");
}

#[test]
fn who_called_lately_and_would_be_refused_is_said_before_a_restart() {
    let folder = configured_with("audit = \"../audit.jsonl\"");
    let server = Running::start(countersign(folder.path(), &["serve"]));
    let url = format!("{}/whoami", server.api.replace("127.0.0.1", "localhost"));
    for name in ["billing", "reports"] {
        let output = run(folder.path(), &["call", "--as", name, &url]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    assert_eq!(server.terminate(), Some(0));
    let policy = folder.path().join("fixtures/policy.toml");
    let text = fs::read_to_string(&policy).unwrap();
    let principal = "[principals.reports]";
    let text = text.replace(principal, "[principals.reports]\nenabled = false");
    fs::write(&policy, text).unwrap();
    let output = run(folder.path(), &["serve", "--check"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        stderr(&output),
        "warning: `reports`, seen within a day, would be refused: `reports` is disabled\n\
         `fixtures/server.toml` can be served: 5 files, trusts: 1, identities: 2\n"
    );
}

#[test]
fn who_has_an_answer_has_a_line_in_the_log_where_the_configuration_wants_it_before() {
    let folder = configured_with("audit = \"../audit.jsonl\"\naudit_before_answer = true");
    let server = Running::start(countersign(folder.path(), &["serve"]));
    let url = format!("{}/whoami", server.api.replace("127.0.0.1", "localhost"));
    for calls in 1..=3 {
        let output = run(folder.path(), &["call", "--as", "billing", &url]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        // Nobody waits for it: it is there.
        let log = fs::read_to_string(folder.path().join("audit.jsonl")).unwrap();
        assert_eq!(log.lines().count(), calls, "{log}");
        assert!(log.ends_with("}\n"), "{log}");
    }
    assert_eq!(server.terminate(), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_that_is_full_is_no_answer_where_the_configuration_wants_it_before() {
    for (before, ends, said) in [
        (false, 0, ""),
        (true, 1, "the request could not be answered"),
    ] {
        let lines = format!("audit = \"/dev/full\"\naudit_before_answer = {before}");
        let folder = configured_with(&lines);
        let server = Running::start(countersign(folder.path(), &["serve"]));
        let url = format!("{}/whoami", server.api.replace("127.0.0.1", "localhost"));
        let output = run(folder.path(), &["call", "--as", "billing", &url]);
        assert_eq!(output.status.code(), Some(ends), "{}", stderr(&output));
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
        assert_eq!(server.terminate(), Some(0));
    }
}

#[cfg(unix)]
#[test]
fn a_hangup_reloads_at_once_and_a_bad_policy_is_refused() {
    let folder = configured_with("audit = \"../audit.jsonl\"");
    let server = Running::start(countersign(folder.path(), &["serve"]));
    server.hang_up();
    let policy = folder.path().join("fixtures/policy.toml");
    let applied = reloads(folder.path(), 1);
    assert_eq!(applied[0]["outcome"], "applied");
    assert_eq!(applied[0]["epoch"], 2);
    assert_eq!(applied[0]["changed"], serde_json::json!([]));

    // Nobody asks: the files are looked at.
    fs::write(&policy, "version = 1\n[roles]\nx = 1").unwrap();
    let refused = reloads(folder.path(), 2);
    assert_eq!(refused[1]["outcome"], "refused");
    assert_eq!(refused[1]["epoch"], 2);
    assert_eq!(
        refused[1]["changed"],
        serde_json::json!(["fixtures/policy.toml"])
    );
    assert_eq!(server.terminate(), Some(0));
}

/// The audit events of reloads, once there are so many.
#[cfg(unix)]
fn reloads(folder: &Path, wanted: usize) -> Vec<serde_json::Value> {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let log = fs::read_to_string(folder.join("audit.jsonl")).unwrap_or_default();
        let lines = log.lines().filter(|line| line.ends_with('}'));
        let events = lines.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let reloads: Vec<_> = events.filter(|event| event["event"] == "reload").collect();
        if reloads.len() >= wanted {
            return reloads;
        }
        assert!(std::time::Instant::now() < deadline, "{log}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// 200 that connect and say nothing, 50 that speak no TLS, and one who wants to work.
#[cfg(target_os = "linux")]
#[test]
fn after_a_flood_the_server_holds_no_more_than_before() {
    use std::io::Write;
    use std::net::TcpStream;

    let folder = configured();
    let server = Running::start(countersign(folder.path(), &["serve"]));
    let address = server.api.strip_prefix("https://").unwrap().to_owned();
    let url = format!("{}/whoami", server.api.replace("127.0.0.1", "localhost"));
    let call = || run(folder.path(), &["call", "--as", "billing", &url]);
    // Threads that are made once are made now.
    assert_eq!(call().status.code(), Some(0));
    let before = until(|| server.descriptors(), |held| held == server.descriptors());

    let connect = || TcpStream::connect(&address).unwrap();
    let silent: Vec<_> = (0..200).map(|_| connect()).collect();
    // Not beside what was held before: a connection that was about to end may have been counted.
    until(|| server.descriptors(), |held| held >= 200);
    for _ in 0..50 {
        // It may be refused before all of it is written.
        let _ = connect().write_all(&[0x47; 512]);
    }
    for _ in 0..5 {
        let output = call();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    drop(silent);
    until(|| server.descriptors(), |held| held <= before);
    assert_eq!(server.terminate(), Some(0));
}

/// Asks until the answer will do.
#[cfg(target_os = "linux")]
fn until(ask: impl Fn() -> usize, will_do: impl Fn(usize) -> bool) -> usize {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let answer = ask();
        if will_do(answer) {
            return answer;
        }
        assert!(std::time::Instant::now() < deadline, "still {answer}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
