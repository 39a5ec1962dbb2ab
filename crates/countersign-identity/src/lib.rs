//! Who does this certificate say its holder is?
//!
//! Bytes become a [`Certificate`], which holds the facts and nothing more. A certificate and the
//! [`NameRules`] of the trust that vouched for it become an [`Identity`]: that trust, and exactly
//! one [`Name`]. No name, two names, a name that cannot be read and a name for which the trust may
//! not vouch are four different errors, and never "the first one wins".
//!
//! Nothing here decides whether a certificate can be trusted: signatures, chains and revocation
//! are checked before, by `countersign-tls`. Nothing here reads a file, a socket or a clock.
//!
//! ```
//! use countersign_identity::{Certificate, Identity, NameRules, Scheme, TrustName};
//! # use countersign_pki::Authority;
//! # let now = jiff::Timestamp::from_second(1_790_000_000)?;
//! # let partners = Authority::root("Partners", now)?;
//! # let issued = partners.client(now).uri("spiffe://partner.example/billing").issue()?;
//! # let der = issued.certificate_der();
//!
//! let certificate = Certificate::from_der(der)?;
//! let partners = TrustName::new("partners")?;
//! let rules = NameRules::new(Scheme::Spiffe, ["spiffe://partner.example/*".parse()?]);
//!
//! let identity = Identity::of(&certificate, &partners, &rules)?;
//! assert_eq!(identity.to_string(), "partners: spiffe://partner.example/billing");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod alt_name;
pub use alt_name::AltName;

mod certificate;
pub use certificate::Certificate;

mod der;

mod distinguished_name;
pub use distinguished_name::{
    Attribute, CanonicalName, Difference, DistinguishedName, MatchingRule, Rdn,
};

mod error;
pub use error::{CertificateError, IdentityError, NameError};

mod forwarded;
pub use forwarded::{
    ClientCert, EncodedDer, EscapedPem, FoldedPem, ForwardedChain, ForwardedError, SubjectText,
    Xfcc, XfccElement, is_identity_header,
};

mod identity;
pub use identity::{Identity, NameRules, TrustName};

mod key_kind;
pub use key_kind::KeyKind;

mod name;
pub use name::Name;

mod oid;
pub use oid::Oid;

mod organization;
pub use organization::{OrganizationId, Registry};

mod pattern;
pub use pattern::NamePattern;

mod psd2;
pub use psd2::{Psd2, Psd2Error, Psd2Role, UnknownRole};

mod qc_statements;
pub use qc_statements::{QcStatements, QcType};

mod scheme;
pub use scheme::Scheme;

mod signature_algorithm;
pub use signature_algorithm::SignatureAlgorithm;

mod spiffe;
pub use spiffe::SpiffeId;

mod thumbprint;
pub use thumbprint::{Pin, Thumbprint};

mod usage;
pub use usage::{BasicConstraints, KeyUsage, KeyUsages, Purposes};
