//! In which headers is the service told who calls?

use axum::http::{HeaderMap, HeaderValue};
use countersign_axum::{Caller, Code, Fault};
use countersign_identity::{ClientCert, EscapedPem, ForwardedChain, Xfcc};
use countersign_tls::Peer;
use http::HeaderName;
use http::header::InvalidHeaderValue;

/// A way to tell the service who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Naming {
    /// `Client-Cert` and `Client-Cert-Chain` (RFC 9440).
    Rfc9440,
    /// `X-Forwarded-Client-Cert`, as Envoy writes it.
    Xfcc,
    /// `Ssl-Client-Cert` (the certificate as escaped PEM) and `Ssl-Client-Verify: SUCCESS`, as ingress-nginx writes them.
    Nginx,
    /// `Countersign-Principal`: our own name for the caller.
    Principal,
}

impl Naming {
    /// Every dialect with the name that it has in a configuration.
    pub const ALL: &[(&str, Self)] = &[
        ("rfc9440", Self::Rfc9440),
        ("xfcc", Self::Xfcc),
        ("nginx", Self::Nginx),
        ("principal", Self::Principal),
    ];
}

/// Who calls: a principal that the policy lets pass, and the chain that proved it.
pub(super) struct Named<'a> {
    caller: &'a Caller,
    chain: ForwardedChain,
}

impl<'a> Named<'a> {
    /// The chain of `peer` is that of `caller`, or nobody is named.
    pub(super) fn new(caller: &'a Caller, peer: Option<&Peer>) -> Result<Self, Fault> {
        let same = |peer: &&Peer| Some(peer.certificate().as_ref()) == caller.certificate();
        let peer = peer.filter(same).filter(|_| caller.via().is_none());
        let peer = peer.ok_or_else(|| {
            tracing::error!("the caller is not who shook hands: nothing is passed on");
            Fault::new(Code::Internal, "the caller cannot be named to the service")
        })?;
        let mut chain = peer.chain().iter().map(|der| der.to_vec());
        let leaf = chain.next().unwrap_or_default();
        let chain = ForwardedChain::new(leaf, chain.collect()).map_err(|error| {
            let detail = format!("the chain that was presented cannot be passed on: {error}");
            Fault::new(Code::RequestInvalid, detail)
        })?;
        Ok(Self { caller, chain })
    }

    /// Writes it into `headers`, where nothing like it stands any more.
    pub(super) fn write(&self, namings: &[Naming], headers: &mut HeaderMap) -> Result<(), Fault> {
        let fields = namings.iter().flat_map(|naming| self.fields(*naming));
        for (name, value) in fields {
            let value: Result<HeaderValue, InvalidHeaderValue> = value.try_into();
            let value = value.map_err(|error| Fault::new(Code::Internal, error.to_string()))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(())
    }

    fn fields(&self, naming: Naming) -> Vec<(&'static str, String)> {
        match naming {
            Naming::Rfc9440 => {
                let said = ClientCert::new(self.chain.clone());
                let above = said.client_cert_chain();
                let above = above.map(|above| ("client-cert-chain", above));
                let leaf = ("client-cert", said.client_cert());
                [leaf].into_iter().chain(above).collect()
            }
            Naming::Xfcc => {
                let said = Xfcc::new(self.chain.clone());
                vec![("x-forwarded-client-cert", said.to_string())]
            }
            Naming::Nginx => vec![
                ("ssl-client-verify", "SUCCESS".to_owned()),
                ("ssl-client-cert", self.leaf().to_string()),
            ],
            Naming::Principal => {
                let name = self.caller.principal().name().as_str();
                vec![("countersign-principal", name.to_owned())]
            }
        }
    }

    /// nginx writes the leaf alone.
    fn leaf(&self) -> EscapedPem {
        let leaf = self.chain.leaf().to_owned();
        // One certificate of a chain that has been looked at.
        let alone = ForwardedChain::new(leaf, Vec::new());
        EscapedPem::new(alone.unwrap_or_else(|_| self.chain.clone()))
    }
}
