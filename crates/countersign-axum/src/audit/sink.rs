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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::Epoch;
    use crate::audit::{EventKind, Outcome};

    /// Takes so many bytes at one time, and fails in between.
    #[derive(Default)]
    struct Halting {
        most: usize,
        fails: bool,
        taken: Vec<u8>,
    }

    impl Write for Halting {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.fails = !self.fails;
            if self.fails {
                return Err(io::Error::other("not now"));
            }
            let some = bytes.len().min(self.most);
            self.taken.extend(bytes.iter().take(some));
            Ok(some)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_a_writer_has_not_taken_waits_for_the_next_time_and_comes_once_and_whole() {
        for most in [1, 7, 1000] {
            let mut lines = JsonLines::new(Halting {
                most,
                ..Halting::default()
            });
            let mut wanted = String::new();
            for second in 0..5 {
                let time = Timestamp::from_second(second).unwrap();
                let event =
                    AuditEvent::new(EventKind::Request, Outcome::Allowed, time, Epoch::FIRST);
                wanted += &format!("{}\n", serde_json::to_string(&event).unwrap());
                lines.record(&event).unwrap();
                // It may fail.
                let _ = lines.flush();
            }
            while lines.flush().is_err() {}
            assert_eq!(String::from_utf8(lines.writer.taken).unwrap(), wanted);
        }
    }

    #[test]
    fn an_event_for_which_there_is_no_room_is_not_taken() {
        let mut lines = JsonLines::new(Halting::default());
        let event = AuditEvent::new(
            EventKind::Request,
            Outcome::Allowed,
            Timestamp::UNIX_EPOCH,
            Epoch::FIRST,
        );
        while lines.lines.len() < BUFFER {
            lines.record(&event).unwrap();
        }
        let full = lines.lines.len();
        assert!(lines.record(&event).is_err());
        assert_eq!(lines.lines.len(), full);
    }
}
