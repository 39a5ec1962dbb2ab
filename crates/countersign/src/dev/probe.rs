use std::fmt;
use std::net::SocketAddr;

use anyhow::Result;
use countersign_client::{Client, Credential, Error, Kind, Likely, Method, ServerTrust};
use countersign_pki::Store;
use countersign_problem::Code;
use countersign_tls::Alert;

use super::played::Played;

/// Calls the server as each dev client.
pub(super) async fn run(store: &Store, base: &str, address: SocketAddr) -> Result<Vec<Played>> {
    let mut calls = Vec::new();
    for probe in PROBES {
        let (outcome, why) = probe.call(store, base, address).await?;
        calls.push(Played {
            caller: probe.caller.unwrap_or("(no certificate)").to_owned(),
            request: format!("{} {PATH}", probe.method),
            outcome: outcome.to_string(),
            expected: probe.expected.to_string(),
            why,
        });
    }
    Ok(calls)
}

/// A call, and what must come of it.
struct Probe {
    /// The dev client; none calls without a certificate.
    caller: Option<&'static str>,
    method: Method,
    expected: Outcome,
}

#[derive(Debug)]
enum Outcome {
    /// An answer with this status.
    Answered(u16),
    /// A problem document: the server knows who calls, and says no.
    Denied(Code),
    /// An alert: the server refused the certificate, or its absence.
    Refused(Alert),
    /// Anything else.
    Failed,
}

const PROBES: [Probe; 7] = [
    Probe::get(Some("billing"), Outcome::Answered(200)),
    Probe::post(Some("billing"), Outcome::Answered(201)),
    Probe::get(Some("reports"), Outcome::Answered(200)),
    Probe::post(Some("reports"), Outcome::Denied(Code::PermissionMissing)),
    Probe::get(Some("newcomer"), Outcome::Denied(Code::PrincipalUnknown)),
    Probe::get(None, Outcome::Refused(Alert::CERTIFICATE_REQUIRED)),
    // Billing's name, from a CA that nobody here trusts.
    Probe::get(Some("mallory"), Outcome::Refused(Alert::UNKNOWN_CA)),
];

impl Probe {
    const fn get(caller: Option<&'static str>, expected: Outcome) -> Self {
        Self {
            caller,
            method: Method::GET,
            expected,
        }
    }

    const fn post(caller: Option<&'static str>, expected: Outcome) -> Self {
        Self {
            caller,
            method: Method::POST,
            expected,
        }
    }

    /// Makes the call; answers what came of it, and why.
    async fn call(
        &self,
        store: &Store,
        base: &str,
        address: SocketAddr,
    ) -> Result<(Outcome, String)> {
        let client = self.client(store, address).await?;
        let mut request = client.request(self.method.clone(), format!("{base}{PATH}"));
        if self.method == Method::POST {
            request = request.json(&serde_json::json!({
                "amount_minor": 1250,
                "currency": "EUR",
                "reference": "countersign dev",
            }));
        }
        Ok(match request.send().await {
            Ok(response) => (
                Outcome::Answered(response.status().as_u16()),
                format!("the policy grants transactions:{}", self.verb()),
            ),
            Err(error) => (outcome(&error), why(&error)),
        })
    }

    async fn client(&self, store: &Store, address: SocketAddr) -> Result<Client> {
        let root = store.certificate_path("root");
        let mut builder = Client::builder()
            .trust(ServerTrust::pinned_ca_pem_file(root)?)
            .resolve("localhost", address);
        if let Some(caller) = self.caller {
            builder = builder.credential(Credential::from_pem_files(
                store.certificate_path(caller),
                store.key_path(caller),
            )?);
        }
        Ok(builder.build().await?)
    }

    fn verb(&self) -> &'static str {
        if self.method == Method::POST {
            "write"
        } else {
            "read"
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status) => write!(f, "{status}"),
            Self::Denied(code) => write!(f, "{} {code}", code.status()),
            Self::Refused(alert) => write!(f, "refused: {alert}"),
            Self::Failed => f.write_str("failed"),
        }
    }
}

fn outcome(error: &Error) -> Outcome {
    match error.kind() {
        Kind::Denied(problem) => Outcome::Denied(problem.code()),
        Kind::Refused(refused) => refused.alert.map_or(Outcome::Failed, Outcome::Refused),
        _ => Outcome::Failed,
    }
}

/// The server's own words where it said some, what the client knows otherwise.
fn why(error: &Error) -> String {
    match error.kind() {
        Kind::Denied(problem) => problem.detail().to_owned(),
        Kind::Refused(refused) => match &refused.likely {
            Likely::NoCertificate => "no certificate was presented".to_owned(),
            Likely::IssuerNotAccepted { ours, accepted } => {
                format!(
                    "issued under `{ours}`, the server accepts `{}`",
                    accepted.join("`, `")
                )
            }
            _ => error.to_string(),
        },
        _ => error.to_string(),
    }
}

const PATH: &str = "/v1/transactions";
