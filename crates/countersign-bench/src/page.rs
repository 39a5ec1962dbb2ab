use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A page of the documentation, of which the part between two markers is ours.
#[derive(Debug)]
pub struct Page {
    path: PathBuf,
    before: String,
    after: String,
}

impl Page {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// It cannot be read, or has no markers.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        let (before, rest) = text.split_once(BEGIN).context("the page has no begin")?;
        let (_, after) = rest.split_once(END).context("the page has no end")?;
        Ok(Self {
            path: path.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
        })
    }

    /// Writes `text` between the markers.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write(&self, text: &str) -> Result<()> {
        let Self { before, after, .. } = self;
        let text = format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", text.trim());
        Ok(fs::write(&self.path, text)?)
    }

    /// Writes a picture beside it, and answers how the page refers to it.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn picture(&self, word: &str, svg: &str) -> Result<String> {
        let folder = self.path.with_extension("");
        let name = folder.file_name().context("the page has no name")?;
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{word}.svg")), svg)?;
        Ok(format!("{}/{word}.svg", name.to_string_lossy()))
    }
}

const BEGIN: &str = "<!-- begin: written by `just bench` -->";
const END: &str = "<!-- end: written by `just bench` -->";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_the_markers_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.md");
        fs::write(&path, format!("# One\n\n{BEGIN}\nold\n{END}\n\n# Two\n")).unwrap();
        let page = Page::read(&path).unwrap();
        page.write("new\n").unwrap();
        let expected = format!("# One\n\n{BEGIN}\n\nnew\n\n{END}\n\n# Two\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        Page::read(&path).unwrap().write("new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        assert_eq!(page.picture("full", "<svg/>").unwrap(), "page/full.svg");
        assert_eq!(
            fs::read(folder.path().join("page/full.svg")).unwrap(),
            b"<svg/>"
        );
    }
}
