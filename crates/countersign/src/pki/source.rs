//! Where is the manifest? In the folder, unless another file is named.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use countersign_pki::{Draft, ManifestError, Store, StoreError};

use crate::cli::DEV_FOLDER;
use crate::failure::{Hint, hinted};
use crate::{input, ui};

/// Which folder, and which manifest.
#[derive(Debug, Args)]
#[command(next_help_heading = FOLDER)]
pub(super) struct Place {
    /// The folder of the certificates.
    #[arg(long, value_name = "DIR", default_value = DEV_FOLDER)]
    pub(super) dir: PathBuf,

    /// The manifest [default: pki.toml in the folder].
    #[arg(short, long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
}

/// Which folder, for what makes one. It may be named without --dir.
#[derive(Debug, Args)]
#[command(next_help_heading = FOLDER)]
pub(super) struct Folder {
    /// The folder of the certificates; made where it is not there.
    #[arg(long, value_name = "DIR", default_value = DEV_FOLDER)]
    dir: PathBuf,

    /// The same as --dir.
    #[arg(value_name = "DIR", conflicts_with = "dir")]
    positional: Option<PathBuf>,
}

impl Folder {
    pub(super) fn path(&self) -> &Path {
        self.positional.as_ref().unwrap_or(&self.dir)
    }
}

pub(super) const FOLDER: &str = "Which folder";

/// A manifest and the file that it was read from.
pub(super) struct Source {
    path: PathBuf,
    pub(super) draft: Draft,
}

impl Source {
    /// Reads the file, or the folder's own manifest.
    pub(super) fn read(store: &Store, file: Option<&Path>) -> Result<Self> {
        let (path, text) = match file {
            Some(path) => {
                let text = input::text(path, "name a manifest that is there with -f")?;
                (path.to_owned(), text)
            }
            None => {
                let text = store.manifest().map_err(failed)?;
                (store.manifest_path(), text.ok_or_else(|| none(store))?)
            }
        };
        Self::parse(path, &text)
    }

    /// Reads a text as if it stood in that file.
    pub(super) fn parse(path: PathBuf, text: &str) -> Result<Self> {
        let draft = Draft::parse(text)
            .with_context(|| format!("`{}`", path.display()))
            .hint("put it right there; countersign pki schema prints what may be said")?;
        Ok(Self { path, draft })
    }

    /// Writes it back to where it came from.
    pub(super) fn write(&self, store: &Store) -> Result<()> {
        store
            .write_manifest(&self.path, &self.draft.to_string())
            .map_err(failed)
    }

    /// Says which manifest it was.
    pub(super) fn refused(&self, error: ManifestError, hint: &str) -> anyhow::Error {
        let context = format!("`{}`", self.path.display());
        hinted(anyhow::Error::new(error).context(context), hint)
    }
}

/// The store, to which no other run writes until this one is done with it; says so where it has to wait.
pub(super) fn held(store: Store) -> Result<Store> {
    match store.clone().held(Duration::ZERO) {
        Err(StoreError::Busy { path }) => {
            let dir = path.display();
            ui::note(format!(
                "another run is at work in {dir}; waiting for its end"
            ));
            store.held(Store::PATIENCE).map_err(failed)
        }
        held => held.map_err(failed),
    }
}

/// An error of the store, with what to do about it.
pub(crate) fn failed(error: StoreError) -> anyhow::Error {
    let hint = error.hint();
    hinted(error, hint)
}

fn none(store: &Store) -> anyhow::Error {
    let (path, dir) = (store.manifest_path(), store.dir().display());
    hinted(
        anyhow!("there is no manifest `{}`", path.display()),
        format!(
            "name one with -f, or make a folder that has one: countersign pki init --dir {dir}"
        ),
    )
}
