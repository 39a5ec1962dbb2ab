//! What rustls needs from us, and what we need from rustls.
//!
//! A [`Credential`] is a chain and a key that provably match. [`Anchors`] are CA certificates that
//! we trust; a [`Trust`] gives them a name and says for which names they may vouch. A
//! [`TrustSnapshot`] is a server's credential and its trusts, and makes the rustls configuration.
//! A [`Peer`] is the other end of a finished handshake: [`Peer::of`] is the only way to one, so
//! holding it proves that the handshake happened and that a trust of the snapshot vouches.
//! A [`Refusal`] is its opposite: why no trust vouches, with the facts.
//!
//! Every configuration is made with one explicit crypto provider, aws-lc-rs, so that a second
//! provider in somebody's dependency tree cannot make us panic. Post-quantum hybrid key exchange
//! is preferred, TLS 1.2 and 1.3 are spoken, and nothing else.
//!
//! Types of rustls appear only where they must: in [`Peer::of`], in
//! [`TrustSnapshot::server_config`], [`RustlsCredential`], and in what `countersign-client` builds on.

mod alert;
pub use alert::Alert;

mod anchors;
pub use anchors::Anchors;

mod block_list;
pub use block_list::{BlockList, BlockedBy, NotASerial};

mod cache;

mod clock;
pub use clock::{Clock, SystemClock, from_unix_time, time_provider};

mod credential;
pub use credential::{Credential, CredentialError, Finding, RustlsCredential};

mod der;

mod error;
pub use error::{AnchorFlaw, AnchorsError, CrlError, LoadError, PeerError, SnapshotError};

mod examination;
pub use examination::{Examination, Vote};

mod forwarded;
pub use forwarded::Forwarded;

mod handshake;
pub use handshake::{Handshake, TlsVersion};

mod intermediates;
pub use intermediates::Intermediates;

mod judge;

mod key_kind;
pub use key_kind::{KeyKind, UnknownKind};

mod link;

mod memo;

mod observe;
pub use observe::{Observed, RefusedCertificate, observe};

mod options;
pub use options::{ClientCertificate, ServerOptions, Sessions};

mod password;
pub use password::Password;

mod path;

mod peer;
pub use peer::Peer;

mod pem;

mod pins;
pub use pins::Pins;

#[cfg(feature = "pkcs11")]
mod pkcs11;
#[cfg(feature = "pkcs11")]
pub use pkcs11::{Pkcs11Error, Pkcs11Key};

mod provider;
pub use provider::provider;

mod refusal;
pub use refusal::{PathRule, Refusal, UnknownRevocation};

mod revocation;
pub use revocation::{Revocation, RevocationReach};

mod revocation_list;
pub use revocation_list::RevocationList;

mod rules;
pub use rules::{CaHints, ClientPurpose};

mod serials;

mod signature_kind;
pub use signature_kind::SignatureKind;

mod signed;

mod signer;
pub use signer::{SignatureScheme, Signer};

mod snapshot;
pub use snapshot::TrustSnapshot;

mod trust;
pub use trust::Trust;

mod verdict;

mod verifier;

mod warning;
pub use warning::Warning;
