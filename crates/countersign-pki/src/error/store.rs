//! What can go wrong with the files of a folder, and what to do about it.

use std::io;
use std::path::PathBuf;

use super::IssueError;

/// Why a store could not be read or written. No file that was in place has been changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder cannot be made, read, given its `.gitignore`, or flushed to the disk.
    #[error("cannot use the folder `{}` for keys and certificates", path.display())]
    Directory {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another run writes to the folder, and has not ended while this one waited.
    #[error("another run is still at work in `{}`", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// There is something else in the folder's place.
    #[error("`{}` should be a folder for keys and certificates, but is not one", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// A file that was asked for is not there.
    #[error("there is no `{}`, the {wanted} of `{item}`", path.display())]
    Absent {
        /// The item whose file it is.
        item: String,
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// A file is there and cannot be read.
    #[error("cannot read `{}`, the {wanted} of `{item}`", path.display())]
    Read {
        /// The item whose file it is.
        item: String,
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// A file cannot be put in place.
    #[error("cannot write `{}`, the {wanted} of `{item}`", path.display())]
    Write {
        /// The item whose file it is.
        item: String,
        /// The file.
        path: PathBuf,
        /// What it was to hold.
        wanted: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// A file is there and holds something else.
    #[error("`{}` should hold the {wanted} of `{item}` in PEM, but does not", path.display())]
    Garbage {
        /// The item whose file it is.
        item: String,
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// The key of a certificate is lost.
    #[error(
        "`{item}` has the certificate `{}` but no key `{}`",
        certificate.display(), key.display()
    )]
    KeyMissing {
        /// The item.
        item: String,
        /// The certificate that is there.
        certificate: PathBuf,
        /// The key that is not.
        key: PathBuf,
    },
    /// A certificate is for another key.
    #[error(
        "the certificate `{}` of `{item}` is not for the key `{}`",
        certificate.display(), key.display()
    )]
    KeyMismatch {
        /// The item.
        item: String,
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// The certificate in the place of an authority is not an authority's.
    #[error("the certificate `{}` of the authority `{item}` {reason}", certificate.display())]
    NotAnAuthority {
        /// The item.
        item: String,
        /// The certificate.
        certificate: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An old key or certificate cannot be moved out of the way of a new one.
    #[error("cannot move `{}`, the {wanted} of `{item}`, to `{}`", path.display(), to.display())]
    Retire {
        /// The item.
        item: String,
        /// The file.
        path: PathBuf,
        /// Where it was to go.
        to: PathBuf,
        /// What it holds.
        wanted: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The manifest in the folder cannot be read or written.
    #[error("cannot {verb} the manifest `{}`", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// `read` or `write`.
        verb: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The file of revocations cannot be read, understood or written.
    #[error("cannot {verb} the revocations in `{}`: {reason}", path.display())]
    Ledger {
        /// The file.
        path: PathBuf,
        /// `read` or `write`.
        verb: &'static str,
        /// Why not.
        reason: String,
    },
    /// A root vouches for itself, so nobody can revoke it.
    #[error("`{item}` is a root, which nobody can revoke")]
    RootRevoked {
        /// The item.
        item: String,
    },
    /// The plan has no such item, or it is of another kind.
    #[error(transparent)]
    Unknown(Box<IssueError>),
    /// A list of revoked certificates could not be signed.
    #[error("cannot sign the revocation list `{}` of `{item}`", path.display())]
    List {
        /// The authority.
        item: String,
        /// Where its list was to go.
        path: PathBuf,
        /// Why not.
        source: Box<IssueError>,
    },
    /// A certificate in place does not come from the issuer in place.
    #[error("`{item}` was issued by another `{issuer}` than the one that is there now")]
    Orphan {
        /// The item.
        item: String,
        /// The authority above it.
        issuer: String,
    },
    /// A certificate could not be issued.
    #[error("cannot issue `{}` for `{item}`", certificate.display())]
    Issue {
        /// The item.
        item: String,
        /// Where its certificate was to go.
        certificate: PathBuf,
        /// Why not.
        source: Box<IssueError>,
    },
}

impl StoreError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        let remove = |path: &PathBuf| format!("rm {}", path.display());
        match self {
            Self::Busy { .. } => "run this again when that one has ended".to_owned(),
            Self::Directory { .. } | Self::NotADirectory { .. } => {
                "choose another folder, or make this one writable".to_owned()
            }
            Self::Read { path, .. } | Self::Write { path, .. } | Self::Retire { path, .. } => {
                format!(
                    "see to the rights of `{}` and of its folder",
                    path.display()
                )
            }
            Self::Manifest { path, .. } => {
                format!("see that `{}` is there and yours", path.display())
            }
            Self::Absent { path, .. } => {
                let dir = path.parent().unwrap_or(path).display();
                format!("put it back, or have what is missing made: countersign pki apply {dir}")
            }
            Self::Garbage { path, .. } => format!("move `{}` away", path.display()),
            Self::KeyMissing { certificate, .. } => {
                let remove = remove(certificate);
                format!("put the key back, or have a new pair made: {remove}")
            }
            Self::KeyMismatch { certificate, .. } => {
                let remove = remove(certificate);
                format!("put the right key back, or have this key certified: {remove}")
            }
            Self::NotAnAuthority { certificate, .. } => {
                let path = certificate.display();
                format!("put the authority's own certificate and key back, or move `{path}` away")
            }
            Self::Ledger { path, .. } => {
                let path = path.display();
                format!("put `{path}` right: without it, what was revoked is not known")
            }
            Self::RootRevoked { item } => {
                format!("take `{item}` out of every trust; countersign pki ca rotate makes another")
            }
            Self::Unknown(_) => "name an item of the manifest".to_owned(),
            Self::List { item, .. } => {
                format!("see that the certificate of `{item}` allows cRLSign")
            }
            Self::Orphan { .. } => "have it signed anew: countersign pki apply".to_owned(),
            Self::Issue { item, .. } => format!("see what the manifest says of `{item}`"),
        }
    }
}
