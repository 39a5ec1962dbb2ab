use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::{Dev, is_here, python, stderr, stdout};

/// Schemathesis asks a server what its document allows and what it does not.
#[test]
fn whatever_schemathesis_asks_the_answer_is_documented_and_none_is_a_fault_of_the_server() {
    let python = python();
    let probe = ["-c", "import schemathesis"];
    if !is_here(
        "Python with schemathesis",
        Command::new(&python).args(probe),
    ) {
        return;
    }
    let dev = Dev::bank();
    let document = get(&dev, "openapi.json", &[]);
    fs::write(dev.folder().join("openapi.json"), document.to_string()).unwrap();
    fs::write(dev.folder().join("schemathesis.toml"), known(&dev)).unwrap();
    let base = base(&dev);
    let run = [
        "run",
        "openapi.json",
        "--url",
        &base,
        "--seed",
        "1",
        "--max-examples",
        "50",
    ];
    let certificates = [
        "--request-cert",
        "tpp.pem",
        "--request-cert-key",
        "tpp-key.pem",
        "--tls-verify",
        "root.pem",
    ];
    let certificates = certificates.map(|word| match word.ends_with(".pem") {
        true => format!(".countersign/open-banking/{word}"),
        false => word.to_owned(),
    });
    let how = [
        "--phases",
        "examples,coverage,fuzzing",
        "--checks",
        CHECKS,
        "--continue-on-failure",
        "-H",
        "PSU-IP-Address: 192.0.2.1",
        "--no-color",
    ];
    let program = [
        "-c",
        "from schemathesis.cli import schemathesis; schemathesis()",
    ];
    let certificates: Vec<_> = certificates.iter().map(String::as_str).collect();
    let words: Vec<_> = program
        .iter()
        .chain(&run)
        .chain(&certificates)
        .chain(&how)
        .copied()
        .collect();
    let output = dev.run(&python, &words, "");
    let said = stdout(&output);
    assert!(output.status.success(), "{said}{}", stderr(&output));
    assert!(said.contains("Tested: 17"), "{said}");
    // The client is permitted to call every route.
    assert!(!said.contains("Authentication failed"), "{said}");
}

/// What the server knows: without it, most of what is asked would be for nothing that is there.
fn known(dev: &Dev) -> String {
    let consent = r#"{
        "access": { "balances": [{ "iban": "DE89370400440532013000" }], "transactions": [{ "iban": "DE89370400440532013000" }] },
        "recurringIndicator": true, "validUntil": "2099-12-31", "frequencyPerDay": 4, "combinedServiceIndicator": false
    }"#;
    let consent = get(dev, "open-banking/v1/consents", &["--data-json", consent]);
    let payment = r#"{
        "debtorAccount": { "iban": "DE89370400440532013000" }, "creditorAccount": { "iban": "DE89370400440532013000" },
        "instructedAmount": { "currency": "EUR", "amount": "1.00" }, "creditorName": "Bookshop"
    }"#;
    let payment = get(
        dev,
        "open-banking/v1/payments/sepa-credit-transfers",
        &["--data-json", payment],
    );
    format!(
        "[parameters]\n\"header.Consent-ID\" = {}\n\"path.payment_id\" = {}\n\"path.account_id\" = \"{ACCOUNT}\"\n\
         \"path.product\" = \"sepa-credit-transfers\"\n",
        named(&consent, "consentId"),
        named(&payment, "paymentId")
    )
}

fn get(dev: &Dev, path: &str, args: &[&str]) -> Value {
    let url = format!("{}/{path}", base(dev));
    let own = [
        "call",
        "--as",
        "tpp",
        "--dir",
        ".countersign/open-banking",
        "-H",
        "X-Request-ID: 99391c7e-ad88-49ec-a2ad-99ddcb1f7721",
        &url,
    ];
    let words: Vec<_> = own.iter().chain(args).copied().collect();
    let output = dev.run(env!("CARGO_BIN_EXE_countersign"), &words, "");
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// The member, quoted.
fn named(answer: &Value, member: &str) -> String {
    answer.get(member).unwrap().to_string()
}

fn base(dev: &Dev) -> String {
    format!("https://localhost:{}", dev.port())
}

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,response_headers_conformance";
const ACCOUNT: &str = "3dc3d5b3-7023-4848-9853-f5400a64e80f";
