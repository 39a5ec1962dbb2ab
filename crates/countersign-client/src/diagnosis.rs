use std::fmt;
use std::net::SocketAddr;

use countersign_identity::Certificate;
use countersign_tls::{Finding, TlsVersion};
use jiff::{SignedDuration, Timestamp};
use reqwest::{StatusCode, Url};

use crate::{Error, Kind, ServerFault, TransportFault, name};

mod steps;
pub(crate) use steps::diagnose;

/// What a connection to a server shows, and what is wrong with it: the answer of
/// [`Client::diagnose`](crate::Client::diagnose).
///
/// [`headline`](Self::headline) names the fault in one line, [`next`](Self::next) says what to do.
#[derive(Debug)]
#[non_exhaustive]
pub struct Diagnosis {
    /// Whom it is about.
    pub url: Url,
    /// When it was made, by the client's clock.
    pub at: Timestamp,
    /// The addresses of the host.
    pub addresses: Vec<SocketAddr>,
    /// The one that takes connections.
    pub address: Option<SocketAddr>,
    /// What both ends agreed on.
    pub agreed: Option<Agreed>,
    /// The chain of the server, leaf first.
    pub server: Vec<Certificate>,
    /// Why we do not trust it.
    pub server_fault: Option<ServerFault>,
    /// Whether it asks for a certificate.
    pub asked: Option<bool>,
    /// The names of the CAs that it says it accepts.
    pub acceptable: Vec<String>,
    /// Our chain, leaf first.
    pub ours: Vec<Certificate>,
    /// What a server may object to in it.
    pub findings: Vec<Finding>,
    /// What went wrong first.
    pub error: Option<Error>,
    /// What the server answered to a GET.
    pub status: Option<StatusCode>,
    /// The server's clock, as its answer tells it.
    pub server_time: Option<Timestamp>,
}

/// What both ends agreed on; as far as it came, where the handshake failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Agreed {
    /// The version of TLS.
    pub version: TlsVersion,
    /// The cipher suite.
    pub cipher_suite: Option<String>,
    /// The group of the key exchange.
    pub key_exchange: Option<String>,
    /// The protocol above (RFC 7301).
    pub alpn: Option<String>,
}

impl Diagnosis {
    /// Whether nothing is wrong.
    pub fn is_well(&self) -> bool {
        self.error.is_none() && self.asked == Some(true) && !self.is_skewed()
    }

    /// What is wrong, or that nothing is: one line.
    pub fn headline(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match &self.error {
            Some(error) => error.to_string(),
            None if self.asked == Some(false) => {
                format!("`{host}` does not ask for a client certificate")
            }
            None if self.is_skewed() => format!(
                "the clocks differ by {:#}: `{host}` has {}",
                self.skew().unwrap_or_default(),
                self.server_time.unwrap_or(self.at)
            ),
            None => format!("`{host}` accepts the client certificate"),
        }
    }

    /// What to do, where there is something to do: one line.
    pub fn next(&self) -> Option<String> {
        match &self.error {
            Some(error) => error.hint().or_else(|| self.next_of(error)),
            None if self.asked == Some(false) => Some(NOT_ASKED.to_owned()),
            None if self.is_skewed() => Some("set both clocks by NTP".to_owned()),
            None => None,
        }
    }

    /// How far the server's clock is from ours; its answer tells whole seconds.
    pub fn skew(&self) -> Option<SignedDuration> {
        self.server_time
            .map(|theirs| theirs.duration_since(self.at))
    }

    /// Whether an issuer of our chain is among the CAs that the server accepts, where it names any.
    pub fn is_issuer_accepted(&self) -> Option<bool> {
        if self.acceptable.is_empty() || self.ours.is_empty() {
            return None;
        }
        let issuers = self.ours.iter().map(|ours| ours.issuer().to_string());
        Some(
            issuers
                .into_iter()
                .any(|issuer| self.acceptable.contains(&issuer)),
        )
    }

    /// A difference below a minute does no harm.
    fn is_skewed(&self) -> bool {
        self.skew()
            .is_some_and(|skew| skew.abs() > SignedDuration::from_mins(1))
    }

    fn next_of(&self, error: &Error) -> Option<String> {
        let hint = match error.kind() {
            Kind::Transport(TransportFault::Dns) => {
                "check the name, or whether the DNS of this machine knows it"
            }
            Kind::Transport(TransportFault::Connect { .. }) => {
                "check the port, whether the server runs, and what stands between"
            }
            Kind::Transport(TransportFault::NotTls) => {
                "check the port, and whether TLS is switched on"
            }
            Kind::Denied(_) => {
                "the certificate is accepted: ask the operator of the server for access"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

/// For people: the headline, then a line for each step.
impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())?;
        if let Some(next) = self.next() {
            writeln!(f, "next: {next}")?;
        }
        writeln!(f)?;
        self.write_way(f)?;
        self.write_server(f)?;
        self.write_ours(f)?;
        if let Some(status) = self.status {
            writeln!(f, "answer     {status}")?;
        }
        if let Some(skew) = self.skew() {
            let seconds = skew.as_secs();
            writeln!(f, "clock      theirs is {seconds:+} s from ours")?;
        }
        Ok(())
    }
}

impl Diagnosis {
    fn write_way(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses: Vec<_> = self.addresses.iter().map(ToString::to_string).collect();
        writeln!(f, "name       {}", or_none(&addresses.join(", ")))?;
        let address = self.address.map(|address| address.to_string());
        writeln!(f, "tcp        {}", or_none(&address.unwrap_or_default()))?;
        let Some(agreed) = &self.agreed else {
            return writeln!(f, "tls        none");
        };
        let details = [&agreed.key_exchange, &agreed.cipher_suite, &agreed.alpn];
        let details: Vec<_> = details.into_iter().flatten().cloned().collect();
        let line = format!("tls        {} {}", agreed.version, details.join(", "));
        writeln!(f, "{}", line.trim_end())
    }

    fn write_server(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for certificate in &self.server {
            writeln!(f, "server     {}", Line(certificate))?;
        }
        let verdict = match (&self.server_fault, self.server.is_empty()) {
            (Some(fault), _) => format!("not trusted: {fault}"),
            (None, false) => "trusted".to_owned(),
            (None, true) => return Ok(()),
        };
        writeln!(f, "           {verdict}")?;
        let asks = match self.asked {
            Some(true) => "for a client certificate",
            Some(false) => "for no client certificate",
            None => return Ok(()),
        };
        writeln!(f, "asks       {asks}")?;
        for name in &self.acceptable {
            writeln!(f, "accepts    {name}")?;
        }
        Ok(())
    }

    fn write_ours(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ours.is_empty() {
            writeln!(f, "ours       none")?;
        }
        for certificate in &self.ours {
            writeln!(f, "ours       {}", Line(certificate))?;
        }
        for finding in &self.findings {
            writeln!(f, "           {finding}")?;
        }
        match self.is_issuer_accepted() {
            Some(true) => writeln!(
                f,
                "           its CA is among those that the server accepts"
            ),
            Some(false) => writeln!(
                f,
                "           its CA is not among those that the server accepts"
            ),
            None => Ok(()),
        }
    }
}

/// A certificate in one line.
struct Line<'a>(&'a Certificate);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` by `{}`, until {}",
            name::label(self.0),
            self.0.issuer(),
            self.0.not_after()
        )
    }
}

fn or_none(text: &str) -> &str {
    match text {
        "" => "none",
        text => text,
    }
}

const NOT_ASKED: &str = "if callers should prove who they are, something in front of the server ends TLS, or the \
                         server is not told to ask: call the server itself, or have TLS passed through";
