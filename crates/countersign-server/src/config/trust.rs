use std::path::{Path, PathBuf};

use countersign_identity::{NameRules, Pin, TrustName};
use countersign_tls::{
    Anchors, BlockList, CaHints, ClientPurpose, KeyKind, LoadError, Pins, Revocation,
    RevocationList, RevocationReach, SignatureKind, Trust,
};

/// A trust, by the files that it is made of and the rules that it has.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TrustConfig {
    /// Its name in the policy.
    pub name: TrustName,
    /// Who vouches.
    pub vouchers: Vouchers,
    /// Its revocation lists, PEM or DER.
    pub lists: Vec<PathBuf>,
    /// Lists that are fetched.
    pub fetched: Vec<ListSource>,
    /// Whether lists are asked, and how fresh they must be.
    pub revocation: Revocation,
    /// Of which certificates of a path lists are asked.
    pub reach: RevocationReach,
    /// For whom it does not vouch in any case.
    pub block_list: BlockList,
    /// Which names of CAs clients are told.
    pub hints: Hints,
    /// How many intermediates there may be.
    pub max_intermediates: Option<u8>,
    /// Which keys it takes; any, where nothing is said.
    pub keys: Option<Vec<KeyKind>>,
    /// Which signatures it takes; any, where nothing is said.
    pub signatures: Option<Vec<SignatureKind>>,
    /// Whether a certificate must state that it is a client's.
    pub client_purpose: ClientPurpose,
}

/// A list that is fetched, and kept in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListSource {
    /// From where: http or https.
    pub url: String,
    /// Where it is kept.
    pub file: PathBuf,
}

/// Who vouches.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Vouchers {
    /// CAs.
    #[non_exhaustive]
    Anchors {
        /// Their certificates, as PEM.
        path: PathBuf,
        /// For which names they may.
        names: NameRules,
    },
    /// We ourselves, who know the keys.
    #[non_exhaustive]
    Pins {
        /// The keys.
        pins: Vec<Pin>,
        /// Certificates with more of them, as PEM.
        certificates: Option<PathBuf>,
    },
}

/// Which names of CAs clients are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hints {
    /// Those of the anchors.
    #[default]
    Anchors,
    /// Those of the certificates in a PEM file.
    File(PathBuf),
    /// None of this trust.
    None,
}

impl TrustConfig {
    pub(super) fn load(&self) -> Result<Trust, LoadError> {
        let mut lists = Vec::new();
        for path in self.list_files() {
            lists.extend(RevocationList::from_file(path)?);
        }
        self.load_with(lists)
    }

    /// With these lists instead of those in files.
    pub(crate) fn load_with(&self, lists: Vec<RevocationList>) -> Result<Trust, LoadError> {
        let trust = match &self.vouchers {
            Vouchers::Anchors { path, names } => Trust::new(
                self.name.clone(),
                Anchors::from_pem_file(path)?,
                names.clone(),
            ),
            Vouchers::Pins { pins, certificates } => {
                let known = match certificates {
                    Some(path) => Pins::from_certificate_file(path)?,
                    None => Pins::new(),
                };
                let pins = pins.iter().fold(known, |known, pin| known.pin(*pin));
                Trust::pinned(self.name.clone(), pins)
            }
        };
        let trust = trust
            .with_lists(lists)
            .with_revocation(self.revocation)
            .with_reach(self.reach)
            .with_block_list(self.block_list.clone())
            .with_hints(self.hints.load()?)
            .with_client_purpose(self.client_purpose);
        Ok(self.limit(trust))
    }

    fn limit(&self, mut trust: Trust) -> Trust {
        if let Some(max) = self.max_intermediates {
            trust = trust.with_max_intermediates(max);
        }
        if let Some(keys) = &self.keys {
            trust = trust.with_keys(keys.iter().copied());
        }
        if let Some(signatures) = &self.signatures {
            trust = trust.with_signatures(signatures.iter().copied());
        }
        trust
    }

    fn list_files(&self) -> impl Iterator<Item = &PathBuf> {
        let fetched = self.fetched.iter().map(|source| &source.file);
        self.lists.iter().chain(fetched)
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let vouchers = match &self.vouchers {
            Vouchers::Anchors { path, .. } => Some(path),
            Vouchers::Pins { certificates, .. } => certificates.as_ref(),
        };
        let hints = match &self.hints {
            Hints::File(path) => Some(path),
            Hints::Anchors | Hints::None => None,
        };
        let lists = self.list_files();
        vouchers
            .into_iter()
            .chain(lists)
            .chain(hints)
            .map(PathBuf::as_path)
    }
}

impl Hints {
    fn load(&self) -> Result<CaHints, LoadError> {
        Ok(match self {
            Self::Anchors => CaHints::All,
            Self::File(path) => CaHints::Listed(Anchors::from_pem_file(path)?),
            Self::None => CaHints::None,
        })
    }
}
