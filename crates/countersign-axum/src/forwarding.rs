use countersign_identity::{
    ClientCert, EncodedDer, EscapedPem, FoldedPem, ForwardedChain, ForwardedError, Name,
    SubjectText, TrustName, Xfcc, is_identity_header,
};
use countersign_policy::PrincipalName;
use countersign_tls::Intermediates;
use http::HeaderName;
use http::header::HeaderValue;

/// Who may say for whom it asks, and how: the gateways that end TLS before us.
///
/// A peer is believed if it is named here *and* its own principal holds [`FORWARD`](Self::FORWARD). It never acts for
/// itself then: a request in which it says nothing of a client is one without a certificate. The headers of anybody
/// else, in whatever dialect, never reach a handler.
#[derive(Clone, Debug, Default)]
pub struct Forwarding {
    gateways: Vec<Gateway>,
    unbelieved: Unbelieved,
}

/// What becomes of a request whose headers say who a client is, by somebody who may not say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unbelieved {
    /// The headers are taken away and counted, and the request is decided without them.
    #[default]
    Strip,
    /// It is answered with 400 `forwarded-identity-untrusted`.
    Refuse,
}

/// A principal that ends TLS for others.
#[derive(Clone, Debug)]
pub struct Gateway {
    principal: PrincipalName,
    dialect: Dialect,
    trusts: Vec<TrustName>,
    intermediates: Intermediates,
}

/// How a gateway says who its client is. docs/reference/forwarded.md has each with its gateways.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// `Client-Cert` and `Client-Cert-Chain` (RFC 9440).
    ClientCert,
    /// `X-Forwarded-Client-Cert` of Envoy and Istio, with the element that counts.
    Xfcc(Element),
    /// Percent-encoded PEM in this header: nginx, AWS's load balancer.
    EscapedPem(HeaderName),
    /// PEM without lines in this header: AWS's API Gateway.
    FoldedPem(HeaderName),
    /// DER in base64 in this header: HAProxy.
    EncodedDer(HeaderName),
    /// Nothing but the subject as text in this header. We can verify nothing of it, revocation neither.
    UnverifiedSubject(HeaderName),
}

/// Which element of `X-Forwarded-Client-Cert` counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Element {
    /// The only one; several are malformed.
    #[default]
    Only,
    /// The last: that of the gateway itself, where it appends. Not where it writes `URI` or `DNS`.
    Last,
}

impl Forwarding {
    /// What a principal must hold to be believed.
    pub const FORWARD: &str = "identity:forward";

    /// `gateways` are believed, and of all others the headers are taken away.
    pub fn new(gateways: impl IntoIterator<Item = Gateway>) -> Self {
        Self {
            gateways: gateways.into_iter().collect(),
            unbelieved: Unbelieved::default(),
        }
    }

    /// Says what becomes of the requests of all others.
    #[must_use]
    pub fn unbelieved(self, unbelieved: Unbelieved) -> Self {
        Self { unbelieved, ..self }
    }

    /// Who is believed.
    pub fn gateways(&self) -> &[Gateway] {
        &self.gateways
    }

    pub(crate) fn refuses(&self) -> bool {
        self.unbelieved == Unbelieved::Refuse
    }

    pub(crate) fn gateway(&self, principal: &PrincipalName) -> Option<&Gateway> {
        let mut gateways = self.gateways.iter();
        gateways.find(|gateway| gateway.principal == *principal)
    }

    /// Whether a gateway says who its client is in a header that is none of [`is_identity_header`].
    pub(crate) fn has_own_headers(&self) -> bool {
        let is_own = |name: &HeaderName| !is_identity_header(name.as_str());
        let mut gateways = self.gateways.iter();
        gateways.any(|gateway| gateway.dialect.headers().iter().any(is_own))
    }

    /// Whether a gateway says in this header who its client is.
    pub(crate) fn reads(&self, name: &HeaderName) -> bool {
        let spells = |known: &HeaderName| is_spelling(name, known);
        let mut gateways = self.gateways.iter();
        gateways.any(|gateway| gateway.dialect.headers().iter().any(spells))
    }
}

impl Gateway {
    /// The principal `principal` is believed in `dialect`, of clients for whom one of `trusts` vouches.
    pub fn new(
        principal: PrincipalName,
        dialect: Dialect,
        trusts: impl IntoIterator<Item = TrustName>,
    ) -> Self {
        Self {
            principal,
            dialect,
            trusts: trusts.into_iter().collect(),
            intermediates: Intermediates::default(),
        }
    }

    /// With the intermediates of its clients: most gateways forward the client's own certificate alone.
    #[must_use]
    pub fn with_intermediates(self, intermediates: Intermediates) -> Self {
        Self {
            intermediates,
            ..self
        }
    }

    /// Who it is.
    pub fn principal(&self) -> &PrincipalName {
        &self.principal
    }

    /// How it says who its client is.
    pub fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// The trusts of whose clients it is believed.
    pub fn trusts(&self) -> &[TrustName] {
        &self.trusts
    }

    pub(crate) fn intermediates(&self) -> &Intermediates {
        &self.intermediates
    }
}

/// What a gateway says of a client.
pub(crate) enum Said {
    Chain(ForwardedChain),
    Name(Name),
}

impl Dialect {
    /// The headers that it reads.
    pub fn headers(&self) -> Vec<HeaderName> {
        let standard = HeaderName::from_static;
        match self {
            Self::ClientCert => vec![standard(CLIENT_CERT), standard(CLIENT_CERT_CHAIN)],
            Self::Xfcc(_) => vec![standard(XFCC)],
            Self::EscapedPem(header)
            | Self::FoldedPem(header)
            | Self::EncodedDer(header)
            | Self::UnverifiedSubject(header) => vec![header.clone()],
        }
    }

    /// Reads what stands in its headers, in their order.
    pub(crate) fn read(&self, said: &[(HeaderName, HeaderValue)]) -> Result<Said, ForwardedError> {
        let values: Vec<_> = said.iter().map(|(_, value)| value.as_bytes()).collect();
        let chain = match self {
            Self::ClientCert => {
                let (chain, leaf): (Vec<_>, Vec<_>) =
                    said.iter().partition(|(name, _)| name == CLIENT_CERT_CHAIN);
                ClientCert::parse(&bytes(&leaf), &bytes(&chain))?
                    .chain()
                    .clone()
            }
            Self::Xfcc(element) => {
                let xfcc = Xfcc::parse(&values)?;
                let element = match element {
                    Element::Only => xfcc.only()?,
                    Element::Last => xfcc.last()?,
                };
                element.chain()?.clone()
            }
            Self::EscapedPem(_) => EscapedPem::parse(&values)?.into_chain(),
            Self::FoldedPem(_) => FoldedPem::parse(&values)?.chain().clone(),
            Self::EncodedDer(_) => EncodedDer::parse(&values)?.chain().clone(),
            Self::UnverifiedSubject(_) => {
                return SubjectText::parse(&values)?.common_name().map(Said::Name);
            }
        };
        Ok(Said::Chain(chain))
    }
}

fn bytes<'a>(headers: &[&'a (HeaderName, HeaderValue)]) -> Vec<&'a [u8]> {
    headers.iter().map(|(_, value)| value.as_bytes()).collect()
}

/// Whether the two are the same to a gateway that takes `_` for `-`.
fn is_spelling(name: &HeaderName, known: &HeaderName) -> bool {
    let (name, known) = (name.as_str().bytes(), known.as_str().bytes());
    let plain = |byte| if byte == b'_' { b'-' } else { byte };
    name.map(plain).eq(known.map(plain))
}

const CLIENT_CERT: &str = "client-cert";
const CLIENT_CERT_CHAIN: &str = "client-cert-chain";
const XFCC: &str = "x-forwarded-client-cert";
