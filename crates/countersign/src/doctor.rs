use anyhow::Result;
use clap::Args;
use countersign_client::{Certificate, Diagnosis, Error, Kind};
use serde_json::{Value, json};

use crate::call::url;
use crate::cli::OUTPUT;
use crate::connection::Connection;
use crate::epilogue::{Ending, Example, epilogue};
use crate::exit::Exit;
use crate::ui;

/// Say what is wrong between this machine and a server that demands a client certificate.
///
/// Prints the fault in one line, then what to do, then each step of the way: addresses, handshake, certificates of both
/// ends, answer, clocks.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &ENDINGS))]
pub(crate) struct DoctorArgs {
    /// The server to look at; https only.
    url: String,

    /// Send no request. Then a server that refuses in HTTP, as nginx does, looks well, and its clock is not
    /// known.
    #[arg(long)]
    handshake_only: bool,

    #[command(flatten)]
    connection: Connection,

    /// Print one JSON document.
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

const EXAMPLES: [Example; 3] = [
    (
        "A dev client that the policy does not know, while `countersign dev` serves",
        "countersign doctor --as newcomer https://localhost:8443/whoami",
    ),
    (
        "A partner's server and our certificate for it",
        "countersign doctor --cert us.pem --key us-key.pem --cacert partner-ca.pem https://api.partner.example/",
    ),
    (
        "For a program",
        "countersign doctor --as billing --json https://localhost:8443/whoami",
    ),
];

const ENDINGS: [Ending; 2] = [
    (Exit::Done, "nothing is wrong"),
    (Exit::Failed, "something is wrong, or a file cannot be read"),
];

/// `countersign doctor`.
pub(crate) async fn run(args: DoctorArgs) -> Result<Exit> {
    let url = url(&args.url)?;
    let client = args.connection.client(&url, |builder| builder).await?;
    let diagnosis = client.diagnose(&url, !args.handshake_only).await;
    match args.json {
        true => ui::data(document(&diagnosis)),
        false => ui::data(diagnosis.to_string().trim_end()),
    }
    Ok(Exit::of(diagnosis.is_well()))
}

/// The diagnosis as JSON; what is not known is `null`.
fn document(diagnosis: &Diagnosis) -> Value {
    let agreed = diagnosis.agreed.as_ref().map(|agreed| {
        json!({
            "version": agreed.version.as_str(),
            "cipher_suite": agreed.cipher_suite,
            "key_exchange": agreed.key_exchange,
            "alpn": agreed.alpn,
        })
    });
    let findings: Vec<_> = diagnosis.findings.iter().map(ToString::to_string).collect();
    json!({
        "url": diagnosis.url.as_str(),
        "at": diagnosis.at.to_string(),
        "well": diagnosis.is_well(),
        "headline": diagnosis.headline(),
        "next": diagnosis.next(),
        "addresses": diagnosis.addresses,
        "address": diagnosis.address,
        "tls": agreed,
        "server": certificates(&diagnosis.server),
        "server_fault": diagnosis.server_fault.as_ref().map(ToString::to_string),
        "asked": diagnosis.asked,
        "acceptable": diagnosis.acceptable,
        "ours": certificates(&diagnosis.ours),
        "findings": findings,
        "issuer_accepted": diagnosis.is_issuer_accepted(),
        "fault": diagnosis.error.as_ref().map(fault),
        "status": diagnosis.status.map(|status| status.as_u16()),
        "clock_skew_seconds": diagnosis.skew().map(|skew| skew.as_secs()),
    })
}

fn certificates(chain: &[Certificate]) -> Vec<Value> {
    let facts = |certificate: &Certificate| {
        json!({
            "subject": certificate.subject().to_string(),
            "issuer": certificate.issuer().to_string(),
            "serial": certificate.serial(),
            "names": certificate.alt_names().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "not_before": certificate.not_before().to_string(),
            "not_after": certificate.not_after().to_string(),
            "thumbprint": certificate.thumbprint().to_string(),
            "pin": certificate.pin().to_string(),
        })
    };
    chain.iter().map(facts).collect()
}

fn fault(error: &Error) -> Value {
    let kind = match error.kind() {
        Kind::Request(_) => "request",
        Kind::Trust(_) => "trust",
        Kind::Refused(_) => "refused",
        Kind::CertificateNotRequested => "certificate-not-requested",
        Kind::Denied(_) => "denied",
        Kind::Status { .. } => "status",
        Kind::Transport(_) => "transport",
        _ => "other",
    };
    let alert = match error.kind() {
        Kind::Refused(refused) => refused.alert.map(|alert| alert.to_string()),
        _ => None,
    };
    let code = error.code().map(|code| code.as_str());
    json!({ "kind": kind, "alert": alert, "code": code })
}
