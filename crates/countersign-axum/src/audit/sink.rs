use std::io::{self, Write};

use tokio::sync::mpsc::UnboundedSender;

use super::AuditEvent;
use super::encoder::Encoder;

/// What takes audit events: a file, standard output, a collector.
pub trait AuditSink: Send + 'static {
    /// Takes one event. Called on the writer's thread; it may block.
    ///
    /// # Errors
    ///
    /// The event could not be taken. The error is logged, the event is not repeated.
    fn record(&mut self, event: &AuditEvent) -> io::Result<()>;

    /// Called when no event waits.
    ///
    /// # Errors
    ///
    /// What was taken could not be passed on.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One JSON object a line, to a writer.
#[derive(Debug)]
pub struct JsonLines<W: Write> {
    writer: W,
    encoder: Encoder,
    /// What is not passed on yet, always whole lines.
    lines: Vec<u8>,
}

impl<W: Write> JsonLines<W> {
    /// Lines for `writer`.
    pub fn new(writer: W) -> Self {
        Self {
            writer,
            encoder: Encoder::default(),
            lines: Vec::new(),
        }
    }

    /// What cannot be passed on stays, for the next time.
    fn pass_on(&mut self) -> io::Result<()> {
        while !self.lines.is_empty() {
            match self.writer.write(&self.lines) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => drop(self.lines.drain(..written.min(self.lines.len()))),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<W: Write + Send + 'static> AuditSink for JsonLines<W> {
    fn record(&mut self, event: &AuditEvent) -> io::Result<()> {
        if self.lines.len() >= MUCH {
            self.pass_on()?;
        }
        let before = self.lines.len();
        let encoded = self.encoder.encode(event, &mut self.lines);
        match encoded {
            Ok(()) => self.lines.push(b'\n'),
            Err(_) => self.lines.truncate(before),
        }
        encoded
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on()?;
        self.writer.flush()
    }
}

impl<W: Write> Drop for JsonLines<W> {
    fn drop(&mut self) {
        // As far as it can be: nobody is left to tell.
        let _ = self.pass_on();
    }
}

/// Passes events on as values: for tests, and for services that have a collector of their own.
impl AuditSink for UnboundedSender<AuditEvent> {
    fn record(&mut self, event: &AuditEvent) -> io::Result<()> {
        self.send(event.clone())
            .map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody takes audit events"))
    }
}

/// A thousand lines: the system writes them for half of what it takes for each hundred.
const MUCH: usize = 512 * 1024;
