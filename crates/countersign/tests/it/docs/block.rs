//! What does a page have between its fences?

/// A fenced block, with the instructions that stand before it.
pub(super) struct Block {
    pub(super) line: usize,
    pub(super) language: String,
    pub(super) text: String,
    pub(super) file: Option<String>,
    pub(super) not_run: Option<String>,
}

impl Block {
    /// All blocks of a page, from the top.
    pub(super) fn all(page: &str) -> Vec<Self> {
        let mut lines = page.lines().enumerate();
        let (mut blocks, mut before) = (Vec::new(), Vec::new());
        while let Some((number, line)) = lines.next() {
            if let Some(language) = line.strip_prefix("```") {
                let inside = lines.by_ref().map(|(_, line)| line);
                let text = inside.take_while(|line| !line.starts_with("```"));
                let text: String = text.map(|line| format!("{line}\n")).collect();
                blocks.push(Self {
                    line: number + 1,
                    language: language.split(',').next().unwrap().to_owned(),
                    text,
                    file: told(&before, "file"),
                    not_run: told(&before, "not run"),
                });
                before.clear();
            } else if line.starts_with("<!--") {
                before.push(line);
            } else if !line.is_empty() {
                before.clear();
            }
        }
        blocks
    }
}

/// What a comment `<!-- WORD: … -->` tells.
fn told(comments: &[&str], word: &str) -> Option<String> {
    let told = comments.iter().find_map(|comment| {
        let inside = comment.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
        inside.strip_prefix(word)?.strip_prefix(": ")
    });
    told.map(str::to_owned)
}
