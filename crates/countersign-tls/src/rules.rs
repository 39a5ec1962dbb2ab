//! What a trust demands of a certificate, and what it tells clients.

use crate::{
    Anchors, BlockList, KeyKind, Revocation, RevocationReach, SignatureKind, revocation::Lists,
};

/// Which names of CAs clients are told in the handshake, so that they know what to present.
///
/// The names of all trusts are sent as one list. A client that obeys it, as Go's and Java's do,
/// presents nothing if its issuer is not on it; an empty list asks for any certificate.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum CaHints {
    /// The subject of every anchor.
    #[default]
    All,
    /// The subjects of these instead, such as the intermediates that issue for clients.
    Listed(Anchors),
    /// None of this trust.
    None,
}

/// Whether a certificate must say that it is a client's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientPurpose {
    /// It must not say otherwise: without extended key usage it may be anybody's.
    #[default]
    NotExcluded,
    /// clientAuth must be in its extended key usage.
    Listed,
}

/// Everything about a trust but whom it vouches for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) revocation: Option<Revocation>,
    pub(crate) reach: RevocationReach,
    pub(crate) lists: Lists,
    pub(crate) block_list: BlockList,
    pub(crate) hints: CaHints,
    pub(crate) max_intermediates: Option<u8>,
    pub(crate) keys: Option<Vec<KeyKind>>,
    pub(crate) signatures: Option<Vec<SignatureKind>>,
    pub(crate) purpose: ClientPurpose,
}
