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

    /// Called after all events that waited at one time. Where answers wait for their events
    /// ([`Audit::start_before_answer`](super::Audit::start_before_answer)), they wait for this: what is to survive the machine
    /// is synced here.
    ///
    /// # Errors
    ///
    /// What was taken could not be passed on.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One JSON object a line, to a writer. Each [`flush`](AuditSink::flush) ends with that of the writer.
#[derive(Debug)]
pub struct JsonLines<W: Write> {
    writer: W,
    encoder: Encoder,
    /// What the writer has not taken yet.
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

    /// Passes on what waits; where that fails, what is left of it waits for the next time.
    fn pass_on(&mut self) -> io::Result<()> {
        while !self.lines.is_empty() {
            match self.writer.write(&self.lines) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => drop(self.lines.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<W: Write + Send + 'static> AuditSink for JsonLines<W> {
    fn record(&mut self, event: &AuditEvent) -> io::Result<()> {
        // Not within a line: what is passed on at one time is whole lines.
        if self.lines.len() >= BUFFER {
            self.pass_on()?;
        }
        let begin = self.lines.len();
        let encoded = self.encoder.encode(event, &mut self.lines);
        match encoded {
            Ok(()) => self.lines.push(b'\n'),
            Err(_) => self.lines.truncate(begin),
        }
        encoded
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on()?;
        self.writer.flush()
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
const BUFFER: usize = 512 * 1024;
