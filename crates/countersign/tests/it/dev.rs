use std::fs;
use std::net::TcpListener;

use tempfile::tempdir;

use crate::support::{run, stderr, stdout};

/// Caller, request, outcome and why, as `dev --once` prints them.
const TABLE: &str = "\
caller            request                outcome                        why
billing           GET /v1/transactions   200                            the policy grants transactions:read
billing           POST /v1/transactions  201                            the policy grants transactions:write
reports           GET /v1/transactions   200                            the policy grants transactions:read
reports           POST /v1/transactions  403 permission-missing         `reports` lacks `transactions:write`
newcomer          GET /v1/transactions   403 principal-unknown          no principal has the identity `clients: spiffe://dev.countersign.example/newcomer`
(no certificate)  GET /v1/transactions   refused: certificate_required  no certificate was presented
mallory           GET /v1/transactions   refused: unknown_ca            issued under `CN=Countersign Dev Stranger TEST ONLY`, the server accepts `CN=Countersign Dev Root TEST ONLY`
";

#[test]
fn dev_says_who_got_what_and_why() {
    let folder = tempdir().unwrap();
    let output = run(folder.path(), &["dev", "--once"]);
    assert_eq!(stdout(&output), TABLE, "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(0));
}

/// The same of `dev --profile open-banking`.
const BANK: &str = "\
caller  request                                      outcome                       why
aisp    POST consents                                consented                     its certificate has PSP_AI
aisp    GET accounts                                 1 account                     PSP_AI, and the consent covers it
aisp    GET accounts/{id}/balances                   1250.40 EUR                   PSP_AI, and the consent covers it
aisp    GET accounts/{id}/transactions               25 transactions               PSP_AI, and the consent covers it
aisp    POST payments/instant-sepa-credit-transfers  401 ROLE_INVALID              `PSDGB-FCA-100001` has not the role PSP_PI
pisp    POST payments/instant-sepa-credit-transfers  initiated                     its certificate has PSP_PI
pisp    POST payments/instant-sepa-credit-transfers  the same payment              PSP_PI, and the idempotency key is known
pisp    GET payments/…/{id}/status                   ACSC                          its certificate has PSP_PI
pisp    GET accounts                                 401 ROLE_INVALID              `PSDGB-FCA-100002` has not the role PSP_AI
cbpii   POST funds-confirmations                     yes                           its certificate has PSP_IC
tpp     GET accounts                                 400 CONSENT_UNKNOWN           there is no such consent of this TPP
seal    POST funds-confirmations                     401 CERTIFICATE_INVALID       the certificate is for eseal, not for the web
former  POST consents                                refused: certificate_revoked  the handshake fails, and no request is read
aisp    DELETE consents/{id}                         ended                         its certificate has PSP_AI
aisp    GET accounts/{id}/balances                   401 CONSENT_INVALID           the consent was given back
";

#[test]
fn a_day_of_tpps_at_a_bank_comes_out_as_expected_and_the_guide_shows_it() {
    let folder = tempdir().unwrap();
    let output = run(
        folder.path(),
        &["dev", "--once", "--profile", "open-banking"],
    );
    assert_eq!(stdout(&output), BANK, "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(0));
    let guide = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/guides/open-banking.md"
    );
    assert!(fs::read_to_string(guide).unwrap().contains(BANK));
}

#[test]
fn the_readme_shows_what_dev_prints() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    assert!(readme.contains(TABLE));
}

#[test]
fn every_call_of_dev_leaves_an_audit_event() {
    let folder = tempdir().unwrap();
    run(folder.path(), &["dev", "--once"]);
    let log = fs::read_to_string(folder.path().join(".countersign/audit.jsonl")).unwrap();
    let events = log.lines().map(|line| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |member: &str| event[member].as_str().unwrap_or("-").to_owned();
        format!("{} {} {}", text("outcome"), text("code"), text("principal"))
    });
    assert_eq!(
        events.collect::<Vec<_>>(),
        [
            "allowed - billing",
            "allowed - billing",
            "allowed - reports",
            "denied permission-missing reports",
            "denied principal-unknown -",
            "refused certificate-required -",
            "refused certificate-untrusted -",
        ]
    );
}

#[test]
fn a_second_run_uses_the_same_certificates() {
    let folder = tempdir().unwrap();
    run(folder.path(), &["dev", "--once"]);
    let before = fs::read(folder.path().join(".countersign/billing.pem")).unwrap();
    let output = run(folder.path(), &["dev", "--once"]);
    assert!(stderr(&output).starts_with("the PKI in .countersign is unchanged"));
    let after = fs::read(folder.path().join(".countersign/billing.pem")).unwrap();
    assert_eq!(before, after);
}

#[test]
fn a_port_in_use_is_said_with_what_to_do() {
    let folder = tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(folder.path(), &["dev", "--once", "--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(
        said.contains(&format!("error: cannot listen on {address}: ")),
        "{said}"
    );
    assert!(
        said.contains("hint: another program listens there"),
        "{said}"
    );
}

#[test]
fn a_folder_that_is_a_file_is_said_with_what_to_do() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("certs"), "").unwrap();
    let output = run(folder.path(), &["dev", "--once", "--dir", "certs"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(
        said.starts_with("error: ") && said.contains("certs"),
        "{said}"
    );
    assert!(said.contains("hint: "), "{said}");
}

#[test]
fn an_expired_dev_certificate_is_renewed_and_that_is_said() {
    let folder = tempdir().unwrap();
    let dir = folder.path().join(".countersign");
    let long_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * 40);
    let manifest = countersign_pki::Manifest::parse(countersign_pki::DEV_MANIFEST).unwrap();
    let plan = countersign_pki::Plan::new(&manifest, long_ago);
    let store = countersign_pki::Store::open(&dir).unwrap();
    store.apply(&plan).unwrap();
    let key = fs::read(store.key_path("billing")).unwrap();

    let output = run(folder.path(), &["dev", "--once"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(stdout(&output), TABLE);
    let line = "renewed .countersign/billing.pem: expired at ";
    assert!(said.lines().any(|l| l.starts_with(line)), "{said}");
    assert_eq!(fs::read(store.key_path("billing")).unwrap(), key);
}

#[test]
fn a_manifest_without_those_whom_dev_calls_as_is_said() {
    let folder = tempdir().unwrap();
    let dir = folder.path().join("certs");
    fs::create_dir(&dir).unwrap();
    fs::write(
        dir.join("pki.toml"),
        "version = 1\n[authority.root]\nsubject = \"R\"\n",
    )
    .unwrap();
    let output = run(folder.path(), &["dev", "--once", "--dir", "certs"]);
    assert_eq!(output.status.code(), Some(1));
    let wanted = "error: `certs/pki.toml` lacks `server`, `billing`, `reports`, `newcomer`, `mallory`\n\
                  hint: choose another folder";
    assert!(stderr(&output).starts_with(wanted), "{}", stderr(&output));
}
