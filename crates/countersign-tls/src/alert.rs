use std::fmt;

use rustls::AlertDescription;

/// A TLS alert (RFC 8446, section 6.2), by its number.
///
/// ```
/// use countersign_tls::Alert;
///
/// assert_eq!(Alert::new(48).to_string(), "unknown_ca");
/// assert_eq!(Alert::new(213).to_string(), "alert 213");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Alert(u8);

impl Alert {
    /// `handshake_failure`: nothing was agreed; OpenSSL says it over TLS 1.2 where a certificate is missing.
    pub const HANDSHAKE_FAILURE: Self = Self(40);
    /// `bad_certificate`: the certificate cannot be read, or is refused without a better word.
    pub const BAD_CERTIFICATE: Self = Self(42);
    /// `unsupported_certificate`: not made for this purpose.
    pub const UNSUPPORTED_CERTIFICATE: Self = Self(43);
    /// `certificate_revoked`.
    pub const CERTIFICATE_REVOKED: Self = Self(44);
    /// `certificate_expired`; rustls says it of one that is not valid yet, too.
    pub const CERTIFICATE_EXPIRED: Self = Self(45);
    /// `certificate_unknown`: some other reason.
    pub const CERTIFICATE_UNKNOWN: Self = Self(46);
    /// `unknown_ca`: no path to a trusted anchor.
    pub const UNKNOWN_CA: Self = Self(48);
    /// `access_denied`: a valid certificate, whose holder may not.
    pub const ACCESS_DENIED: Self = Self(49);
    /// `decrypt_error`: a signature does not verify.
    pub const DECRYPT_ERROR: Self = Self(51);
    /// `certificate_required`: none was given.
    pub const CERTIFICATE_REQUIRED: Self = Self(116);

    /// The alert with this number.
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// Its number in the registry of IANA.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Its name in RFC 8446, where it has one.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "close_notify",
            10 => "unexpected_message",
            20 => "bad_record_mac",
            22 => "record_overflow",
            40 => "handshake_failure",
            41 => "no_certificate",
            42 => "bad_certificate",
            43 => "unsupported_certificate",
            44 => "certificate_revoked",
            45 => "certificate_expired",
            46 => "certificate_unknown",
            47 => "illegal_parameter",
            48 => "unknown_ca",
            49 => "access_denied",
            50 => "decode_error",
            51 => "decrypt_error",
            70 => "protocol_version",
            71 => "insufficient_security",
            80 => "internal_error",
            86 => "inappropriate_fallback",
            90 => "user_canceled",
            109 => "missing_extension",
            110 => "unsupported_extension",
            112 => "unrecognized_name",
            113 => "bad_certificate_status_response",
            115 => "unknown_psk_identity",
            116 => "certificate_required",
            120 => "no_application_protocol",
            _ => return None,
        })
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "alert {}", self.0),
        }
    }
}

impl From<AlertDescription> for Alert {
    fn from(alert: AlertDescription) -> Self {
        Self(alert.into())
    }
}
