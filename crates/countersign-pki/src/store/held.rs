//! Is another run at work in this folder? What writes takes the folder's lock first.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use super::Store;
use crate::error::StoreError;
use crate::lock::Lock;

impl Store {
    /// How long what writes waits for another run, unless the store is held already.
    pub const PATIENCE: Duration = Duration::from_secs(60);

    /// The same store, held: until it and its copies are gone no other run writes to the folder. For whoever
    /// reads something, such as the manifest, and writes it back. A folder that is not there yet cannot
    /// be held, and is not.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if another run has it still after `patience`; [`StoreError::Directory`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use countersign_pki::{Store, StoreError};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let dir = folder.path();
    /// let mine = Store::open(dir)?.held(Duration::ZERO)?;
    /// let other = Store::open(dir)?.held(Duration::ZERO);
    /// assert!(matches!(other, Err(StoreError::Busy { .. })));
    /// drop(mine);
    /// assert!(Store::open(dir)?.held(Duration::ZERO).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn held(mut self, patience: Duration) -> Result<Self, StoreError> {
        if self.lock.is_none() {
            self.lock = self.wait(patience)?;
        }
        Ok(self)
    }

    /// The lock that the store has, or one for a single call.
    pub(super) fn hold(&self) -> Result<Option<Arc<Lock>>, StoreError> {
        match &self.lock {
            Some(lock) => Ok(Some(Arc::clone(lock))),
            None => self.wait(Self::PATIENCE),
        }
    }

    fn wait(&self, patience: Duration) -> Result<Option<Arc<Lock>>, StoreError> {
        match Lock::wait(&self.dir, patience) {
            Ok(Some(lock)) => Ok(Some(Arc::new(lock))),
            Ok(None) => Err(StoreError::Busy {
                path: self.dir.clone(),
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.unusable(source)),
        }
    }
}
