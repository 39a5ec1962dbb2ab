use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use rustls::pki_types::CertificateDer;

use crate::Refusal;

/// Runs a server's handshake and learns which certificate it refused, and why.
///
/// rustls tells the reason of a failed handshake and drops the certificate. The verifier of a
/// [`TrustSnapshot`](crate::TrustSnapshot) leaves both here; it runs within a poll of the future,
/// on the same thread, so nobody else's can be taken for this one's.
pub fn observe<F: Future>(handshake: F) -> Observed<F> {
    Observed {
        handshake,
        refused: None,
    }
}

pin_project! {
    /// The future of [`observe`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Observed<F> {
        #[pin]
        handshake: F,
        refused: Option<RefusedCertificate>,
    }
}

/// A certificate that was presented in a handshake and refused.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RefusedCertificate {
    /// The leaf.
    pub der: CertificateDer<'static>,
    /// Why it was refused.
    pub refusal: Refusal,
}

impl<F: Future> Future for Observed<F> {
    type Output = (F::Output, Option<RefusedCertificate>);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        REFUSED.take();
        let handshake = this.handshake.poll(context);
        if let Some(refused) = REFUSED.take() {
            *this.refused = Some(refused);
        }
        handshake.map(|output| (output, this.refused.take()))
    }
}

/// Called by the verifier.
pub(crate) fn note(leaf: &CertificateDer<'_>, refusal: &Refusal) {
    REFUSED.set(Some(RefusedCertificate {
        der: leaf.clone().into_owned(),
        refusal: refusal.clone(),
    }));
}

thread_local! {
    static REFUSED: RefCell<Option<RefusedCertificate>> = const { RefCell::new(None) };
}
