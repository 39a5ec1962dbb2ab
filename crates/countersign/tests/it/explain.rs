use std::fs;
use std::path::Path;

use countersign_pki::{Authority, Issued, Request};
use data_encoding::BASE64;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::support::{countersign, run, stderr, stdout};

const NOW: &str = "2026-08-01T12:00:00Z";

const CONFIG: &str = r#"
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
policy = "policy.toml"

[credential]
chain = "server.pem"
key = "server-key.pem"

[[trusts]]
name = "clients"
anchors = "clients.pem"
scheme = "spiffe"
names = ["spiffe://a.example/*"]
revocation = "off"

[[trusts]]
name = "partners"
anchors = "partners.pem"
scheme = "spiffe"
names = ["spiffe://a.example/partners/*", "spiffe://a.example/billing"]
revocation = "off"
"#;

const POLICY: &str = r#"version = 1

[roles.reader]
permissions = ["transactions:read"]

[roles.clerk]
permissions = ["transactions:read", "transactions:write"]

[principals.billing]
roles = ["clerk"]
identities = [{ trust = "clients", name = "spiffe://a.example/billing" }]

[principals.reports]
roles = ["reader"]
identities = [{ trust = "clients", name = "spiffe://a.example/reports" }]

[principals.former]
enabled = false
roles = ["clerk"]
identities = [{ trust = "clients", name = "spiffe://a.example/former" }]
"#;

/// Six callers of a server with two trusts; the server itself is nowhere, nor is its key.
fn world() -> TempDir {
    let folder = tempdir().unwrap();
    let now: Timestamp = NOW.parse().unwrap();
    let [clients, partners] =
        ["Clients", "Partners"].map(|name| Authority::root(name, now).unwrap());
    let issuing = clients.intermediate("Clients Issuing", now).unwrap();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    put("server.toml", CONFIG);
    put("policy.toml", POLICY);
    put("clients.pem", &clients.certificate_pem());
    put("partners.pem", &partners.certificate_pem());
    let issue = |authority: &Authority, ask: fn(Request<'_>) -> Request<'_>| -> Issued {
        ask(authority.client(now)).issue().unwrap()
    };
    for (name, issued) in [
        (
            "billing",
            issue(&issuing, |it| {
                it.uri("spiffe://a.example/billing").dns("b.a.example")
            }),
        ),
        (
            "reports",
            issue(&issuing, |it| it.uri("spiffe://a.example/reports")),
        ),
        (
            "newcomer",
            issue(&issuing, |it| it.uri("spiffe://a.example/newcomer")),
        ),
        (
            "two",
            issue(&issuing, |it| {
                it.uri("spiffe://a.example/billing")
                    .uri("spiffe://a.example/admin")
            }),
        ),
        (
            "foreign",
            issue(&partners, |it| it.uri("spiffe://a.example/billing")),
        ),
        (
            "former",
            issue(&issuing, |it| it.uri("spiffe://a.example/former")),
        ),
        (
            "other",
            issue(&partners, |it| it.uri("spiffe://a.example/reports")),
        ),
    ] {
        put(&format!("{name}.pem"), &issued.chain_pem());
    }
    folder
}

fn explain(folder: &Path, name: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let cert = format!("{name}.pem");
    let mut args = vec!["explain", "--cert", &cert, "--clock", NOW];
    args.extend_from_slice(more);
    let output = run(folder, &args);
    (
        output.status.code(),
        stdout(&output).to_owned(),
        stderr(&output).to_owned(),
    )
}

#[track_caller]
fn check(folder: &Path, name: &str, request: [&str; 2], exit: i32, wanted: &str) {
    let [method, path] = request;
    let (code, said, error) = explain(folder, name, &["--config", "server.toml", method, path]);
    assert_eq!(said, wanted, "{name}: {error}");
    assert_eq!(code, Some(exit), "{name}");
}

const POST: [&str; 2] = ["POST", "/v1/transactions"];

#[test]
fn each_decision_is_explained_by_the_rule_that_made_it() {
    let folder = world();
    let folder = folder.path();
    check(folder, "billing", POST, 0, "\
certificate  no subject; from 2026-08-01T11:55:00Z until 2026-08-31T12:00:00Z
trust        `clients` vouches, by CN=Clients Issuing, by CN=Clients
trust        `partners` does not vouch: no path from the certificate to a trusted anchor: another issuer, or an intermediate is missing
name         spiffe://a.example/billing, as `clients` may vouch for `spiffe://a.example/*`
also named   dns:b.a.example
principal    `billing`, by line 11, column 43 of the policy, with the role `clerk`
route        POST /v1/transactions (POST /v1/transactions) needs `transactions:write`
permission   granted by the role `clerk`
decision     allowed
");
    check(folder, "reports", POST, 3, "\
certificate  no subject; from 2026-08-01T11:55:00Z until 2026-08-31T12:00:00Z
trust        `clients` vouches, by CN=Clients Issuing, by CN=Clients
trust        `partners` does not vouch: no path from the certificate to a trusted anchor: another issuer, or an intermediate is missing
name         spiffe://a.example/reports, as `clients` may vouch for `spiffe://a.example/*`
principal    `reports`, by line 15, column 43 of the policy, with the role `reader`
route        POST /v1/transactions (POST /v1/transactions) needs `transactions:write`
permission   `reports` has it by nothing; the role `clerk` would grant it
decision     denied, 403 permission-missing: `reports` lacks `transactions:write`
");
    check(folder, "newcomer", POST, 3, "\
certificate  no subject; from 2026-08-01T11:55:00Z until 2026-08-31T12:00:00Z
trust        `clients` vouches, by CN=Clients Issuing, by CN=Clients
trust        `partners` does not vouch: no path from the certificate to a trusted anchor: another issuer, or an intermediate is missing
name         spiffe://a.example/newcomer, as `clients` may vouch for `spiffe://a.example/*`
principal    nobody
route        POST /v1/transactions (POST /v1/transactions) needs `transactions:write`
decision     denied, 403 principal-unknown: no principal has the identity `clients: spiffe://a.example/newcomer`
");
    check(folder, "two", POST, 3, "\
certificate  no subject; from 2026-08-01T11:55:00Z until 2026-08-31T12:00:00Z
trust        `clients` vouches, by CN=Clients Issuing, by CN=Clients
trust        `partners` does not vouch: no path from the certificate to a trusted anchor: another issuer, or an intermediate is missing
name         none: the certificate has 2 spiffe names where one identifies
named        spiffe://a.example/billing
named        spiffe://a.example/admin
route        POST /v1/transactions (POST /v1/transactions) needs `transactions:write`
decision     denied, 403 identity-ambiguous: the certificate has 2 spiffe names where one identifies
");
    check(folder, "foreign", POST, 3, "\
certificate  no subject; from 2026-08-01T11:55:00Z until 2026-08-31T12:00:00Z
trust        `clients` does not vouch: no path from the certificate to a trusted anchor: another issuer, or an intermediate is missing
trust        `partners` vouches, by CN=Partners
name         spiffe://a.example/billing, as `partners` may vouch for `spiffe://a.example/billing`
principal    nobody; `clients: spiffe://a.example/billing` would be `billing` (line 11, column 43 of the policy)
route        POST /v1/transactions (POST /v1/transactions) needs `transactions:write`
decision     denied, 403 principal-unknown: no principal has the identity `partners: spiffe://a.example/billing`
");
    check(folder, "former", POST, 3, "\
certificate  no subject; from 2026-08-01T11:55:00Z until 2026-08-31T12:00:00Z
trust        `clients` vouches, by CN=Clients Issuing, by CN=Clients
trust        `partners` does not vouch: no path from the certificate to a trusted anchor: another issuer, or an intermediate is missing
name         spiffe://a.example/former, as `clients` may vouch for `spiffe://a.example/*`
principal    `former`, by line 20, column 43 of the policy, with the role `clerk`
route        POST /v1/transactions (POST /v1/transactions) needs `transactions:write`
permission   granted by the role `clerk`
decision     denied, 403 principal-disabled: `former` is disabled
");
    check(folder, "other", ["GET", "/whoami"], 3, "\
certificate  no subject; from 2026-08-01T11:55:00Z until 2026-08-31T12:00:00Z
trust        `clients` does not vouch: no path from the certificate to a trusted anchor: another issuer, or an intermediate is missing
trust        `partners` vouches, by CN=Partners
name         none: the trust `partners` may not vouch for `spiffe://a.example/reports`
named        spiffe://a.example/reports
route        GET /whoami (GET /whoami) is open to everybody whom the policy knows
decision     denied, 403 identity-not-allowed: the trust `partners` may not vouch for `spiffe://a.example/reports`
");
}

#[test]
fn a_program_is_told_the_same() {
    let folder = world();
    for (name, exit, decision, code) in [
        ("billing", 0, "allowed", None),
        ("reports", 3, "denied", Some("permission-missing")),
        ("newcomer", 3, "denied", Some("principal-unknown")),
        ("two", 3, "denied", Some("identity-ambiguous")),
        ("foreign", 3, "denied", Some("principal-unknown")),
        ("former", 3, "denied", Some("principal-disabled")),
        ("other", 3, "denied", Some("identity-not-allowed")),
    ] {
        let more = [
            "--config",
            "server.toml",
            "--json",
            "POST",
            "/v1/transactions",
        ];
        let (status, said, _) = explain(folder.path(), name, &more);
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(status, Some(exit), "{name}");
        assert_eq!(said["decision"], decision, "{name}");
        assert_eq!(said["code"].as_str(), code, "{name}");
        assert_eq!(said["route"]["permission"], "transactions:write", "{name}");
        assert_eq!(said["trusts"].as_array().unwrap().len(), 2, "{name}");
    }
}

/// A line as the audit log has it, where it was the certificate in this file that was refused.
fn line(folder: &Path, name: &str, address: &str) -> String {
    let pem = fs::read(folder.join(format!("{name}.pem"))).unwrap();
    let leaf = CertificateDer::pem_slice_iter(&pem).next().unwrap();
    refused(address, &leaf.unwrap())
}

fn refused(address: &str, leaf: &[u8]) -> String {
    let presented = BASE64.encode(leaf);
    format!(
        r#"{{"time":"{NOW}","event":"handshake","outcome":"refused","code":"certificate-untrusted","detail":"why","address":"{address}","presented":"{presented}","epoch":1}}"#
    ) + "\n"
}

const ALLOWED: &str = r#"{"time":"2026-08-01T12:00:00Z","event":"request","outcome":"allowed","principal":"presented","epoch":1}
somebody else's "presented" line
"#;

fn explain_audit(folder: &Path, log: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let mut args = vec!["explain", "--audit", log, "--clock", NOW];
    args.extend(["--config", "server.toml"]);
    args.extend_from_slice(more);
    let stdin = fs::File::open(folder.join("audit.jsonl")).unwrap();
    let output = countersign(folder, &args).stdin(stdin).output().unwrap();
    let said = stdout(&output).to_owned();
    (output.status.code(), said, stderr(&output).to_owned())
}

#[test]
fn the_last_certificate_that_the_audit_log_has_is_explained() {
    let folder = world();
    let folder = folder.path();
    let lines = [
        line(folder, "foreign", "203.0.113.6:1"),
        line(folder, "billing", "203.0.113.7:2"),
        ALLOWED.to_owned(),
    ];
    fs::write(folder.join("audit.jsonl"), lines.concat()).unwrap();
    for log in ["audit.jsonl", "-"] {
        let (code, said, error) = explain_audit(folder, log, &POST);
        // The leaf alone: without the intermediate nobody vouches.
        assert_eq!(code, Some(3), "{error}");
        assert_eq!(said, "\
logged       certificate-untrusted at 2026-08-01T12:00:00Z, from 203.0.113.7:2
certificate  no subject; from 2026-08-01T11:55:00Z until 2026-08-31T12:00:00Z
trust        `clients` does not vouch: no path from the certificate to a trusted anchor: another issuer, or an intermediate is missing
trust        `partners` does not vouch: no path from the certificate to a trusted anchor: another issuer, or an intermediate is missing
named        spiffe://a.example/billing
named        dns:b.a.example
route        POST /v1/transactions (POST /v1/transactions) needs `transactions:write`
decision     denied, 401 certificate-untrusted: no path from the certificate to a trusted anchor: another issuer, or an intermediate is missing
");
    }
    let more = ["--chain", "reports.pem", "--json", POST[0], POST[1]];
    let (code, said, _) = explain_audit(folder, "-", &more);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &said["decision"]), (Some(0), &json!("allowed")));
    let logged = json!({ "time": NOW, "code": "certificate-untrusted", "detail": "why", "address": "203.0.113.7:2" });
    assert_eq!(said["logged"], logged);
}

#[test]
fn a_log_without_a_certificate_that_can_be_read_is_said() {
    let folder = world();
    let folder = folder.path();
    for (lines, wanted) in [
        (
            ALLOWED.to_owned(),
            "error: no line of `audit.jsonl` has a certificate\nhint: only a certificate that was refused is in the log itself, as `presented`\n",
        ),
        (
            refused("203.0.113.7:2", b"junk"),
            "error: `audit.jsonl`: not a DER-encoded X.509 certificate\nhint: no server can read it: its holder needs another\n",
        ),
    ] {
        fs::write(folder.join("audit.jsonl"), lines).unwrap();
        let (code, _, said) = explain_audit(folder, "audit.jsonl", &["GET", "/"]);
        assert_eq!((code, said.as_str()), (Some(1), wanted));
    }
}

#[test]
fn what_is_at_no_route_is_told_as_the_server_tells_it() {
    let folder = world();
    for (name, method, path, end) in [
        (
            "billing",
            "GET",
            "/nothing",
            "decision     denied, 404 not-found: there is no route at this path\n",
        ),
        (
            "billing",
            "DELETE",
            "/whoami",
            "decision     denied, 405 method-not-allowed: the route does not know this method\n",
        ),
        // Nobody else learns which paths there are.
        (
            "newcomer",
            "GET",
            "/nothing",
            "decision     denied, 403 principal-unknown: no principal has the identity `clients: spiffe://a.example/newcomer`\n",
        ),
        (
            "billing",
            "HEAD",
            "/v1/transactions/7",
            "decision     allowed\n",
        ),
    ] {
        let (_, said, _) = explain(
            folder.path(),
            name,
            &["--config", "server.toml", method, path],
        );
        assert!(said.ends_with(end), "{name} {method} {path}: {said}");
    }
}

#[test]
fn routes_of_ones_own_are_read_from_a_file() {
    let folder = world();
    let own = r#"[{"method": "*", "path": "/own/{id}", "access": "public"}]"#;
    fs::write(folder.path().join("routes.json"), own).unwrap();
    let more = [
        "--config",
        "server.toml",
        "--routes",
        "routes.json",
        "PUT",
        "/own/1",
    ];
    let (code, said, _) = explain(folder.path(), "newcomer", &more);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("PUT /own/1 (* /own/{id}) is public"),
        "{said}"
    );
}

#[test]
fn the_dev_certificates_need_no_configuration() {
    let folder = tempdir().unwrap();
    run(folder.path(), &["pki", "init"]);
    for (name, exit) in [
        ("billing", 0),
        ("reports", 3),
        ("newcomer", 3),
        ("mallory", 3),
    ] {
        let cert = format!(".countersign/{name}.pem");
        let output = run(
            folder.path(),
            &["explain", "--cert", &cert, "POST", "/v1/transactions"],
        );
        assert_eq!(
            output.status.code(),
            Some(exit),
            "{name}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn what_cannot_be_read_is_said_with_what_was_wanted() {
    let folder = world();
    fs::write(folder.path().join("empty.pem"), "nothing").unwrap();
    for (name, more, wanted) in [
        (
            "missing",
            vec!["GET", "/"],
            "error: cannot read `missing.pem`: No such file or directory (os error 2)\nhint: name a file with a certificate\n",
        ),
        (
            "empty",
            vec!["GET", "/"],
            "error: `empty.pem` holds no certificate\nhint: name a file with a certificate, as PEM or DER\n",
        ),
        (
            "billing",
            vec!["G T", "/"],
            "error: `G T` is not a method: invalid HTTP method\nhint: write the method first, then the path: GET /whoami\n",
        ),
        (
            "billing",
            vec!["GET", "/"],
            "error: cannot read `root.pem`: No such file or directory (os error 2)\nhint: name the configuration of the server with --config\n",
        ),
        (
            "billing",
            vec![
                "--routes",
                "policy.toml",
                "--config",
                "server.toml",
                "GET",
                "/",
            ],
            "error: `policy.toml`: expected value at line 1 column 1\nhint: make it with `countersign serve --routes --json`, or `Api::table` and `to_json`\n",
        ),
    ] {
        let (code, _, said) = explain(folder.path(), name, &more);
        assert_eq!((code, said.as_str()), (Some(1), wanted), "{name}");
    }
}
