//! How is a diagnosis made? Step by step, until one fails.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_identity::Certificate;
use countersign_tls::Credential;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{DATE, HeaderMap};
use reqwest::{Method, Request, Url};

use crate::classify::Caller;
use crate::probe::{Onlooker, Probe, Server, Shown, reachable};
use crate::rules::{Demand, Rules};
use crate::settings::Settings;
use crate::shared::Shared;
use crate::tls::TlsParts;
use crate::{BuildError, Diagnosis, Error, Kind, RequestFault, ServerTrust, TransportFault};

pub(crate) async fn diagnose(shared: &Shared, url: &Url, request: bool) -> Diagnosis {
    let (credential, trust) = shared.in_use().await;
    let mut diagnosis = begun(&shared.settings, url, credential.as_ref());
    let done = steps(shared, &mut diagnosis, credential, &trust, request).await;
    diagnosis.error = done.err().map(|error| error.at(url));
    diagnosis
}

fn begun(settings: &Settings, url: &Url, credential: Option<&Credential>) -> Diagnosis {
    let at = settings.clock.now();
    let chain = credential.into_iter().flat_map(Credential::chain_der);
    Diagnosis {
        url: url.clone(),
        at,
        addresses: Vec::new(),
        address: None,
        agreed: None,
        server: Vec::new(),
        server_fault: None,
        asked: None,
        acceptable: Vec::new(),
        ours: chain
            .filter_map(|der| Certificate::from_der(der).ok())
            .collect(),
        findings: credential
            .map(|credential| credential.check(at))
            .unwrap_or_default(),
        error: None,
        status: None,
        server_time: None,
    }
}

/// Each step, until one fails.
async fn steps(
    shared: &Shared,
    diagnosis: &mut Diagnosis,
    credential: Option<Credential>,
    trust: &ServerTrust,
    request: bool,
) -> Result<(), Error> {
    let url = diagnosis.url.clone();
    let scheme = url.scheme().to_owned();
    if scheme != "https" {
        return Err(Error::new(Kind::Request(RequestFault::NotHttps { scheme })));
    }
    // Behind a proxy, all that can be seen is what becomes of a request.
    if shared.settings.proxy.is_none() {
        let address = locate(&shared.settings, diagnosis).await?;
        let maker = Maker {
            settings: &shared.settings,
            trust,
            address,
            host: bare_host(&url),
        };
        look_on(&maker, diagnosis).await?;
        present(&maker, diagnosis, credential.clone()).await?;
    }
    if request {
        get(shared, diagnosis, credential, trust).await?;
    }
    Ok(())
}

/// As TLS has it: an IPv6 address without brackets.
fn bare_host(url: &Url) -> String {
    url.host_str()
        .unwrap_or_default()
        .trim_matches(['[', ']'])
        .to_owned()
}

async fn locate(settings: &Settings, diagnosis: &mut Diagnosis) -> Result<SocketAddr, Error> {
    let host = bare_host(&diagnosis.url);
    let port = diagnosis.url.port_or_known_default().unwrap_or(443);
    let mut fixed = settings.resolve.iter().rev();
    diagnosis.addresses = match fixed.find(|(name, _)| *name == host) {
        Some((_, address)) => vec![as_reqwest_would(*address, &diagnosis.url, port)],
        None => {
            let found = tokio::net::lookup_host((host.as_str(), port)).await;
            let found = found
                .map_err(|error| Error::new(Kind::Transport(TransportFault::Dns)).because(error))?;
            found.collect()
        }
    };
    let address = reachable(&diagnosis.addresses)
        .await
        .map_err(|reason| Error::new(Kind::Transport(TransportFault::Connect { reason })))?;
    diagnosis.address = Some(address);
    Ok(address)
}

/// A port in the URL counts more than one in the address.
fn as_reqwest_would(address: SocketAddr, url: &Url, port: u16) -> SocketAddr {
    match (url.port(), address.port()) {
        (None, 1..) => address,
        _ => SocketAddr::new(address.ip(), port),
    }
}

/// What makes a handshake with this server.
struct Maker<'a> {
    settings: &'a Settings,
    trust: &'a ServerTrust,
    address: SocketAddr,
    host: String,
}

impl Maker<'_> {
    fn parts(&self, credential: Option<Credential>) -> TlsParts<'_> {
        TlsParts {
            credential,
            trust: self.trust,
            clock: Arc::clone(&self.settings.clock),
            version: self.settings.tls_version,
            http: self.settings.http_version,
        }
    }

    fn probe(&self, config: rustls::ClientConfig, credential: Option<&Credential>) -> Probe {
        let rules = Rules::new(None, Demand::Nobody);
        let clock = Arc::clone(&self.settings.clock);
        Probe {
            address: self.address,
            host: self.host.clone(),
            config: Arc::new(config),
            caller: Arc::new(Caller::new(credential, clock, rules)),
            least: self.settings.confirm_within,
        }
    }
}

/// Presents nothing, to whoever is there.
async fn look_on(maker: &Maker<'_>, diagnosis: &mut Diagnosis) -> Result<(), Error> {
    let noted = Arc::new(Mutex::new(Server::default()));
    let parts = maker.parts(None);
    let config = parts.into_config_judged_by(|witness| Onlooker::new(witness, &noted));
    let shown = maker.probe(config.map_err(unbuilt)?, None).run().await;
    let server = noted.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let spoke = !server.chain.is_empty();
    diagnosis.server = server.chain;
    diagnosis.server_fault = server.fault.clone();
    let error = note(diagnosis, shown);
    if let Some(fault) = server.fault {
        return Err(Error::new(Kind::Trust(fault)).unsent(true));
    }
    match error {
        // What it says to somebody without a certificate is not about us.
        Some(error) if !spoke => Err(error),
        _ => Ok(()),
    }
}

/// Presents the credential to a server that is trusted.
async fn present(
    maker: &Maker<'_>,
    diagnosis: &mut Diagnosis,
    credential: Option<Credential>,
) -> Result<(), Error> {
    let config = maker.parts(credential.clone()).into_config();
    let probe = maker.probe(config.map_err(unbuilt)?, credential.as_ref());
    match note(diagnosis, probe.run().await) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Keeps the facts, the later and fuller of two, and hands the error on.
fn note(diagnosis: &mut Diagnosis, shown: Shown) -> Option<Error> {
    let fuller = shown
        .agreed
        .as_ref()
        .is_some_and(|agreed| agreed.cipher_suite.is_some());
    if fuller || diagnosis.agreed.is_none() {
        diagnosis.agreed = shown.agreed;
    }
    diagnosis.asked = shown.asked.or(diagnosis.asked);
    if !shown.acceptable.is_empty() {
        diagnosis.acceptable = shown.acceptable;
    }
    shown.error
}

/// On a connection of its own.
async fn get(
    shared: &Shared,
    diagnosis: &mut Diagnosis,
    credential: Option<Credential>,
    trust: &ServerTrust,
) -> Result<(), Error> {
    let generation = shared.settings.generation(0, credential, trust);
    let generation = generation.map_err(unbuilt)?;
    let request = Request::new(Method::GET, diagnosis.url.clone());
    let answer = generation.send(request).await?;
    diagnosis.status = Some(answer.status());
    diagnosis.server_time = date(answer.headers());
    match answer
        .into_success()
        .await
        .map_err(|error| (status_only(&error), error))
    {
        Ok(_) | Err((true, _)) => Ok(()),
        Err((false, error)) => Err(error),
    }
}

/// A path that is not there says nothing of certificates.
fn status_only(error: &Error) -> bool {
    matches!(error.kind(), Kind::Status { .. })
}

fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    let date = DateTimeParser::new().parse_timestamp(text);
    date.ok()
}

fn unbuilt(error: BuildError) -> Error {
    let reason = error.to_string();
    Error::new(Kind::Request(RequestFault::Unencodable { reason }))
}
