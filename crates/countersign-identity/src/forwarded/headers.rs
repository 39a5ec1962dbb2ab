/// Whether a header of this name says who a client is, in a dialect that we read or in another.
///
/// Case does not matter, and `_` is `-`: behind a gateway that translates names the two are the same. Names that a
/// configuration chooses besides are not among them.
///
/// ```
/// use countersign_identity::is_identity_header;
///
/// assert!(is_identity_header("Client-Cert"));
/// assert!(is_identity_header("x_forwarded_client_cert"));
/// assert!(!is_identity_header("X-Client-Version"));
/// ```
pub fn is_identity_header(name: &str) -> bool {
    let begins = |start: &&str| begins(name, start);
    let is = |known: &&str| name.len() == known.len() && begins(known);
    NAMES.iter().any(is) || BEGINNINGS.iter().any(begins)
}

fn begins(name: &str, start: &str) -> bool {
    let plain = name.bytes().map(|byte| match byte {
        b'_' => b'-',
        other => other.to_ascii_lowercase(),
    });
    name.len() >= start.len()
        && plain
            .zip(start.bytes())
            .all(|(byte, wanted)| byte == wanted)
}

/// Of proxies, and of tutorials for them.
const NAMES: [&str; 14] = [
    "l5d-client-id",
    "x-arr-clientcert",
    "x-client-cn",
    "x-client-dn",
    "x-client-fingerprint",
    "x-client-i-dn",
    "x-client-issuer-dn",
    "x-client-s-dn",
    "x-client-san",
    "x-client-serial",
    "x-client-subject-dn",
    "x-client-verified",
    "x-client-verify",
    "x-ssl-cert",
];

const BEGINNINGS: [&str; 10] = [
    "cf-client-cert",
    "client-cert",
    "ssl-client-",
    "x-amzn-mtls-",
    "x-client-cert",
    "x-forwarded-client-cert",
    "x-forwarded-tls-client-cert",
    "x-mtls-client",
    "x-ssl-client-",
    "x-tls-client-",
];
