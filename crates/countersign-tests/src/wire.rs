use std::fmt;

use countersign_client::{ClientBuilder, HttpVersion};
use countersign_tls::TlsVersion;

/// A version of TLS and one of HTTP: what a client and a server can agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wire {
    /// The version of TLS.
    pub tls: TlsVersion,
    /// The version of HTTP.
    pub http: HttpVersion,
}

impl Wire {
    /// Each combination that the server speaks.
    pub const ALL: [Self; 4] = [
        Self::of(TlsVersion::Tls12, HttpVersion::Http1),
        Self::of(TlsVersion::Tls12, HttpVersion::Http2),
        Self::of(TlsVersion::Tls13, HttpVersion::Http1),
        Self::of(TlsVersion::Tls13, HttpVersion::Http2),
    ];

    const fn of(tls: TlsVersion, http: HttpVersion) -> Self {
        Self { tls, http }
    }

    /// A client that speaks nothing else.
    pub fn only(self, client: ClientBuilder) -> ClientBuilder {
        client.tls_version(self.tls).http_version(self.http)
    }

    /// What the handshake agrees on (RFC 7301).
    pub fn alpn(self) -> &'static str {
        if self.http == HttpVersion::Http2 {
            "h2"
        } else {
            "http/1.1"
        }
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TLS {}, {}", self.tls, self.alpn())
    }
}
