use std::fmt;

use rustls::{HandshakeKind, ProtocolVersion, ServerConnection};

/// What was agreed in a finished handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Handshake {
    /// The TLS version.
    pub version: TlsVersion,
    /// The application protocol (RFC 7301), such as `h2`.
    pub alpn: Option<String>,
    /// The cipher suite, as rustls spells it.
    pub cipher_suite: Option<String>,
    /// The key exchange group; unknown on a resumed TLS 1.2 session.
    pub key_exchange: Option<String>,
    /// The host that the client asked for (RFC 6066, section 3).
    pub server_name: Option<String>,
    /// Whether a session was resumed: the client proved nothing anew.
    pub resumed: bool,
}

impl Handshake {
    /// None that took place.
    #[cfg(feature = "test-util")]
    pub fn none() -> Self {
        Self {
            version: TlsVersion::Unknown,
            alpn: None,
            cipher_suite: None,
            key_exchange: None,
            server_name: None,
            resumed: false,
        }
    }

    /// What was agreed on `connection`, as far as it has come.
    pub fn of(connection: &ServerConnection) -> Self {
        Self {
            version: TlsVersion::of(connection.protocol_version()),
            alpn: connection
                .alpn_protocol()
                .map(|name| String::from_utf8_lossy(name).into_owned()),
            cipher_suite: connection
                .negotiated_cipher_suite()
                .map(|suite| format!("{:?}", suite.suite())),
            key_exchange: connection
                .negotiated_key_exchange_group()
                .map(|group| format!("{:?}", group.name())),
            server_name: connection.server_name().map(str::to_owned),
            resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
        }
    }
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TlsVersion {
    /// Not agreed yet.
    Unknown,
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

impl TlsVersion {
    /// `1.2` or `1.3`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Tls12 => "1.2",
            Self::Tls13 => "1.3",
        }
    }

    fn of(version: Option<ProtocolVersion>) -> Self {
        match version {
            Some(ProtocolVersion::TLSv1_2) => Self::Tls12,
            Some(ProtocolVersion::TLSv1_3) => Self::Tls13,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
