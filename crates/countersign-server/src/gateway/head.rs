//! What of a head is passed on, and what is said anew?

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue};
use countersign_identity::is_identity_header;
use http::header::{
    CONNECTION, COOKIE, EXPECT, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE, VIA,
};
use http::{HeaderName, Uri, Version};

/// Takes out what is for one hop (RFC 9110, 7.6.1), what `Connection` says is, and whatever could name a caller.
pub(super) fn clean(headers: &mut HeaderMap) {
    let nominated = headers.get_all(CONNECTION).iter();
    let nominated = nominated.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let nominated = nominated.filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok());
    let mut gone: Vec<HeaderName> = nominated.collect();
    gone.extend(headers.keys().filter(|name| names_somebody(name)).cloned());
    gone.extend(ONE_HOP);
    for name in gone {
        headers.remove(name);
    }
}

/// The same of a request: what names its way here, too.
pub(super) fn clean_request(headers: &mut HeaderMap) {
    clean(headers);
    let way: Vec<_> = headers
        .keys()
        .filter(|name| tells_a_way(name))
        .cloned()
        .collect();
    for name in way.into_iter().chain([EXPECT]) {
        headers.remove(name);
    }
    join_cookies(headers);
}

/// By the name that CGI, WSGI and the like would make of it: they know letters, digits and `_` alone.
fn names_somebody(name: &HeaderName) -> bool {
    let plain = plain(name);
    is_identity_header(&plain) || OURS.iter().any(|start| plain.starts_with(start))
}

fn tells_a_way(name: &HeaderName) -> bool {
    let plain = plain(name);
    WAY.contains(&plain.as_str()) || plain.starts_with("x-forwarded-")
}

fn plain(name: &HeaderName) -> String {
    let characters = name.as_str().chars();
    let plain = characters.map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    plain.collect()
}

/// HTTP/2 splits it, and HTTP/1.1 may not (RFC 9113, 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let cookies: Vec<_> = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if cookies.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&cookies.join(b"; ".as_slice()))
    {
        headers.insert(COOKIE, joined);
    }
}

/// How a request came to the gateway.
pub(super) struct Way {
    pub(super) from: IpAddr,
    pub(super) version: Version,
    /// What the caller took the service for.
    pub(super) host: Option<String>,
}

impl Way {
    /// Of what the caller said, if that can be a host.
    pub(super) fn host(uri: &Uri, headers: &HeaderMap) -> Option<String> {
        let said = headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = uri
            .authority()
            .map(|authority| authority.as_str())
            .or(said)?;
        let fits = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
        (!host.is_empty() && host.chars().all(fits)).then(|| host.to_owned())
    }

    /// `Forwarded` (RFC 7239), its elder sisters, and `Via` (RFC 9110, 7.6.3).
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let node = match self.from {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("\"[{v6}]\""),
        };
        let host = self.host.as_ref();
        let quoted = host
            .map(|host| format!(";host=\"{host}\""))
            .unwrap_or_default();
        let fields = [
            ("forwarded", Some(format!("for={node};proto=https{quoted}"))),
            ("x-forwarded-for", Some(self.from.to_string())),
            ("x-forwarded-proto", Some("https".to_owned())),
            ("x-forwarded-host", host.cloned()),
        ];
        for (name, value) in fields {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        headers.append(VIA, HeaderValue::from_static(self.received()));
    }

    fn received(&self) -> &'static str {
        match self.version {
            Version::HTTP_2 => "2.0 countersign",
            Version::HTTP_10 => "1.0 countersign",
            _ => "1.1 countersign",
        }
    }
}

const ONE_HOP: [HeaderName; 10] = [
    CONNECTION,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];
/// Beginnings of what names callers besides: ours, and what is left of `X-SSL-…`.
const OURS: [&str; 2] = ["countersign-", "x-ssl-"];
const WAY: [&str; 5] = [
    "client-ip",
    "forwarded",
    "true-client-ip",
    "x-client-ip",
    "x-real-ip",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(fields: &[(&str, &str)]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        clean_request(&mut headers);
        let left = headers.iter();
        left.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect()
    }

    #[test]
    fn what_names_a_caller_is_taken_out_however_it_is_written() {
        for name in [
            "client-cert",
            "Client-Cert-Chain",
            "client_cert",
            "CLIENT_CERT_CHAIN",
            "client.cert",
            "X-Forwarded-Client-Cert",
            "x_forwarded_client_cert",
            "Ssl-Client-Cert",
            "X-SSL-Client-S-DN",
            "X-SSL-Anything",
            "X-Amzn-Mtls-Clientcert",
            "X-Client-Cert",
            "X-Client-Verify",
            "Countersign-Principal",
            "countersign_principal",
            "countersign!principal",
            "Forwarded",
            "X-Forwarded-For",
            "x_forwarded_host",
            "X-Real-IP",
        ] {
            let twice = [(name, "a"), (name, "b"), ("accept", "*/*")];
            assert_eq!(cleaned(&twice), ["accept: */*"], "{name}");
        }
    }

    #[test]
    fn what_is_for_one_hop_goes_no_further_and_so_does_what_it_names() {
        let left = cleaned(&[
            ("connection", "keep-alive, X-Secret ,, client-cert"),
            ("connection", "te, other"),
            ("keep-alive", "timeout=5"),
            ("x-secret", "a"),
            ("x-secret", "b"),
            ("other", "c"),
            ("te", "trailers"),
            ("trailer", "client-cert"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("http2-settings", "AAAA"),
            ("proxy-authorization", "Basic eA=="),
            ("expect", "100-continue"),
            ("authorization", "Bearer x"),
        ]);
        assert_eq!(left, ["authorization: Bearer x"]);
    }

    #[test]
    fn cookies_are_one_header_again() {
        let left = cleaned(&[("cookie", "a=1"), ("cookie", "b=2")]);
        assert_eq!(left, ["cookie: a=1; b=2"]);
    }

    #[test]
    fn the_way_is_told_anew() {
        for (from, host, wanted) in [
            (
                "192.0.2.1",
                Some("api.example:8443"),
                r#"for=192.0.2.1;proto=https;host="api.example:8443""#,
            ),
            ("2001:db8::1", None, r#"for="[2001:db8::1]";proto=https"#),
        ] {
            let way = Way {
                from: from.parse().unwrap(),
                version: Version::HTTP_2,
                host: host.map(str::to_owned),
            };
            let mut headers = HeaderMap::new();
            way.write(&mut headers);
            assert_eq!(headers["forwarded"], wanted);
            assert_eq!(headers["x-forwarded-for"], from);
            assert_eq!(headers["x-forwarded-proto"], "https");
            assert_eq!(headers["via"], "2.0 countersign");
        }
    }

    #[test]
    fn a_host_that_is_none_is_not_told() {
        let of = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_str(host).unwrap());
            Way::host(&Uri::from_static("/"), &headers)
        };
        assert_eq!(of("api.example").as_deref(), Some("api.example"));
        for odd in ["", "a\";for=b", "a, b", "a;proto=http"] {
            assert_eq!(of(odd), None, "{odd}");
        }
    }
}
