//! Who may ask for tokens, and by which certificate does it prove that it is the one?

mod certificates;
pub use certificates::RegisteredCertificates;

mod clients;
pub use clients::Clients;

mod document;

mod error;
pub use error::RegistrationError;

mod subject;
pub use subject::Subject;

use std::fmt;

use countersign_identity::Certificate;
use countersign_policy::PrincipalName;

use crate::Scope;

/// A principal of the policy that may ask for tokens: its `client_id` is its name.
///
/// The policy says which trust must vouch for it and by which name it is known; this says what its certificate must
/// have besides (RFC 8705, section 2).
///
/// ```
/// use countersign_oauth::{OAuthClient, Proof, Subject};
///
/// let proof = Proof::Subject(Subject::dns("billing.partner.example")?);
/// let billing = OAuthClient::new("billing".parse()?, proof).scope("accounts".parse()?);
/// assert_eq!(billing.proof().method(), "tls_client_auth");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct OAuthClient {
    principal: PrincipalName,
    proof: Proof,
    scope: Option<Scope>,
    introspects: Vec<String>,
}

/// What the certificate of a client must have: its `token_endpoint_auth_method`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Proof {
    /// This name, whoever of its trust has issued it: `tls_client_auth` (RFC 8705, section 2.1).
    Subject(Subject),
    /// It is one of these: `self_signed_tls_client_auth` (RFC 8705, section 2.2).
    Certificates(RegisteredCertificates),
}

impl OAuthClient {
    /// `principal`, which proves itself by `proof`, and may ask for whatever the policy permits it.
    pub fn new(principal: PrincipalName, proof: Proof) -> Self {
        Self {
            principal,
            proof,
            scope: None,
            introspects: Vec::new(),
        }
    }

    /// Lets it ask for no more than `scope`, whatever the policy permits.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Lets it ask about tokens for `audience`: it is that API.
    #[must_use]
    pub fn introspects(mut self, audience: impl Into<String>) -> Self {
        self.introspects.push(audience.into());
        self
    }

    /// Who it is.
    pub fn principal(&self) -> &PrincipalName {
        &self.principal
    }

    /// How it proves that.
    pub fn proof(&self) -> &Proof {
        &self.proof
    }

    /// Whether it may ask for `word`, as far as its registration goes.
    pub(crate) fn may_ask_for(&self, word: &str) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.has(word))
    }

    /// Whether it may ask about a token for one of these.
    pub(crate) fn may_introspect(&self, audience: &[String]) -> bool {
        audience.iter().any(|one| self.introspects.contains(one))
    }
}

impl Proof {
    /// Its name in the registry of RFC 8414.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Subject(_) => TLS_CLIENT,
            Self::Certificates(_) => SELF_SIGNED,
        }
    }

    /// Whether `certificate` will do.
    ///
    /// # Errors
    ///
    /// Why not, for the operator.
    pub fn admits(&self, certificate: &Certificate) -> Result<(), Mismatch> {
        let why = match self {
            Self::Subject(subject) => subject.mismatch(certificate),
            Self::Certificates(known) => known.mismatch(certificate),
        };
        why.map_or(Ok(()), |why| Err(Mismatch(why)))
    }
}

/// Why a certificate is not that of a client: for the audit log, never for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch(String);

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Mismatch {}

/// The methods, as metadata names them (RFC 8705, section 2).
pub(crate) const METHODS: [&str; 2] = [TLS_CLIENT, SELF_SIGNED];
const TLS_CLIENT: &str = "tls_client_auth";
const SELF_SIGNED: &str = "self_signed_tls_client_auth";
