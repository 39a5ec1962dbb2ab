use std::fmt;
use std::path::Path;

use countersign_axum::Live;
use countersign_server::Config;
use serde_json::{Value, json};

/// What `--check` says of files with which nothing is wrong.
pub(super) struct Summary<'a> {
    file: &'a Path,
    files: usize,
    trusts: usize,
    identities: usize,
}

impl<'a> Summary<'a> {
    pub(super) fn of(config: &'a Config, live: &Live) -> Self {
        let snapshot = live.load();
        Self {
            file: &config.file,
            files: config.files().count(),
            trusts: snapshot.trust().trusts().len(),
            identities: snapshot.directory().identities().count(),
        }
    }

    pub(super) fn document(&self, warnings: &[String]) -> Value {
        json!({
            "config": self.file,
            "files": self.files,
            "trusts": self.trusts,
            "identities": self.identities,
            "warnings": warnings,
        })
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` can be served: {} files, trusts: {}, identities: {}",
            self.file.display(),
            self.files,
            self.trusts,
            self.identities
        )
    }
}
