use std::pin::Pin;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::Unavailable;
use crate::KeySet;

/// Where the public keys of an authorization server come from.
///
/// An `ArcSwap<KeySet>` is one, for an API that runs beside its authorization server: another set is stored where
/// keys change. [`RemoteKeys`](super::RemoteKeys) is another.
pub trait TokenKeys: Send + Sync + 'static {
    /// The keys that are in force. As long as they stay the same, it is the same `Arc`: what was verified by it
    /// need not be verified again.
    fn current(&self) -> Arc<KeySet>;

    /// The keys, after a look whether there are others: a token names one that is not among them.
    fn look_again(&self) -> LookingAgain<'_>;
}

/// The keys, once they are there.
pub type LookingAgain<'a> =
    Pin<Box<dyn Future<Output = Result<Arc<KeySet>, Unavailable>> + Send + 'a>>;

impl TokenKeys for ArcSwap<KeySet> {
    fn current(&self) -> Arc<KeySet> {
        self.load_full()
    }

    fn look_again(&self) -> LookingAgain<'_> {
        Box::pin(std::future::ready(Ok(self.load_full())))
    }
}

impl<K: TokenKeys> TokenKeys for Arc<K> {
    fn current(&self) -> Arc<KeySet> {
        (**self).current()
    }

    fn look_again(&self) -> LookingAgain<'_> {
        (**self).look_again()
    }
}
