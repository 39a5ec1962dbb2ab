//! Two names, one a line: matching is symmetric, and says the same in each of its forms.
#![no_main]

use countersign_identity::DistinguishedName;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Some((first, second)) = text.split_once('\n') else {
        return;
    };
    let names = (
        first.parse::<DistinguishedName>(),
        second.parse::<DistinguishedName>(),
    );
    let (Ok(first), Ok(second)) = names else {
        return;
    };
    let matches = first.matches(&second);
    assert!(first.matches(&first));
    assert_eq!(second.matches(&first), matches);
    assert_eq!(first.canonical() == second.canonical(), matches);
    assert_eq!(first.differences(&second).is_empty(), matches);
    assert_eq!(second.differences(&first).is_empty(), matches);
    let (first, second) = (first.canonical(), second.canonical());
    assert!(!(first.is_below(&second) && second.is_below(&first)));
});
