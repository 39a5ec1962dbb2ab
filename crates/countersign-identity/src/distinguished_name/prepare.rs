//! Which text do all values share that match (RFC 4518)?

use icu_casemap::CaseMapperBorrowed;
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};

use super::MatchingRule;

/// Prepares a value for comparison: case folded where the rule says so, normalized (NFKC), without
/// insignificant spaces. What is prepared once stays the same when it is prepared again.
///
/// Stricter than RFC 4518 in one thing. Control characters, and others that nobody can see, would be
/// mapped to nothing or to a space, so that `ad\0min` would match `admin`; here they are prohibited,
/// and what holds one is not prepared.
pub(super) fn prepare(text: &str, rule: MatchingRule) -> Option<String> {
    let fold = match rule {
        MatchingRule::CaseIgnore => true,
        MatchingRule::CaseExact => false,
        MatchingRule::Encoding => return None,
    };
    let normal = match text.is_ascii() {
        true if fold => text.to_ascii_lowercase(),
        true => text.to_owned(),
        false => normalize(text, fold)?,
    };
    let visible = !text.chars().chain(normal.chars()).any(is_invisible);
    visible.then(|| squeeze(&normal))
}

/// Whether a character shows nothing, changes what others show, or has no meaning that all share:
/// controls, formats, separators of lines, private use, unassigned.
pub(super) fn is_invisible(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    let strange = GeneralCategoryGroup::Control
        .union(GeneralCategoryGroup::Format)
        .union(GeneralCategoryGroup::LineSeparator)
        .union(GeneralCategoryGroup::ParagraphSeparator)
        .union(GeneralCategoryGroup::PrivateUse)
        .union(GeneralCategoryGroup::Unassigned);
    strange.contains(category(character))
        || matches!(character, '\u{fffc}' | '\u{fffd}')
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

/// Folding can undo what normalizing did, and the other way round, for a few characters; a second
/// round settles them (The Unicode Standard, section 3.13, D146).
fn normalize(text: &str, fold: bool) -> Option<String> {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let mut normal = nfkc.normalize(text).into_owned();
    if !fold {
        return Some(normal);
    }
    for _ in 0..MAX_ROUNDS {
        let folded = CaseMapperBorrowed::new().fold_string(&normal);
        let folded = nfkc.normalize(&folded);
        if folded == normal {
            return Some(normal);
        }
        normal = folded.into_owned();
    }
    None
}

/// RFC 4518, section 2.6.1: spaces at the ends count for nothing, several for one. A space that
/// carries a combining mark is a character like any other.
fn squeeze(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    let mut gap = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let is_space = is_space(character);
        if is_space && !characters.peek().copied().is_some_and(is_mark) {
            gap = true;
            continue;
        }
        if gap && !squeezed.is_empty() {
            squeezed.push(' ');
        }
        gap = false;
        squeezed.push(if is_space { ' ' } else { character });
    }
    squeezed
}

fn is_space(character: char) -> bool {
    character == ' '
        || (!character.is_ascii() && category(character) == GeneralCategory::SpaceSeparator)
}

fn is_mark(character: char) -> bool {
    !character.is_ascii() && GeneralCategoryGroup::Mark.contains(category(character))
}

fn category(character: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(character)
}

const MAX_ROUNDS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn ignoring_case(text: &str) -> Option<String> {
        prepare(text, MatchingRule::CaseIgnore)
    }

    #[test]
    fn case_width_composition_and_spaces_make_no_difference() {
        for (text, prepared) in [
            ("", ""),
            ("   ", ""),
            ("Acme", "acme"),
            ("  Acme \u{a0}  Inc. ", "acme inc."),
            ("Stra\u{df}e", "strasse"),
            ("STRASSE", "strasse"),
            ("\u{c5}ngstr\u{f6}m", "\u{e5}ngstr\u{f6}m"),
            ("A\u{30a}ngstro\u{308}m", "\u{e5}ngstr\u{f6}m"),
            ("\u{212b}", "\u{e5}"),
            ("\u{ff21}\u{ff23}\u{ff2d}\u{ff25}", "acme"),
            ("\u{3a3}\u{3c2}\u{3c3}", "\u{3c3}\u{3c3}\u{3c3}"),
            ("\u{fb01}n", "fin"),
            ("a\u{1680}b", "a b"),
            ("a\u{3000}b", "a b"),
            // A diaeresis is a space that carries a mark; it stays apart from the space before.
            ("a\u{a8}", "a \u{308}"),
            ("a \u{a8}", "a  \u{308}"),
            // Dotless i is another letter.
            ("adm\u{131}n", "adm\u{131}n"),
        ] {
            let once = ignoring_case(text).unwrap();
            assert_eq!(once, prepared, "{text:?}");
            assert_eq!(
                ignoring_case(&once).as_deref(),
                Some(prepared),
                "{text:?} twice"
            );
        }
    }

    #[test]
    fn case_counts_where_the_rule_says_so() {
        let exact = |text| prepare(text, MatchingRule::CaseExact).unwrap();
        assert_eq!(exact("  Acme  Inc. "), "Acme Inc.");
        assert_eq!(exact("\u{ff21}cme \u{c5}"), "Acme \u{c5}");
    }

    #[test]
    fn what_nobody_can_see_is_not_prepared() {
        for text in [
            "ad\0min",
            "a\tb",
            "a\nb",
            "a\u{7f}",
            "a\u{85}b",
            "a\u{ad}b",
            "a\u{200b}b",
            "a\u{200d}b",
            "a\u{202e}b",
            "a\u{2028}b",
            "a\u{feff}",
            "a\u{34f}b",
            "a\u{fe0f}",
            "a\u{e000}",
            "a\u{fffd}",
            "a\u{fffc}",
            "a\u{fdd0}",
            "a\u{378}",
            "\u{115f}",
        ] {
            assert_eq!(ignoring_case(text), None, "{text:?}");
        }
    }
}
