//! One page for `man`.

use std::io;

use clap::Command;
use clap::builder::Resettable;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::words::WORDS;

/// What `man` shows. Examples stand there as they are typed, so that they can be copied.
pub(super) fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let rest = command.clone().after_long_help(Resettable::Reset);
    Man::new(rest).render(&mut page)?;
    let mut more = Roff::new();
    if let Some((examples, codes)) = super::examples_and_codes(command) {
        verbatim(&mut more, "EXAMPLES", &examples);
        verbatim(&mut more, "EXIT STATUS", &codes);
    }
    if command
        .get_bin_name()
        .is_none_or(|name| name == command.get_name())
    {
        words(&mut more);
    }
    page.extend(more.to_roff().into_bytes());
    Ok(page)
}

fn verbatim(page: &mut Roff, head: &str, text: &str) {
    page.control("SH", [head]).control("nf", []);
    for line in text.lines() {
        page.text([roman(line)]);
    }
    page.control("fi", []);
}

fn words(page: &mut Roff) {
    page.control("SH", ["WORDS"]);
    for (word, meaning) in WORDS {
        page.control("TP", [])
            .text([roman(word)])
            .text([roman(meaning)]);
    }
}
