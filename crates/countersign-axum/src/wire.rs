use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

use crate::activity::Activity;

/// What HTTP/1.1 is spoken over, from one who speaks it to the next: it notes whether all that was written is sent, and gives back what
/// was read and not used.
pub(crate) struct Wire<I> {
    io: I,
    left: Bytes,
    activity: Activity,
}

impl<I: AsyncBufRead + AsyncWrite + Unpin> Wire<I> {
    pub(crate) fn new(io: I, activity: Activity) -> Self {
        Self {
            io,
            left: Bytes::new(),
            activity,
        }
    }

    /// Begins with what was `left`, as if it came anew.
    pub(crate) fn leave(&mut self, left: &[u8]) {
        // A copy: it may be nothing, and hold a buffer all the same.
        self.left = Bytes::copy_from_slice(left);
    }

    /// Whether there is something to read, if no more than the end.
    pub(crate) fn poll_come(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.left.is_empty() {
            true => self.io().poll_fill_buf(cx).map(drop),
            false => Poll::Ready(()),
        }
    }

    /// Fails where the client has gone before it is answered: there is nobody to go on for.
    ///
    /// hyper would look for itself, as soon as it has read a request: with a buffer of 8 KiB for what it may find, and before it knows
    /// that the answer is there already, as it mostly is.
    fn stay(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if !self.activity.is_settled()
            && self.left.is_empty()
            && let Poll::Ready(read) = self.io().poll_fill_buf(cx)
            && read?.is_empty()
        {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    fn io(&mut self) -> Pin<&mut I> {
        Pin::new(&mut self.io)
    }
}

impl<I: AsyncBufRead + AsyncWrite + Unpin> AsyncRead for Wire<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.left.is_empty() {
            let some = self.left.len().min(buffer.remaining());
            buffer.put_slice(&self.left.split_to(some));
            return Poll::Ready(Ok(()));
        }
        // And not by `poll_read`, with which TLS asks the system once more in order to fill the buffer: mostly in vain.
        let read = ready!(Pin::new(&mut self.io).poll_fill_buf(cx))?;
        let some = read.len().min(buffer.remaining());
        buffer.put_slice(read.get(..some).unwrap_or_default());
        self.io().consume(some);
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncBufRead + AsyncWrite + Unpin> AsyncWrite for Wire<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.activity.writes();
        let written = self.io().poll_write(cx, bytes);
        if written.is_pending() {
            self.stay(cx)?;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.io().poll_flush(cx);
        if let Poll::Ready(Ok(())) = flushed {
            self.activity.sent();
        }
        self.stay(cx)?;
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io().poll_shutdown(cx)
    }
}
